package render

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

var update = flag.Bool("update", false, "write the goldens anew")

var scenes = []struct {
	name string
	make func() *scene
}{
	{"chat", chat}, {"refused", refused}, {"noanswer", noAnswer}, {"unreachable", unreachable}, {"reset", reset}, {"labels", labels},
	{"several", several}, {"ipv6", ipv6}, {"calls", calls}, {"download", download}, {"lookup", lookup},
}

// names as DESIGN.md's drawings have them.
func drawn(o Options, scene string) Options {
	o.Interface = func(*capture.Frame) string { return "lo" }
	o.ProcessName = func(a netip.AddrPort) string {
		switch a.Port() {
		case 3000:
			return "nc[4118]"
		case 37602:
			return "nc[4121]"
		}
		return ""
	}
	if scene == "refused" || scene == "noanswer" || scene == "unreachable" {
		o.Interface = func(*capture.Frame) string { return "eth0" }
		o.ProcessName = func(a netip.AddrPort) string {
			if a.Port() == 41258 {
				return "tcpsee[4203]"
			}
			return ""
		}
	}
	return o
}

func timelineOf(t testing.TB, s *scene, o Options) string {
	return draw(t, s, func(w *bytes.Buffer) Renderer { return NewTimeline(w, o) })
}

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (regenerate with -update, and look at it):\n%s", path, got)
	}
}

func TestTimelineGolden(t *testing.T) {
	for _, s := range scenes {
		for _, w := range []int{60, 80, 100, 120, 150} {
			golden(t, fmt.Sprintf("timeline/%s.%d.txt", s.name, w), timelineOf(t, s.make(), drawn(Options{Width: w}, s.name)))
		}
	}
}

func TestTimelineGoldenOptions(t *testing.T) {
	tests := []struct {
		name  string
		scene func() *scene
		o     Options
	}{
		{"chat.ascii", chat, Options{Width: 80, ASCII: true}},
		{"chat.color", chat, Options{Width: 80, Color: true}},
		{"several.color", several, Options{Width: 100, Color: true}},
		{"chat.hex", chat, Options{Width: 110, Hex: true}},
		{"chat.dump", chat, Options{Width: 80, Dump: DumpPacket}},
		{"chat.absolute", chat, Options{Width: 80, Absolute: true}},
		{"chat.delta", chat, Options{Width: 80, Time: TimeDelta}},
		{"chat.clock", chat, Options{Width: 80, Time: TimeClock}},
		{"chat.nopayload", chat, Options{Width: 80, NoPayload: true}},
		{"several.conn2", several, Options{Width: 80, Conn: 2}},
		{"download.full", download, Options{Width: 80, Full: true}},
	}
	for _, tt := range tests {
		golden(t, "timeline/"+tt.name+".txt", timelineOf(t, tt.scene(), drawn(tt.o, "")))
	}
}

// TestChatIsTheDrawing holds the view to the design's drawing, to the
// character.
func TestChatIsTheDrawing(t *testing.T) {
	const want = `connection 1 on lo, from 2025-11-20 16:39:16.442830 UTC
 7 application  nothing yet                   6 presentation –   5 session –
 4 transport    TCP    port 37602 to port 3000
 3 network      IPv4   127.0.0.1 to 127.0.0.1, ttl 64
 2 data link    Ethernet, no real addresses   1 physical  lo: this machine only
  #   seconds L client nc[4121]                                  server nc[4118]
  1  0.000000 4 SYN-SENT     ── SYN      seq=0 ───────────────────► ?
  2  0.000017 4 ESTABLISHED  ◄─ SYN-ACK  seq=0 ack=1 ────────────── SYN-RECEIVED
  3  0.000032 4 │            ── ACK      ack=1 ───────────────────► ESTABLISHED
                handshake complete in 32 µs; seq=0 is ISS 2823569774|1857223169
                · · ·  1.996 s, no packet: typing stays local, Enter sends
  4  1.995770 7 │            ◄─ DATA 6 B seq=1 ack=1 "Hello\n" ──── │
                on the wire: L2 14 + L3 20 + L4 32 + L7 6 = 72 bytes
  5  1.995811 4 │            ── ACK      ack=7 ───────────────────► │
  6  4.996112 7 │            ── DATA 6 B seq=1 ack=7 "World\n" ───► │
  7  4.996135 4 │            ◄─ ACK      ack=7 ──────────────────── │
  8  6.996770 4 FIN-WAIT-1   ── FIN      seq=7 ack=7 ─────────────► CLOSE-WAIT
  9  6.996954 4 TIME-WAIT    ◄─ FIN      seq=7 ack=8 ────────────── LAST-ACK
 10  6.997012 4 │            ── ACK      ack=8 ───────────────────► CLOSED
closed by the client, three segments (8 9 10): 9 is ACK and FIN in one.
  TIME-WAIT stays at the client for 60 s: ss -tan shows it.
`
	got := timelineOf(t, chat(), drawn(Options{Width: 80}, "chat"))
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := strings.Count(got, "\n"); n > 22 { // two lines of the shell's and the command's come before
		t.Errorf("%d lines do not fit a projector's 24", n)
	}
}

// TestRefusedIsTheDrawing does the same for a refusal at 110 columns, but for
// layer 7, of which nobody knows yet that nothing will be sent.
func TestRefusedIsTheDrawing(t *testing.T) {
	const want = `connection 1 on eth0, from 2025-11-20 16:40:52.568690 UTC
 7 application  nothing yet                     6 presentation  –    5 session  socket calls: rows 5
 4 transport    TCP   port 41258 to port 3000   3 network  IPv4  10.9.0.1 to 10.9.0.2, ttl 64
 2 data link    Ethernet  to 06:26:cb:dc:9e:41  1 physical  eth0
   #    seconds L client tcpsee[4203]                                     server 10.9.0.2    L7+L4+L3+L2=frame
                5 connect()
   1   0.000000 2              ── ARP  who has 10.9.0.2? tell 10.9.0.1 ────►                       28+14=   42
   2   0.000020 2              ◄─ ARP  10.9.0.2 is at 06:26:cb:dc:9e:41 ────                       28+14=   42
   3   0.000023 4 SYN-SENT     ── SYN      seq=0 win=64240 mss=1460 ───────► ?                0+40+20+14=   74
   4   0.000039 4 CLOSED       ◄─ RST      ack=1 win=0 ───────────────────── CLOSED           0+20+20+14=   54
       0.000061 5 ECONNREFUSED connect() fails: Connection refused
refused (4): 10.9.0.2 is up, and answered the SYN with RST after 16 µs.
  It means: no program there listens on port 3000 of that address, or a firewall refuses in its name.
  Try: on 10.9.0.2, ss -ltn: is :3000 there, and not 127.0.0.1:3000 only?
`
	if got := timelineOf(t, refused(), drawn(Options{Width: 110}, "refused")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNoLineIsWiderThanThePicture(t *testing.T) {
	for _, s := range scenes {
		for w := 60; w <= 200; w += 3 {
			for _, o := range []Options{{Width: w}, {Width: w, ASCII: true, Time: TimeClock, Hex: true, Absolute: true, Full: true}, {Width: w, Live: true, Time: TimeDelta}} {
				for i, l := range strings.Split(timelineOf(t, s.make(), drawn(o, s.name)), "\n") {
					if n := textWidth(l); n > w {
						t.Fatalf("%s at %d columns: line %d takes %d: %s", s.name, w, i+1, n, l)
					}
				}
			}
		}
	}
}

// TestKindAndNumbersStay holds that no width hides what a segment is.
func TestKindAndNumbersStay(t *testing.T) {
	for w := 60; w <= 200; w += 7 {
		for _, s := range scenes {
			got := timelineOf(t, s.make(), drawn(Options{Width: w, Full: true}, s.name))
			words := strings.Join(strings.Fields(got), " ")
			for _, e := range s.make().events {
				if e.Type != conn.TypeSegment {
					continue
				}
				want := []string{e.Kind.String()}
				if n := e.Packet.TCP.Len; n > 0 {
					want = append(want, fmt.Sprintf("%s %d B", e.Kind, n), fmt.Sprintf("seq=%d ", e.Seq))
				}
				if e.Packet.TCP.Flags.Has(ack) {
					want = append(want, fmt.Sprintf("ack=%d", e.Ack))
				}
				e.Labels.Each(func(l conn.Label) {
					if l != conn.Refused && l != conn.TimeWait { // the states and the verdict say it
						want = append(want, l.String())
					}
				})
				for _, x := range want {
					if !strings.Contains(words, x) {
						t.Fatalf("%s at %d columns does not say %q of frame %d:\n%s", s.name, w, x, e.Frame, got)
					}
				}
			}
		}
	}
}

func TestOnlyColourSequences(t *testing.T) {
	for _, s := range scenes {
		plain := timelineOf(t, s.make(), drawn(Options{Width: 90}, s.name))
		if strings.ContainsRune(plain, 0x1b) {
			t.Errorf("%s: an escape sequence without Options.Color", s.name)
		}
		coloured := timelineOf(t, s.make(), drawn(Options{Width: 90, Color: true}, s.name))
		if got := stripSGR(t, coloured); got != plain {
			t.Errorf("%s: colour changes the text:\n%s\n%s", s.name, got, plain)
		}
	}
}

// stripSGR takes colour sequences out, and fails on any other.
func stripSGR(t testing.TB, s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, 0x1b)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		end := strings.IndexByte(s, 'm')
		if end < 1 || s[0] != '[' || strings.Trim(s[1:end], "0123456789;") != "" {
			t.Fatalf("not a colour sequence: %q", s[:min(len(s), 20)])
		}
		s = s[end+1:]
	}
}

// TestColoursReadOnDarkAndLight measures contrast as WCAG 2.1 does.
func TestColoursReadOnDarkAndLight(t *testing.T) {
	linear := func(v int) float64 {
		c := float64(v) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	level := func(n int) int { return [...]int{0, 95, 135, 175, 215, 255}[n] }
	for _, s := range []string{sgrGreen, sgrRed, sgrYellow, sgrCyan, sgrViolet, sgrGrey} {
		n, err := strconv.Atoi(strings.TrimSuffix(s[strings.LastIndexByte(s, ';')+1:], "m"))
		if err != nil {
			t.Fatal(err)
		}
		r, g, b := level((n-16)/36%6), level((n-16)/6%6), level((n-16)%6)
		if n >= 232 {
			r = 8 + 10*(n-232)
			g, b = r, r
		}
		l := 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
		if onBlack, onWhite := (l+0.05)/0.05, 1.05/(l+0.05); onBlack < 3 || onWhite < 3 {
			t.Errorf("colour %d: contrast %.1f on black, %.1f on white", n, onBlack, onWhite)
		}
	}
}

// TestViewsAreForgotten holds that memory does not grow with the number of
// connections, ended or not.
func TestViewsAreForgotten(t *testing.T) {
	r := NewTimeline(io.Discard, Options{Width: 80}).(*timeline)
	s := newScene("2025-11-20 16:39:16.442830")
	for i := range 3 * maxViews {
		s.events = s.events[:0]
		l := s.link(int64(i+1), "10.0.0.1:1000", "10.0.0.2:80", 1, 2)
		l.send(at(i), conn.Client, segment{flags: syn, client: conn.StateSynSent})
		if i%2 == 0 {
			l.end(at(i), conn.Connection{})
		}
		for k := range s.events {
			r.Event(&s.events[k])
		}
	}
	if len(r.views) > maxViews || len(r.oldest) > 2*maxViews+1 {
		t.Errorf("%d views, %d in order", len(r.views), len(r.oldest))
	}
}

func TestLiveDrawsEachRowAtOnce(t *testing.T) {
	var w bytes.Buffer
	r := NewTimeline(&w, Options{Width: 80, Live: true})
	s := download()
	rows := 0
	for i := range s.events {
		e := &s.events[i]
		if err := r.Event(e); err != nil {
			t.Fatal(err)
		}
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		if e.Type == conn.TypeSegment {
			rows++
			if got := strings.Count(w.String(), "\n"); got < rows {
				t.Fatalf("%d lines after %d segments", got, rows)
			}
			if !strings.Contains(w.String(), fmt.Sprintf("%3d ", e.Frame)) {
				t.Fatalf("frame %d is not drawn", e.Frame)
			}
		}
	}
}

// TestCardOfAQuestion: where a live picture begins with ARP, the card says what
// that travels in, and no address of its own for what comes.
func TestCardOfAQuestion(t *testing.T) {
	var w bytes.Buffer
	r := NewTimeline(&w, Options{Width: 80, Live: true})
	s := newScene("2025-11-20 16:39:16.442830")
	e := s.link(1, "10.9.0.1:4000", "10.9.0.2:3000", 1).arp(0, "10.9.0.1", "10.9.0.2", false)
	if err := errors.Join(r.Event(e), r.Flush()); err != nil {
		t.Fatal(err)
	}
	if got := w.String(); !strings.Contains(got, " 2 data link    Ethernet  ") || strings.Contains(got, "Ethernet  to") {
		t.Error(got)
	}
}

// TestCallsBeforeThePictureAreNotHeldLive holds that what a driven end does is
// seen although no packet comes.
func TestCallsBeforeThePictureAreNotHeldLive(t *testing.T) {
	var w bytes.Buffer
	r := NewTimeline(&w, Options{Width: 80, Live: true})
	s := calls()
	r.Event(&s.events[0])
	r.Flush()
	if !strings.Contains(w.String(), "listen(1)") {
		t.Errorf("got %q", w.String())
	}
}

// TestCallsBeforeTheFirstFrameHaveNoTime holds that seconds count from the first
// frame, drawn at once or not, and from the first call where no frame comes.
func TestCallsBeforeTheFirstFrameHaveNoTime(t *testing.T) {
	timed := regexp.MustCompile(`^ +\d+\.\d{6} 5 `)
	draw := func(live, frames bool) (before []string, first string) {
		var w bytes.Buffer
		r := NewTimeline(&w, Options{Width: 100, Live: live})
		s := calls()
		for i := range s.events {
			e := &s.events[i]
			if e.Frame == 0 && e.Type == conn.TypeCall && first == "" {
				e.Conn = 0 // as nobody knows yet
			}
			if e.Type == conn.TypeSegment {
				first = "met"
			}
			if !frames && e.Type != conn.TypeCall {
				continue
			}
			r.Event(e)
			if live && frames {
				r.Flush()
			}
		}
		r.Close()
		first = ""
		for _, l := range strings.Split(w.String(), "\n") {
			if strings.HasPrefix(l, "  1 ") {
				return before, l
			}
			if timed.MatchString(l) {
				before = append(before, l)
			}
		}
		return before, ""
	}
	for _, live := range []bool{true, false} {
		before, first := draw(live, true)
		if len(before) > 0 || !strings.HasPrefix(first, "  1  0.000000 ") {
			t.Errorf("live %t: calls with a time %q before %q", live, before, first)
		}
	}
	if before, _ := draw(true, false); len(before) == 0 || !strings.HasPrefix(before[0], "     0.000000 5 ") {
		t.Errorf("without a frame: %q", before)
	}
}

func TestWriteErrors(t *testing.T) {
	want := errors.New("no space left")
	for name, r := range map[string]Renderer{
		"timeline": NewTimeline(failing{want}, Options{}), "ndjson": NewNDJSON(failing{want}, Options{}), "summary": NewSummary(failing{want}, Options{}),
	} {
		s := chat()
		for i := range s.events {
			r.Event(&s.events[i])
		}
		if err := r.Close(); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestSeveralFiles(t *testing.T) {
	s := chat()
	for i := 5; i < 10; i++ {
		s.events[i].File = 1
	}
	got := timelineOf(t, s, Options{Width: 80, Files: []string{"a.pcap", "b\x1b.pcap"}})
	if !strings.Contains(got, "connection 1 in a.pcap") || !strings.Contains(got, "f1 a.pcap, f2 b\\x1b.pcap\n") || !strings.Contains(got, " f2 ") {
		t.Error(got)
	}
}

// TestResizeMovesTheColumns changes the width after each row in turn: what
// follows fits, under heads of its own that come once, and says the states.
func TestResizeMovesTheColumns(t *testing.T) {
	s := chat()
	for _, widths := range [][2]int{{100, 60}, {60, 100}, {80, 160}, {160, 80}} {
		for cut := 1; cut < 10; cut++ {
			var b bytes.Buffer
			r := NewTimeline(&b, drawn(Options{Width: widths[0], Live: true}, ""))
			for i := range s.events[:cut] {
				r.Event(&s.events[i])
			}
			r.Flush()
			before := b.Len()
			r.(Resizer).Resize(widths[1])
			r.(Resizer).Resize(widths[1])
			for i := range s.events[cut:] {
				r.Event(&s.events[cut+i])
			}
			r.Close()
			text := b.String()
			checkTerminal(t, text[:before], widths[0])
			checkTerminal(t, text[before:], widths[1])
			if n := strings.Count(text[before:], "seconds"); n != 1 {
				t.Fatalf("%d heads after the change:\n%s", n, text)
			}
			if heads, row, _ := strings.Cut(text[before:], "\n"); !strings.Contains(heads, "client") && !strings.Contains(row, "client") {
				t.Fatalf("no heads above the row:\n%s", text)
			}
		}
	}
}

// TestNeighbourStillThere: an answer without a link address says what it says,
// and a question that is shortened has the arrow of the rows around it.
func TestNeighbourStillThere(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(1, "[fe80::1]:4000", "[fe80::b85e:f9ff:fefb:3d4]:80", 1, 2)
	for i, reply := range []bool{false, true} {
		e := l.arp(at(i), "fe80::b85e:f9ff:fefb:3d4", "fe80::b85e:f9ff:fefb:3d4", reply)
		e.Neighbour.ARP, e.Neighbour.HasMAC = false, false
	}
	got := timelineOf(t, s, Options{Width: 80})
	for _, want := range []string{
		"─ ND  who has fe80::b85e:f9ff:fefb:3d4? ─", "─ ND  fe80::b85e:f9ff:fefb:3d4 is still there ─",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	s = newScene("2025-11-20 16:39:16.000000")
	l = s.link(1, "[fe80::1]:4000", "[fe80::2]:80", 1, 2)
	l.arp(at(0), "fe80::b85e:f9ff:fefb:3d4", "fe80::2", false).Neighbour.ARP = false
	l.send(at(1), conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 1})
	got = timelineOf(t, s, Options{Width: 80})
	var ends []int
	for line := range strings.Lines(got) {
		if head, _, ok := strings.Cut(line, "►"); ok {
			ends = append(ends, textWidth(head))
		}
	}
	if len(ends) != 2 || ends[0] != ends[1] {
		t.Errorf("arrows end at %v in\n%s", ends, got)
	}
}

// TestFailedCallIsToldWhole: why a call failed is never cut, at whichever end
// it was made.
func TestFailedCallIsToldWhole(t *testing.T) {
	const why = "address already in use: the connection with 127.0.0.1:56594 is in TIME-WAIT for 12 s more"
	for _, side := range []conn.Side{conn.Client, conn.Server} {
		for _, w := range []int{60, 80, 120} {
			s := newScene("2025-11-20 16:39:16.000000")
			l := s.link(1, "127.0.0.1:56594", "127.0.0.1:12345", 1, 2)
			l.call(at(0), conn.Call{Name: "socket", From: side, Result: "3"})
			l.call(at(1), conn.Call{Name: "bind", Phase: conn.PhaseReturn, From: side, Result: "EADDRINUSE", Error: why})
			got := timelineOf(t, s, Options{Width: w})
			if text := strings.ReplaceAll(got, " EADDRINUSE\n", "\n"); !strings.Contains(strings.Join(strings.Fields(text), " "), "bind() fails: "+why) {
				t.Errorf("%s, %d columns:\n%s", side, w, got)
			}
			if w == 80 {
				t.Logf("\n%s", got)
			}
		}
	}
}

// TestServersCallsKeepToTheirSide: a call of the server's that is as long as the
// row does not begin where the client's calls stand.
func TestServersCallsKeepToTheirSide(t *testing.T) {
	request := []byte("GET /index.html HTTP/1.1\r\nHost: localhost:7012\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n")
	for _, w := range []int{60, 80, 120} {
		starts := make(map[conn.Side]int)
		for _, side := range []conn.Side{conn.Client, conn.Server} {
			s := newScene("2025-11-20 16:39:16.000000")
			l := s.link(1, "127.0.0.1:39100", "127.0.0.1:7012", 1, 2)
			l.send(at(0), conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 1})
			l.call(at(1), conn.Call{Name: "recv", Phase: conn.PhaseReturn, From: side, Result: "88", Data: request})
			got := timelineOf(t, s, Options{Width: w})
			head, rest, ok := strings.Cut(got, "recv() returns 88 \"GET /")
			if !ok {
				t.Fatalf("%s, %d columns: no call in\n%s", side, w, got)
			}
			if !strings.Contains(rest, "…") {
				t.Errorf("%s, %d columns: not cut in\n%s", side, w, got)
			}
			starts[side] = textWidth(head[strings.LastIndexByte(head, '\n')+1:])
		}
		if starts[conn.Server] < starts[conn.Client]+len("SYN-SENT") {
			t.Errorf("%d columns: the server's begins in column %d, the client's in %d", w, starts[conn.Server], starts[conn.Client])
		}
	}
}

// TestHeldFramesKeepTheirOrder: two processors may stamp frames a little apart,
// and their numbers go up all the same.
func TestHeldFramesKeepTheirOrder(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(0, "10.9.0.1:4000", "10.9.0.2:80", 1, 2)
	l.arp(at(12e-6), "10.9.0.1", "10.9.0.254", false)
	l.arp(at(0), "10.9.0.254", "10.9.0.1", false)
	l = s.link(1, "10.9.0.1:4000", "10.9.0.2:80", 1, 2)
	l.send(at(1), conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 1})
	got := timelineOf(t, s, Options{Width: 80, Live: true})
	if a, b := strings.Index(got, "10.9.0.254? tell"), strings.Index(got, "tell 10.9.0.254"); a < 0 || b < a {
		t.Errorf("frame 2 stands before frame 1:\n%s", got)
	}
}

// TestNamesThatComeLate: a program that is found late is named below a row with
// all its lines, once.
func TestNamesThatComeLate(t *testing.T) {
	asked := 0
	o := Options{Width: 80, Live: true, ProcessName: func(a netip.AddrPort) string {
		if asked++; a.Port() == 3000 && asked > 8 {
			return "nc[4118]"
		}
		return ""
	}}
	got := timelineOf(t, chat(), o)
	if n := strings.Count(got, "nc[4118]"); n != 1 {
		t.Errorf("named %d times", n)
	}
	size, name := strings.Index(got, "on the wire: "), strings.Index(got, "the server is nc[4118]")
	if size < 0 || name < size {
		t.Errorf("the name stands between a row and its bytes:\n%s", got)
	}
}

// TestSilenceIsCountedWhole: a line that says what is awaited is no packet, and
// what came before the first packet is no silence of the connection.
func TestSilenceIsCountedWhole(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(0, "10.9.0.1:4000", "10.9.0.2:80", 1, 2)
	l.event(at(0), conn.TypeWait).Text = "nothing has arrived"
	l = s.link(1, "10.9.0.1:4000", "10.9.0.2:80", 1, 2)
	l.send(at(2), conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 1})
	l.event(at(5), conn.TypeWait).Text = "1 SYN, no answer yet"
	l.send(at(7), conn.Client, segment{flags: syn, client: conn.StateSynSent, win: 1})
	got := timelineOf(t, s, Options{Width: 80, Live: true})
	if n := strings.Count(got, ", no packet"); n != 1 || !strings.Contains(got, "5.000 s, no packet") {
		t.Errorf("silences:\n%s", got)
	}
}

// TestSendSaysItsBytesOnce: where a send stands in two rows, the bytes stand
// where it begins, those of a recv where it returns.
func TestSendSaysItsBytesOnce(t *testing.T) {
	s := newScene("2025-11-20 16:39:16.000000")
	l := s.link(1, "127.0.0.1:56594", "127.0.0.1:12345", 1, 2)
	for i, c := range []conn.Call{
		{Name: "send", Phase: conn.PhaseEntry, Args: "5 bytes", Data: []byte("Hello")}, {Name: "send", Phase: conn.PhaseReturn, Result: "5", Data: []byte("Hello")},
		{Name: "recv", Phase: conn.PhaseEntry, Args: "up to 10 bytes"}, {Name: "recv", Phase: conn.PhaseReturn, Result: "5", Data: []byte("World")},
	} {
		l.call(at(i), c)
	}
	for name, draw := range map[string]string{"timeline": timelineOf(t, s, Options{Width: 100}), "plain": draw(t, s, func(w *bytes.Buffer) Renderer { return NewPlain(w, Options{Width: 100}) })} {
		if strings.Count(draw, "Hello") != 1 || strings.Count(draw, "World") != 1 {
			t.Errorf("%s:\n%s", name, draw)
		}
	}
}

// TestSilenceNamesItsConnection: among several, what is awaited is one's own.
func TestSilenceNamesItsConnection(t *testing.T) {
	s := several()
	l := s.link(2, "10.9.0.1:4000", "10.9.0.2:80", 1, 2)
	l.event(at(90), conn.TypeWait).Text = "3 SYNs, no answer yet"
	if got := timelineOf(t, s, Options{Width: 80, Live: true}); !strings.Contains(got, "c2  · · ·  3 SYNs, no answer yet") {
		t.Errorf("whose silence?\n%s", got)
	}
}
