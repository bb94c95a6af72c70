package render

import (
	"strconv"

	"tcpsee/dissect/conn"
)

// appendMeasured draws what was measured of one connection, a line each, as far
// as there is something.
func appendMeasured(dst []byte, c *conn.Connection, width int, g *glyphs) []byte {
	var lines []string
	m := &c.Measures
	for _, s := range [...]conn.Side{conn.Server, conn.Client} {
		if r := &m.RTT[s]; r.Count > 0 {
			lines = append(lines, "to the "+s.String()+" and back: "+spanText(r.Min, g)+" to "+spanText(r.Max, g)+", on average "+
				spanText(r.Mean, g)+" ("+plural(uint64(r.Count), "ACK")+")")
		}
	}
	for _, s := range [...]conn.Side{conn.Client, conn.Server} {
		if line := sentText(c, s, g); line != "" {
			lines = append(lines, "sent by the "+s.String()+": "+line)
		}
	}
	if m.Silence > 0 {
		lines = append(lines, "longest silence: "+spanText(m.Silence, g)+", until frame "+strconv.FormatInt(m.SilenceEnd, 10))
	}
	if len(lines) == 0 {
		return dst
	}
	dst = append(dst, "measured here, at the place of the capture:\n"...)
	for _, line := range lines {
		for _, l := range wrapText("  "+line, width, 2) {
			dst = append(append(dst, l...), '\n')
		}
	}
	return dst
}

// sentText is what one end sent: how fast, how much of it at a time, how long
// it waited before it sent again.
func sentText(c *conn.Connection, s conn.Side, g *glyphs) string {
	m := &c.Measures
	speed, ok := c.Goodput(s)
	if !ok {
		return ""
	}
	line := bytesText(c.Unique[s]) + " in all, " + bytesText(uint64(speed)) + "/s"
	if n := m.InFlight[s]; n > 0 {
		line += "; at most " + bytesText(uint64(n)) + " in flight"
	}
	if share, ok := m.Window[s].Share(); ok {
		line += ", " + percent(share) + " of the window"
	}
	if m.RTO[s] > 0 {
		line += "; sent again after at most " + spanText(m.RTO[s], g)
	}
	return line
}

// percent writes a share: "43%", "under 1%".
func percent(share float64) string {
	if share > 0 && share < 0.01 {
		return "under 1%"
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + "%"
}
