package render

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// TestEveryByteOfCaptures holds that each byte of each packet of TCP, or about
// TCP, belongs to a field with a name of its own, once.
func TestEveryByteOfCaptures(t *testing.T) {
	packets, named := 0, 0
	for _, name := range captures(t) {
		n := 0
		recorded(t, name, eachPacket(func(p *dissect.Packet) {
			if n++; n > 200 {
				return
			}
			packets++
			layers := p.Fields()
			for _, joined := range []bool{false, true} {
				data := p.Frame.Data
				if joined {
					data = p.Joined
				}
				at := 0
				for _, s := range spansOf(partsOf(p, layers, len(data), joined), layers, joined) {
					if s.from != at || s.to <= s.from || s.name == "" || s.name == "other bytes" {
						t.Fatalf("%s: frame %d: %d of %d bytes: %+v", filepath.Base(name), p.Frame.Number, at, len(data), s)
					}
					at = s.to
				}
				if at != len(data) {
					t.Fatalf("%s: frame %d: %d of %d bytes named", filepath.Base(name), p.Frame.Number, at, len(data))
				}
				named += at
			}
		}))
	}
	t.Logf("%d bytes of %d packets, each in a field", named, packets)
}

// TestDiagramsAgreeWithBytes holds that in each header that is drawn as bits
// the fields follow each other without gap from the first bit to the last, and
// that each number is the one that its bits make.
func TestDiagramsAgreeWithBytes(t *testing.T) {
	diagrams, cells := 0, 0
	for _, name := range captures(t) {
		n := 0
		recorded(t, name, eachPacket(func(p *dissect.Packet) {
			if n++; n > 200 {
				return
			}
			layers := p.Fields()
			for i := range layers {
				l := &layers[i]
				d := diagramOf(p, l)
				if len(d) == 0 {
					continue
				}
				diagrams++
				data, end := layerBytes(p, l), 0
				for _, c := range d {
					if c.bit != end {
						t.Fatalf("%s: frame %d: %s: %v at bit %d, after %d", filepath.Base(name), p.Frame.Number, l.Name, c.names, c.bit, end)
					}
					end += c.bits
					cells++
					if v := bitsOf(data, c.bit, c.bits); c.bits <= 64 && !says(&c, v) {
						t.Fatalf("%s: frame %d: %s: %v is %v, its bits are %d", filepath.Base(name), p.Frame.Number, l.Name, c.names, c.values, v)
					}
				}
				if end != l.Length*8 {
					t.Fatalf("%s: frame %d: %s ends at bit %d of %d", filepath.Base(name), p.Frame.Number, l.Name, end, l.Length*8)
				}
			}
		}))
	}
	t.Logf("%d fields of %d diagrams", cells, diagrams)
}

// says reports whether a cell shows a number, in decimal or hexadecimal; true
// where it shows no number.
func says(c *bitCell, v uint64) bool {
	if len(c.values) == 0 {
		return true
	}
	text := c.values[len(c.values)-1]
	if raw, err := strconv.ParseUint(text, 16, 64); err == nil && len(text)*4 == c.bits && raw == v {
		return true
	}
	n, err := strconv.ParseUint(text, 0, 64)
	return err != nil || n == v
}

func bitsOf(data []byte, bit, bits int) (v uint64) {
	for i := bit; i < bit+bits && i/8 < len(data); i++ {
		v = v<<1 | uint64(data[i/8]>>(7-i%8)&1)
	}
	return v
}

// TestStackFitsCaptures draws packets of every kind at widths from 60 to 200,
// in both alphabets: no line is longer than the picture, and without colour no
// escape is written.
func TestStackFitsCaptures(t *testing.T) {
	widths := []int{60, 66, 72, 80, 100, 120, 200}
	for i, name := range captures(t) {
		w := widths[i%len(widths)]
		var b bytes.Buffer
		s := &first{Renderer: NewStack(&b, Options{Width: w, ASCII: i%2 == 0}), n: 12}
		recorded(t, name, s)
		for _, l := range strings.Split(b.String(), "\n") {
			if n := textWidth(l); n > w || strings.ContainsRune(l, '\x1b') {
				t.Fatalf("%s at %d columns: %d: %q", filepath.Base(name), w, n, l)
			}
			if i%2 == 0 && strings.ContainsFunc(l, func(r rune) bool { return r > 0x7e }) {
				t.Fatalf("%s: not ASCII: %q", filepath.Base(name), l)
			}
		}
	}
}

// first passes on the first n events.
type first struct {
	Renderer
	n int
}

func (f *first) Event(e *conn.Event) error {
	if f.n--; f.n < 0 {
		return nil
	}
	return f.Renderer.Event(e)
}
