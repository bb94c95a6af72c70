package render

import (
	"strings"

	"tcpsee/dissect/conn"
)

// maxFindings is how many findings of a capture are written out.
const maxFindings = 10

// captureNotes says what a capture held that is not drawn, one note a line;
// nothing where all is drawn. The lines are safe for a terminal.
func captureNotes(c *conn.Capture, g *glyphs) []string {
	var lines, parts []string
	if c.Anonymized != "" {
		lines = append(lines, safeText(c.Anonymized, g))
	}
	if c.NotTCP > 0 {
		parts = append(parts, plural(uint64(c.NotTCP), "frame")+" without TCP")
	}
	for _, why := range sortedKeys(c.Unfollowed) {
		if n := c.Unfollowed[why]; n > 0 {
			parts = append(parts, count(uint64(n))+" "+times(n)+" "+safeText(why, g))
		}
	}
	if len(parts) > 0 {
		lines = append(lines, "Not drawn: "+strings.Join(parts, "; ")+".")
	}
	for _, why := range sortedKeys(c.LeftOut) {
		if n := c.LeftOut[why]; n > 0 {
			lines = append(lines, "Left out: "+plural(uint64(n), "frame")+" "+safeText(why, g)+".")
		}
	}
	if c.Dropped > 0 {
		lines = append(lines, "Lost before they could be read: "+plural(c.Dropped, "packet")+". Rows may be missing.")
	}
	if c.Evicted > 0 {
		lines = append(lines, "Written out early, for there were too many at once: "+plural(uint64(c.Evicted), "connection")+". --max-connections allows more.")
	}
	if c.AppRefused > 0 {
		lines = append(lines, "Layer 7 not put together "+plural(uint64(c.AppRefused), "time")+", for too much waited for missing segments. --layer7-memory allows more.")
	}
	if c.Forgotten > 0 {
		lines = append(lines, "Round trips not measured of "+plural(uint64(c.Forgotten), "segment")+": too many were not acknowledged.")
	}
	for i, s := range c.Findings {
		if i == maxFindings {
			lines = append(lines, "  "+count(uint64(len(c.Findings)-i))+" more findings.")
			break
		}
		if strings.HasPrefix(c.Fault, s) {
			continue // the line below says it
		}
		lines = append(lines, "Passed over: "+safeText(s, g)+".")
	}
	if c.Fault != "" {
		lines = append(lines, "The capture could not be read whole: "+safeText(c.Fault, g)+".")
	}
	if c.Frames == 0 && len(lines) == 0 {
		lines = append(lines, "No packets, nothing to draw.")
	}
	return lines
}

// openAlready is what is said of a connection whose SYN was not captured.
const openAlready = "open before the capture began: seq and ack count from here"

// lostBefore says how many packets the capture lost just before that of e;
// nothing where it lost none.
func lostBefore(e *conn.Event) string {
	if e.Packet == nil || e.Packet.Frame == nil || e.Packet.Frame.Dropped == 0 {
		return ""
	}
	n, were := e.Packet.Frame.Dropped, "they were sent, and the system had no room to capture them"
	if n == 1 {
		were = "it was sent, and the system had no room to capture it"
	}
	return plural(n, "packet") + " lost here: " + were
}

func times(n int64) string {
	if n == 1 {
		return "frame:"
	}
	return "frames:"
}
