package render

import (
	"strconv"
	"strings"

	"tcpsee/dissect/conn"
)

// measuredRow is a row of what was measured of a connection: of both together,
// or of each end.
type measuredRow struct {
	name, meaning string
	both          string
	ends          [2]string // by Side, where both is ""
}

// measuredRows are what a page tells of a connection's measures, as far as
// there is something.
func measuredRows(c *conn.Connection, g *glyphs) []measuredRow {
	m := &c.Measures
	rows := []measuredRow{
		{name: "Sent", meaning: "bytes of the program, each counted once; and segments, with and without them",
			ends: eachEnd(func(s conn.Side) string {
				if c.Segments[s] == 0 {
					return ""
				}
				return bytesText(c.Unique[s]) + ", " + plural(c.Segments[s], "segment")
			})},
		{name: "Sent again", meaning: "because it was lost, or seemed to be", ends: eachEnd(func(s conn.Side) string { return againText(c, s) })},
		{name: "Speed", meaning: "those bytes divided by the time the connection took (goodput)",
			ends: eachEnd(func(s conn.Side) string {
				speed, ok := c.Goodput(s)
				if !ok {
					return ""
				}
				return bytesText(uint64(speed)) + "/s"
			})},
		{name: "Took to acknowledge", meaning: "from the place of the capture to this end and back (round trip): the way, and how long it held the ACK back",
			ends: eachEnd(func(s conn.Side) string {
				if m.RTT[s].Count == 0 {
					return ""
				}
				return roundTripsText(&m.RTT[s], g)
			})},
		{name: "Waited, then sent again", meaning: "no ACK had come in that time (retransmission time-out)",
			ends: eachEnd(func(s conn.Side) string {
				if m.RTO[s] <= 0 {
					return ""
				}
				return "at most " + spanText(m.RTO[s], g)
			})},
		{name: "On the way at once", meaning: "at most: sent and not acknowledged yet (in flight); the window is what the other end has room for",
			ends: eachEnd(func(s conn.Side) string { return inFlightText(m, s, "") })},
		{name: "Handshake", meaning: "the SYN, the SYN-ACK and the ACK that completes it, seen at the place of the capture", both: handshakeText(c, g)},
		{name: "Longest silence", meaning: "between two segments: the programs, or their users, had nothing to say, or something was lost", both: longestSilence(m, g)},
		{name: "Waited for", meaning: "what the times between segments were spent on, all in all: an answer is the way and the program, an ACK the way alone", both: waitsText(c, g)},
		{name: "Captured", meaning: "which parts of a connection were seen, and the number that Wireshark has for it (completeness)", both: capturedText(c)},
	}
	kept := rows[:0]
	for _, r := range rows {
		if r.both != "" || r.ends != [2]string{} {
			kept = append(kept, r)
		}
	}
	return kept
}

func eachEnd(f func(conn.Side) string) [2]string {
	return [2]string{f(conn.Client), f(conn.Server)}
}

func againText(c *conn.Connection, s conn.Side) string {
	if c.Retransmits[s] == 0 {
		return ""
	}
	if n := c.Bytes[s] - c.Unique[s]; n > 0 {
		return bytesText(n) + ", " + plural(c.Retransmits[s], "segment")
	}
	return plural(c.Retransmits[s], "segment")
}

func handshakeText(c *conn.Connection, g *glyphs) string {
	if c.IRTT <= 0 {
		return ""
	}
	text := spanText(c.IRTT, g)
	if out, back := c.HalfRTT[0], c.HalfRTT[1]; out > 0 && back > 0 {
		text += ": " + spanText(out, g) + " to the server and back, " + spanText(back, g) + " to the client and back"
	}
	return text
}

func longestSilence(m *conn.Measures, g *glyphs) string {
	if m.Silence <= 0 {
		return ""
	}
	return silenceText(m, g)
}

func capturedText(c *conn.Connection) string {
	names := c.Captured()
	if len(names) == 0 {
		return ""
	}
	return strings.Join(names, ", ") + " (" + strconv.Itoa(int(c.Completeness)) + ")"
}

// measured writes a connection's measures as arrays: name, meaning, and what is
// said of both together or of the client and of the server.
func (d *pageData) measured(c *conn.Connection) {
	d.b = append(d.b, `,"measured":[`...)
	for i, r := range measuredRows(c, d.g) {
		if i > 0 {
			d.b = append(d.b, ',')
		}
		row := []string{r.name, r.meaning, r.both}
		if r.both == "" {
			row = []string{r.name, r.meaning, r.ends[0], r.ends[1]}
		}
		d.b = append(d.b, '[')
		for j, s := range row {
			if j > 0 {
				d.b = append(d.b, ',')
			}
			d.b = strconv.AppendInt(d.b, int64(d.text(safeText(s, d.g))), 10)
		}
		d.b = append(d.b, ']')
	}
	d.b = append(d.b, ']')
}

// measured writes the same for those without script, and on paper.
func (p *page) measured(r *conn.Record) {
	if r.End == nil {
		return
	}
	p.put(`<div class="wide" tabindex="0" role="region" aria-label="Connection %d, measured"><table class="measured"><caption>Measured, at the place of the capture</caption>`, r.Number)
	p.put("<thead><tr><td><th scope=col>client<th scope=col>server</tr></thead><tbody>")
	for _, m := range measuredRows(r.End, &p.g) {
		p.put(`<tr><th scope=row>%s<p>%s</p></th>`, svgText(m.name), svgText(m.meaning))
		if m.both != "" {
			p.put("<td colspan=2>%s</tr>", svgText(m.both))
			continue
		}
		p.put("<td>%s<td>%s</tr>", svgText(orDash(m.ends[0])), svgText(orDash(m.ends[1])))
	}
	p.put("</tbody></table></div>")
}

// orDash marks a cell in which there is nothing.
func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
