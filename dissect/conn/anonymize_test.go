package conn

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// told are the lines that a capture's events come to, without addresses,
// ports and what layer 7 says. change, where not nil, is done to each frame
// before it is looked at.
func told(t *testing.T, name string, change func(*capture.Frame) *capture.Frame) []string {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Skip(err)
	}
	defer src.Close()
	var (
		d       dissect.Decoder
		j       dissect.Joiner
		p       dissect.Packet
		tracker = New(Options{Verdicts: true})
		lines   []string
	)
	add := func(events []Event) {
		for i := range events {
			if typ := events[i].Type; typ != TypeDNS && typ != TypeName { // names are what must go
				lines = append(lines, lineOf(&events[i]))
			}
		}
	}
	for {
		frames, err := src.Next()
		for i := range frames {
			f := &frames[i]
			if f.Record != capture.RecordPacket {
				continue
			}
			if change != nil {
				f = change(f)
			}
			d.Decode(f, &p)
			j.Join(&p, &d)
			add(tracker.Add(&p))
		}
		if err != nil {
			break
		}
	}
	for e := range tracker.Left() {
		lines = append(lines, lineOf(e))
	}
	return lines
}

func lineOf(e *Event) string {
	line := fmt.Sprint(e.Type, e.Conn, e.Frame, e.From, e.Kind, e.Handshake, e.Labels, e.DupAckNum, e.Before, e.States, e.Seq, e.Ack, e.Window, e.InFlight, e.RTT, e.First)
	if c := e.Connection; c != nil {
		line += fmt.Sprint(" ", c.Completeness, c.Segments, c.Bytes, c.Verdict.By)
		// Layer 7 has its own outcomes, and its own details of the others.
		if o := c.Verdict.Outcome; !strings.Contains(string(o), "http") {
			line += fmt.Sprint(" ", o)
		}
	}
	if e.Inferred || e.Connection != nil && e.Connection.Inferred {
		line += " inferred"
	}
	return line
}

// certain leaves out the lines of connections of which it was inferred which
// end is the client: of two ports the higher is likely its.
func certain(lines []string) (out []string) {
	for _, l := range lines {
		if !strings.HasSuffix(l, "inferred") {
			out = append(out, l)
		}
	}
	return out
}

// TestAnonymousConnections holds what is said of anonymous captures against
// what is said of the originals.
func TestAnonymousConnections(t *testing.T) {
	names, _ := filepath.Glob("../../testdata/*.pcap*")
	if _, err := os.Stat(*corpusDir); err != nil {
		t.Logf("without the corpus: %v", err)
	} else {
		more, _ := filepath.Glob(*corpusDir + "/*.pcap*")
		names = append(names, more...)
	}
	for _, ports := range []bool{false, true} {
		a, err := dissect.NewAnonymizer(dissect.AnonymizeOptions{Key: "lesson", Ports: ports})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			was, is := told(t, name, nil), told(t, name, a.Frame)
			if ports {
				was, is = certain(was), certain(is)
			}
			for i := range min(len(was), len(is)) {
				if was[i] != is[i] {
					t.Errorf("%s, ports %v:\n  was %s\n  is  %s", name, ports, was[i], is[i])
					break
				}
			}
			if len(was) != len(is) {
				t.Errorf("%s: %d events, were %d", name, len(is), len(was))
			}
		}
	}
}
