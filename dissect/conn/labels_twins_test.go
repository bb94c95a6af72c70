package conn

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// sight is a frame as one of two places captured it.
type sight struct {
	frame capture.Frame
	hops  uint8 // that it has passed
	far   bool  // behind the path, seen from its sender
}

// bothEnds returns what is captured at both ends of a path: each frame where it
// is sent, at the script's time, and so much later at the other end. What mark
// changes is what tells the client's end (0) from the server's (1). Frames with
// a number in lost stay on the way. The clock of the server's end is ahead by
// skew.
func bothEnds(t *testing.T, script string, way, skew time.Duration, lost []int, mark func(s *sight, place int)) []sight {
	t.Helper()
	var all []sight
	var d dissect.Decoder
	var p dissect.Packet
	for i, f := range segtest.MustFrames(t, script) {
		d.Decode(&f, &p)
		from := 0
		if p.TCP.SrcPort < p.TCP.DstPort {
			from = 1
		}
		for place := range 2 {
			s := sight{frame: f, far: place != from}
			if s.far {
				s.frame.Time += capture.Stamp(way)
			}
			if place == 1 {
				s.frame.Time += capture.Stamp(skew)
			}
			if s.far && slices.Contains(lost, i+1) {
				continue
			}
			mark(&s, place)
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b sight) int { return int(a.frame.Time.Sub(b.frame.Time)) })
	numbers := map[int]int64{}
	for i := range all {
		f := &all[i].frame
		numbers[f.File]++
		f.Number = numbers[f.File]
	}
	return all
}

// The ways in which two places differ.
func hopsDiffer(s *sight, _ int) {
	if s.far {
		s.hops = 3
	}
}
func filesDiffer(s *sight, place int)      { s.frame.File = place }
func interfacesDiffer(s *sight, place int) { s.frame.Interface = place }
func directionsDiffer(s *sight, _ int) {
	s.frame.Direction = capture.DirectionOut
	if s.far {
		s.frame.Direction = capture.DirectionIn
	}
}
func nothingDiffers(*sight, int) {}

// events gives all events of what was captured, with their packets' own copy.
func eventsOf(t *testing.T, all []sight, o Options) []Event {
	t.Helper()
	tracker := New(o)
	var d dissect.Decoder
	var p dissect.Packet
	var events []Event
	for i := range all {
		d.Decode(&all[i].frame, &p)
		p.IP.HopLimit -= all[i].hops
		for _, e := range tracker.Add(&p) {
			if e.Type == TypeSegment {
				events = append(events, e)
			}
		}
	}
	for e := range tracker.Left() {
		c := *e.Connection
		x := *e
		x.Connection = &c
		events = append(events, x)
	}
	return events
}

// An exchange over 15 ms each way, at the times of the senders. The seventh
// frame is lost on the way, and sent again as the eighth.
const overPath = `
	0.0000 > S 0:0(0)
	0.0151 < S. 0:0(0) ack 1
	0.0302 > . ack 1
	0.0303 > P. 1:72(71)
	0.0458 < P. 1:541(540)
	0.0609 > . 72 ack 541
	0.0610 > P. 72:172(100) ack 541
	0.3609 > P. 72:172(100) ack 541
	0.3760 < . 541 ack 172
	0.3911 > F. 172:172(0) ack 541
	0.4062 < F. 541:541(0) ack 173
	0.4213 > . 173 ack 542`

// withStamps gives each line a timestamp, of a clock with a tick of 1 ms.
func withStamps(script string) string {
	var out strings.Builder
	for _, l := range lines(script) {
		at, _, _ := strings.Cut(l, " ")
		s, err := strconv.ParseFloat(at, 64)
		if err == nil {
			l += " <nop,nop,TS val " + strconv.Itoa(int(s*1000)) + " ecr 1>"
		}
		out.WriteString(l + "\n")
	}
	return out.String()
}

func TestBothEndsOfAPath(t *testing.T) {
	const v6 = "conn [fd00::1]:40000 [fd00::2]:80\n"
	noID := strings.ReplaceAll(overPath+"\n", "\n", " id 0\n")[len(" id 0"):]
	tests := []struct {
		name, script string
		mark         func(*sight, int)
	}{
		{"hop limits", overPath, hopsDiffer},
		{"files", overPath, filesDiffer},
		{"interfaces", overPath, interfacesDiffer},
		{"directions", overPath, directionsDiffer},
		{"identifications alone", overPath, nothingDiffers},
		{"files, no identification", noID, filesDiffer},
		{"hop limits, no identification", noID, hopsDiffer},
		{"files, IPv6", v6 + overPath, filesDiffer},
		{"hop limits, IPv6", v6 + overPath, hopsDiffer},
		{"directions, IPv6", v6 + overPath, directionsDiffer},
		{"hop limits, IPv6 with timestamps", v6 + withStamps(overPath), hopsDiffer},
	}
	for _, tt := range tests {
		for _, skew := range []time.Duration{0, 4 * time.Millisecond, -7 * time.Millisecond} {
			t.Run(tt.name+" "+skew.String(), func(t *testing.T) {
				all := bothEnds(t, tt.script, 15*time.Millisecond, skew, []int{7}, tt.mark)
				events := eventsOf(t, all, Options{Measures: true})
				again := 0
				for i, s := range all {
					labels := events[i].Labels
					if labels.Has(DuplicateCapture) != s.far {
						t.Errorf("frame %d of file %d (%v): labels %b, a copy: %v", s.frame.Number, s.frame.File, events[i].Kind, labels, s.far)
					}
					if labels.Has(Retransmission) {
						again++
					}
					if labels&^(1<<DuplicateCapture|1<<Retransmission|1<<TimeWait) != 0 {
						t.Errorf("frame %d of file %d: labels %b", s.frame.Number, s.frame.File, labels)
					}
				}
				c := events[len(all)].Connection
				if again != 1 || c.Retransmits != [2]uint64{Client: 1} {
					t.Errorf("%d retransmissions, counted %v; want 1 of the client", again, c.Retransmits)
				}
				if want := 30200 * time.Microsecond; c.IRTT != want {
					t.Errorf("the handshake took %v, want %v", c.IRTT, want)
				}
				if tt.name == "identifications alone" && skew != 0 {
					return // nothing tells the places apart
				}
				if want := [2]time.Duration{30100 * time.Microsecond, 100 * time.Microsecond}; c.HalfRTT != want {
					t.Errorf("SYN-ACK and ACK took %v, want %v: the client's place", c.HalfRTT, want)
				}
				for side, r := range c.Measures.RTT {
					if r.Count != 3 || r.Min != 30100*time.Microsecond || r.Max > 30500*time.Microsecond {
						t.Errorf("round trips to the %v: %+v; want 3 of 30.1 to 30.5 ms", Side(side), r)
					}
				}
			})
		}
	}
}

// What one place captured again is not the same packet: neither with another
// identification, nor without any.
func TestSentTwiceIsNoCopy(t *testing.T) {
	const open = "> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n"
	for _, script := range []string{
		open + "> P. 1:11(10) id 7\n+.02 > P. 1:11(10) id 8",
		open + "> P. 1:11(10) id 7\n+.02 > P. 1:11(10) id 8 ttl 60",
		open + "> P. 1:11(10) id 7\n+.3 > P. 1:11(10) id 7", // by hardware, say
		open + "> P. 1:11(10) id 0\n+.02 > P. 1:11(10) id 0",
		open + "> P. 1:11(10) id 0\n+.2 > P. 1:11(10) id 0 ttl 60",
		open + "> P. 1:11(10) id 7\n+1.1 > P. 1:11(10) id 7 ttl 60",
		"> S 0:0(0) id 0\n+.5 > S 0:0(0) id 0",
		"> S 0:0(0) id 7\n+1 > S 0:0(0) id 8",
	} {
		rows := rowsOf(t, segtest.Options{}, script)
		if last := rows[len(rows)-1]; !strings.HasSuffix(last, " retransmission") {
			t.Errorf("%q of\n%s\nwant a retransmission", last, script)
		}
	}
}

// Between a packet and its copy there may be as many as fit on the path.
func TestBothEndsOfALongFatPath(t *testing.T) {
	var script strings.Builder
	script.WriteString("0 > S 0:0(0)\n0.05 < S. 0:0(0) ack 1\n0.1 > . ack 1\n")
	const segments = 5000 // 10 µs apart: as many as 50 ms hold
	for i := range segments {
		script.WriteString(strconv.FormatFloat(0.1001+float64(i)/1e5, 'f', 5, 64) + " > P. " + strconv.Itoa(1+100*i) + "(100) ack 1 id " + strconv.Itoa(1000+i) + "\n")
	}
	for name, mark := range map[string]func(*sight, int){"hop limits": hopsDiffer, "files": filesDiffer} {
		all := bothEnds(t, script.String(), 50*time.Millisecond, 0, nil, mark)
		events := eventsOf(t, all, Options{})
		wrong := 0
		for i, s := range all {
			if events[i].Labels.Has(DuplicateCapture) != s.far || events[i].Labels&^(1<<DuplicateCapture) != 0 {
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("%s: %d of %d labels are wrong", name, wrong, len(all))
		}
	}
}

func TestPointOfCookedHeaders(t *testing.T) {
	sll, sll2 := make([]byte, 16), make([]byte, 20)
	for kind, want := range []capture.Direction{capture.DirectionIn, capture.DirectionIn, capture.DirectionIn,
		capture.DirectionUnknown, capture.DirectionOut, capture.DirectionUnknown} {
		sll[1], sll2[10] = byte(kind), byte(kind)
		for _, f := range []capture.Frame{{Link: capture.LinkSLL, Data: sll}, {Link: capture.LinkSLL2, Data: sll2}} {
			if got := directionOf(&f); got != want {
				t.Errorf("packet type %d, link type %v: %v, want %v", kind, f.Link, got, want)
			}
		}
	}
	for _, f := range []capture.Frame{{Link: capture.LinkSLL}, {Link: capture.LinkSLL2, Data: sll[:10]}, {Link: capture.LinkEthernet, Data: sll}} {
		if got := directionOf(&f); got != capture.DirectionUnknown {
			t.Errorf("link type %v: %v", f.Link, got)
		}
	}
}

// Equal packets that a program sends again and again are not captured twice; those
// that come in a burst, as in a loop of switches, are.
func TestEqualPackets(t *testing.T) {
	for step, want := range map[string]string{".001": "retransmission", ".00001": "duplicate-capture"} {
		script := "0 > S 0:0(0) id 1" + strings.Repeat("\n+"+step+" > S 0:0(0) id 1", 20)
		rows := rowsOf(t, segtest.Options{}, script)
		for i, r := range rows[1:] {
			l := want
			if i < twinCopies {
				l = "duplicate-capture" // nobody can tell yet
			}
			if r != "client SYN SYN-SENT ? "+l {
				t.Errorf("%s s apart, SYN %d: %q, want %s", step, i+2, r, l)
			}
		}
	}
}
