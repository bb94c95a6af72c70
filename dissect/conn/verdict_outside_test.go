package conn

import (
	"strings"
	"testing"
)

// Bytes far outside the window count for nothing, unless their sender goes on
// from them, or they are acknowledged.
func TestOutsideWindow(t *testing.T) {
	const begun = opened3 + "> P. 1:101(100)\n< . 1:1(0) ack 101\n"
	const rest = "< . 1:1(0) ack 101\n> P. 101:201(100) ack 1\n< . 1:1(0) ack 201\n< P. 1:9(8) ack 201\n> . 201:201(0) ack 9\n"
	const wild = "> P. 1073741825:1073741925(100) ack 1"
	for name, tt := range map[string]struct {
		script string
		said   string // in the verdict's meaning; "" is nothing of the matter
		unique uint64
		lost   uint32
	}{
		"at once":                      {begun + wild + "\n" + rest, "A segment in the client's name (6) has number 1,073,741,825, where 101 was due: far outside the server's window, so that its system leaves it out. It is of an older", 200, 0},
		"with another hop limit":       {begun + wild + " ttl 44\n" + rest, "It came with the hop limit (TTL) 44, what the client sent with 64: somebody else has sent it.", 200, 0},
		"after a silence":              {begun + "+60 " + wild + "\n" + rest, "A segment in the client's name (6) has number 1,073,741,825, where 101 was due", 200, 1},
		"of a SYN before":              {begun + "> P. #3500000000:#3500000100(100) ack 1\n" + rest, "A segment in the client's name (6) has number 3,499,999,000, where 101 was due", 200, 0},
		"several":                      {begun + wild + "\n> P. 1773741825:1773741925(100) ack 1\n" + rest, "2 segments in the client's name (the first: 6, with number 1,073,741,825, where 101 was due) lie far outside the server's window, so that its system leaves them out. They are of an older connection with the same ports, or somebody has forged them.", 200, 0},
		"several, from elsewhere":      {begun + wild + " ttl 44\n> P. 1773741825:1773741925(100) ack 1 ttl 44\n" + rest, "leaves them out. The first came with the hop limit (TTL) 44, what the client sent with 64", 200, 0},
		"rewritten, before":            {begun + wild + "\n> P. 101:201(100) ack 1\n> P. 1073741925:1073742025(100) ack 1\n> P. 201:301(100) ack 1\n> P. 1073742025:1073742029(4) ack 1\n> P. 301:305(4) ack 1", "3 segments in the client's name (the first: 6) go on in step with the others, and far outside the server's window: they are the same packets on the other side of a device that rewrites sequence numbers", 304, 0},
		"rewritten, behind":            {begun + "> P. 101:201(100) ack 1\n" + wild + "\n> P. 201:301(100) ack 1\n> P. 1073741925:1073742025(100) ack 1\n> P. 301:305(4) ack 1\n> P. 1073742025:1073742029(4) ack 1", "3 segments in the client's name (the first: 7) go on in step with the others", 304, 0},
		"a FIN":                        {begun + strings.Replace(wild, "P.", "FP.", 1) + "\n" + rest, "A segment in the client's name (6)", 200, 0},
		"its sender goes on there":     {begun + wild + "\n> P. 1073741925:1073742025(100) ack 1\n< . 1:1(0) ack 1073742025", "", 300, 0},
		"acknowledged up to there":     {begun + wild + "\n< . 1:1(0) ack 201\n> P. 201:301(100) ack 1\n< . 1:1(0) ack 301", "A segment in the client's name (6)", 200, 1},
		"it is acknowledged":           {begun + wild + "\n< . 1:1(0) ack 1073741925\n> P. 1073741925:1073742025(100) ack 1", "", 0, 0},
		"a gap in a fast capture":      {begun + "> P. 10000101:10000201(100) ack 1\n< . 1:1(0) ack 10000201\n> P. 10000201:10000301(100) ack 1", "", 0, 1},
		"a long gap, and its ACK":      {begun + "+60 " + wild + "\n< . 1:1(0) ack 1073741925\n> P. 101:201(100) ack 1\n< . 1:1(0) ack 1073741925", "", 0, 1},
		"a connection without opening": {"> P. 1:101(100) ack 1\n< . 1:1(0) ack 101\n" + wild + "\n< . 1:1(0) ack 101", "", 0, 1},
	} {
		ends, _ := follow(t, tt.script)
		c := ends[0]
		said := strings.Contains(c.Verdict.Meaning, "far outside the")
		if said != (tt.said != "") || !strings.Contains(c.Verdict.Meaning, tt.said) {
			t.Errorf("%s: %s: %q\n%q", name, c.Verdict.Outcome, c.Verdict.Text, c.Verdict.Meaning)
		}
		if c.LabelCounts[LostSegment] != tt.lost || tt.unique != 0 && c.Unique[Client] != tt.unique {
			t.Errorf("%s: %d lost-segment, %d bytes of the client", name, c.LabelCounts[LostSegment], c.Unique[Client])
		}
		if tt.unique != 0 && (c.Retransmits[Client] != 0 || c.States != [2]State{StateEstablished, StateEstablished}) {
			t.Errorf("%s: %d sent again, states %v", name, c.Retransmits[Client], c.States)
		}
	}
}

// TestOutsideWindowAndClose: what lies far outside the window changes nothing of
// how a connection is closed.
func TestOutsideWindowAndClose(t *testing.T) {
	const wild = opened3 + "> P. 1:101(100)\n< . 1:1(0) ack 101\n> P. 1073741825:1073741925(100) ack 1\n"
	for name, tt := range map[string]struct{ rest, fin string }{
		"at once":            {"", "> F. 101:101(0) ack 1\n< F. 1:1(0) ack 102\n> . 102:102(0) ack 2"},
		"its sender went on": {"> P. 101:201(100) ack 1\n< . 1:1(0) ack 201\n", "> F. 201:201(0) ack 1\n< F. 1:1(0) ack 202\n> . 202:202(0) ack 2"},
		"after two":          {"> P. 1773741825:1773741925(100) ack 1\n< . 1:1(0) ack 101\n", "> F. 101:101(0) ack 1\n< F. 1:1(0) ack 102\n> . 102:102(0) ack 2"},
		"its ACK wanted it":  {"< . 1:1(0) ack 101\n> P. 101:201(100) ack 1\n< . 1:1(0) ack 201\n", "> F. 201:201(0) ack 1\n< F. 1:1(0) ack 202\n> . 202:202(0) ack 2"},
	} {
		ends, _ := follow(t, wild+tt.rest+tt.fin)
		if c := ends[0]; !strings.Contains(c.Verdict.Text, "three segments") || c.States != [2]State{StateTimeWait, StateClosed} || !strings.Contains(c.Verdict.Meaning, "far outside the") {
			t.Errorf("%s: %v, %q\n%q", name, c.States, c.Verdict.Text, c.Verdict.Meaning)
		}
	}
}
