package render

import (
	"strconv"
	"strings"

	"tcpsee/dissect/conn"
)

// appendMeasured draws what was measured of one connection, a line each, as far
// as there is something.
func appendMeasured(dst []byte, c *conn.Connection, width int, g *glyphs) []byte {
	var lines []string
	m := &c.Measures
	for _, s := range [...]conn.Side{conn.Server, conn.Client} {
		if r := &m.RTT[s]; r.Count > 0 {
			lines = append(lines, "to the "+s.String()+" and back: "+roundTripsText(r, g))
		}
	}
	for _, s := range [...]conn.Side{conn.Client, conn.Server} {
		if line := sentText(c, s, g); line != "" {
			lines = append(lines, "sent by the "+s.String()+": "+line)
		}
	}
	if m.Silence > 0 {
		lines = append(lines, "longest silence: "+silenceText(m, g))
	}
	if text := waitsText(c, g); text != "" {
		lines = append(lines, "waited for: "+text)
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
	if flight := inFlightText(m, s, " in flight"); flight != "" {
		line += "; at most " + flight
	}
	if m.RTO[s] > 0 {
		line += "; sent again after at most " + spanText(m.RTO[s], g)
	}
	return line
}

// roundTripsText sums up round trips, of which there is one at least.
func roundTripsText(r *conn.RoundTrips, g *glyphs) string {
	if r.Min == r.Max {
		return spanText(r.Max, g) + " (" + plural(uint64(r.Count), "ACK") + ")"
	}
	return spanText(r.Min, g) + " to " + spanText(r.Max, g) + ", on average " + spanText(r.Mean, g) + " (" + plural(uint64(r.Count), "ACK") + ")"
}

// inFlightText is the most that an end had in flight, and how much of the
// window; "" for none.
func inFlightText(m *conn.Measures, s conn.Side, what string) string {
	if m.InFlight[s] == 0 {
		return ""
	}
	text := bytesText(uint64(m.InFlight[s])) + what
	if share, ok := m.Window[s].Share(); ok {
		text += ", " + percent(share) + " of the window"
	}
	return text
}

func silenceText(m *conn.Measures, g *glyphs) string {
	text := spanText(m.Silence, g) + ", until frame " + strconv.FormatInt(m.SilenceEnd, 10)
	if m.SilenceFileName != "" {
		text += " in " + safeText(m.SilenceFileName, g)
	}
	if m.SilenceWait != conn.WaitNone {
		text += ": " + m.SilenceWait.What(m.SilenceFor)
	}
	return text
}

// Waits that are told of: the longest ones, of which each is a part of the time
// that a connection took.
const (
	mostWaits = 4
	leastPart = 100 // of them
)

// waitsText lists what a connection waited for; "" where there is one thing at
// most.
func waitsText(c *conn.Connection, g *glyphs) string {
	if c.Segments[conn.Client]+c.Segments[conn.Server] <= 2 {
		return ""
	}
	var parts []string
	all := c.Last.Sub(c.First)
	for _, w := range c.Measures.Longest(nil) {
		if len(parts) == mostWaits || w.Time < all/leastPart {
			break
		}
		parts = append(parts, w.Wait.What(w.For)+" "+spanText(w.Time, g))
	}
	return strings.Join(parts, "; ")
}

// percent writes a share: "43%", "under 1%".
func percent(share float64) string {
	if share > 0 && share < 0.01 {
		return "under 1%"
	}
	return strconv.FormatFloat(100*share, 'f', 0, 64) + "%"
}
