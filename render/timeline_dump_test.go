package render

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dumpLines are the lines of a dump in a picture, without what stands before
// them. A space is a full stop in tcpdump's, and so it is here.
func dumpLines(text string) []string {
	var lines []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); dumpLine.MatchString(l) {
			const text = len("0x0000:  ") + 8*5 + 1
			hex := l[:min(len(l), text)]
			n := len(strings.Join(strings.Fields(hex)[1:], "")) / 2
			tail := ""
			if len(l) > text {
				tail = l[text:]
			}
			tail += strings.Repeat(" ", max(0, n-len(tail)))
			lines = append(lines, hex+strings.ReplaceAll(tail, " ", "."))
		}
	}
	return lines
}

var dumpLine = regexp.MustCompile(`^0x[0-9a-f]{4}:  `)

// TestDumpIsTcpdumps holds the bytes under the rows to what tcpdump prints of
// the same capture, in each capture of which every packet is drawn.
func TestDumpIsTcpdumps(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skipf("no tcpdump to compare with: %v", err)
	}
	names, _ := filepath.Glob("../testdata/*.pcap")
	compared := 0
	for _, name := range names {
		for flag, mode := range map[string]DumpMode{"-X": DumpPacket, "-XX": DumpFrame} {
			out, err := exec.Command("tcpdump", "-nn", flag, "-r", name).Output()
			if err != nil {
				t.Fatalf("tcpdump %s %s: %v", flag, name, err)
			}
			var b bytes.Buffer
			recorded(t, name, NewTimeline(&b, Options{Width: 100, Full: true, Dump: mode}))
			if strings.Contains(b.String(), "Not drawn") {
				continue
			}
			got, want := dumpLines(b.String()), dumpLines(string(out))
			if len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s %s: %d lines, tcpdump has %d", flag, name, len(got), len(want))
				for i := range min(len(got), len(want)) {
					if got[i] != want[i] {
						t.Errorf("the first to differ:\n%s\n%s", got[i], want[i])
						break
					}
				}
			}
			compared++
		}
	}
	if compared < len(names) {
		t.Errorf("only %d comparisons for %d captures", compared, len(names))
	}
}

// TestDumpHasALimit holds that a large packet does not push all others off the
// screen, that what is left out is counted, and that payloads can be left out.
func TestDumpHasALimit(t *testing.T) {
	s := download()
	short := dumpLines(timelineOf(t, s, drawn(Options{Width: 80, Dump: DumpPacket, Live: true}, "")))
	per := map[int]int{}
	n := 0
	for _, l := range short {
		if strings.HasPrefix(l, "0x0000") {
			n++
		}
		per[n]++
	}
	for packet, lines := range per {
		if lines > maxRowDump/dumpRow {
			t.Errorf("packet %d has %d lines", packet, lines)
		}
	}
	text := timelineOf(t, download(), drawn(Options{Width: 80, Dump: DumpPacket}, ""))
	if !strings.Contains(text, "bytes more; --full shows them") {
		t.Error("nothing says that bytes were left out")
	}
	secret := chat()
	hidden := timelineOf(t, secret, drawn(Options{Width: 80, Dump: DumpPacket, NoPayload: true}, ""))
	if strings.Contains(hidden, "Hello") || !strings.Contains(hidden, "6 bytes of payload left out") {
		t.Errorf("the payload is not left out:\n%s", hidden)
	}
}
