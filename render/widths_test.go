package render

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// terminalWidths are those that people have.
var terminalWidths = []int{60, 80, 100, 120, 200}

// everyView makes each view, with the options that add most to it.
func everyView(w io.Writer, name string, o Options) Renderer {
	switch name {
	case "verbose":
		o.Verbose, o.Full = true, true
	case "hex":
		o.Hex = true
	case "dump":
		o.Dump = DumpFrame
	case "absolute":
		o.Absolute, o.Time = true, TimeClock
	case "live":
		o.Live = true
	case "ladder":
		return NewLadder(w, o)
	case "stack":
		return &atMost{NewStack(w, o), 30}
	case "summary":
		return NewSummary(w, o)
	case "sorted":
		o.Sort = "-bytes"
		return NewSummary(w, o)
	case "graph":
		return NewGraph(w, o)
	case "plain":
		return NewPlain(w, o)
	}
	return NewTimeline(w, o)
}

var everyViewName = []string{"timeline", "verbose", "hex", "dump", "absolute", "live", "ladder", "stack", "summary", "sorted", "graph", "plain"}

// withoutDots replaces the graph's own characters of eight dots, which no
// payload can bring.
func withoutDots(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x2800 && r <= 0x28ff {
			return 'x'
		}
		return r
	}, s)
}

// TestEveryViewFitsEveryTerminal draws each recorded lesson in each view at
// the widths that terminals have, with and without ASCII.
func TestEveryViewFitsEveryTerminal(t *testing.T) {
	names, _ := filepath.Glob("../testdata/*.pcap")
	if len(names) == 0 {
		t.Fatal("no captures in ../testdata")
	}
	for i, name := range names {
		for _, w := range terminalWidths {
			if testing.Short() && (i+w)%3 != 0 {
				continue
			}
			o := Options{Width: w, ASCII: (i+w/20)%2 == 0, Files: []string{filepath.Base(name)}}
			bufs, rs := make([]bytes.Buffer, len(everyViewName)), make([]Renderer, len(everyViewName))
			for k, view := range everyViewName {
				rs[k] = everyView(&bufs[k], view, o)
			}
			recorded(t, name, rs...)
			for k := range bufs {
				text := withoutDots(bufs[k].String())
				checkTerminal(t, text, w)
				if o.ASCII && strings.ContainsFunc(text, func(r rune) bool { return r >= 0x7f }) {
					t.Errorf("%s of %s is not ASCII", everyViewName[k], name)
				}
			}
		}
	}
}

// rowReader follows a capture beside a timeline and holds that each row says
// what its segment is.
type rowReader struct {
	t     *testing.T
	what  string
	lay   layout
	g     glyphs
	rows  map[string]string // by the frame's number
	shown int
}

// readRows finds the rows of segments in a timeline without colour.
func readRows(text string, lay layout) map[string]string {
	rows := make(map[string]string)
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\n")
		r := []rune(l)
		if len(r) <= lay.arrow {
			continue
		}
		if n := strings.TrimSpace(string(r[:lay.number])); n != "" && strings.Trim(n, "0123456789") == "" && r[lay.number] == ' ' {
			rows[n] = l
		}
	}
	return rows
}

func (r *rowReader) Event(e *conn.Event) error {
	if e.Type != conn.TypeSegment {
		return nil
	}
	row, ok := r.rows[fmt.Sprint(e.Frame)]
	if !ok {
		r.t.Errorf("%s: frame %d has no row", r.what, e.Frame)
		return nil
	}
	r.shown++
	cells := []rune(row)
	cells = append(cells, []rune(strings.Repeat(" ", max(0, r.lay.width-len(cells))))...)
	arrow := string(cells[r.lay.arrow : r.lay.server-1])
	if strings.HasPrefix(arrow, "c") || strings.HasPrefix(arrow, " ") { // where there are several, the connection's number
		arrow = string(cells[r.lay.arrow+r.lay.tag : r.lay.server-1])
	}
	head, tail := r.g.dash+r.g.dash+" ", r.g.right
	if e.From == conn.Server {
		head, tail = r.g.left+r.g.dash+" ", r.g.dash
	}
	if !strings.HasPrefix(arrow, head) || !strings.HasSuffix(arrow, tail) {
		r.t.Errorf("%s: the arrow of frame %d is cut: %q", r.what, e.Frame, row)
	}
	if !strings.Contains(arrow, " "+e.Kind.String()+" ") {
		r.t.Errorf("%s: frame %d does not say %s: %q", r.what, e.Frame, e.Kind, row)
	}
	for side, at := range map[conn.Side]int{conn.Client: r.lay.client, conn.Server: r.lay.server} {
		cell := strings.TrimSpace(string(cells[at : at+r.lay.state]))
		switch now := r.lay.stateName(e.States[side]); {
		case cell == now:
		case cell == r.g.bar && e.States[side] == e.Before[side]:
		default:
			r.t.Errorf("%s: the %s of frame %d is %s, and %q stands there: %q", r.what, side, e.Frame, now, cell, row)
		}
	}
	return nil
}

func (*rowReader) Flush() error { return nil }
func (*rowReader) Close() error { return nil }

// TestRowsAreWhole holds of each segment of the recorded lessons, at each
// width: one row, its arrow whole, its kind on it, and both ends' states beside
// it.
func TestRowsAreWhole(t *testing.T) {
	names, _ := filepath.Glob("../testdata/*.pcap")
	for _, name := range names {
		for _, w := range terminalWidths {
			o := Options{Width: w, Full: true, ASCII: w == 120}
			var b bytes.Buffer
			recorded(t, name, NewTimeline(&b, o))
			lay := newLayout(&o)
			r := &rowReader{t: t, what: fmt.Sprintf("%s at %d", filepath.Base(name), w), lay: lay, g: newGlyphs(o.ASCII), rows: readRows(b.String(), lay)}
			recorded(t, name, r)
			if r.shown == 0 && !strings.Contains(name, "neighbour") {
				t.Errorf("%s: no rows", r.what)
			}
		}
	}
}

// TestHostileEverywhere puts what wants to be more than text into payloads,
// texts and the names of files, interfaces, hosts and programs, and draws it in
// each view.
func TestHostileEverywhere(t *testing.T) {
	for i, p := range hostilePayloads() {
		w := terminalWidths[i%len(terminalWidths)]
		s, o := hostileScene(p, w)
		name := p[:min(len(p), 300)]
		o.ASCII = i%3 == 0
		o.ProcessName = func(netip.AddrPort) string { return name }
		o.AddressName = func(netip.Addr) string { return name }
		o.Interface = func(*capture.Frame) string { return name }
		for k, view := range everyViewName {
			if (i+k)%3 != 0 { // a third for each payload is enough, and takes less time
				continue
			}
			var b bytes.Buffer
			r := everyView(&b, view, o)
			for k := range s.events {
				if err := r.Event(&s.events[k]); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			text := withoutDots(b.String())
			checkTerminal(t, text, w)
			if o.ASCII && strings.ContainsFunc(text, func(r rune) bool { return r >= 0x7f }) {
				t.Errorf("%s of %q is not ASCII", view, name[:min(len(name), 20)])
			}
		}
	}
}
