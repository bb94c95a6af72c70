package render

import (
	"testing"

	"tcpsee/dissect/conn"
)

// TestEvidenceFiles: frames that a text does not name already stand behind its
// lead, with their files.
func TestEvidenceFiles(t *testing.T) {
	g := newGlyphs(false)
	for _, tt := range []struct{ text, want string }{
		{"reset by the client: data (3 in b\x1b.pcap) came after its FIN (8 in a.pcap).",
			`reset by the client (8 in a.pcap, 3 4 in b\x1b.pcap): data (3 in b\x1b.pcap) came after its FIN (8 in a.pcap).`},
		{"reset by the client, after (8 in a.pcap, 3 4 in b\x1b.pcap) it all.", `reset by the client, after (8 in a.pcap, 3 4 in b\x1b.pcap) it all.`},
		{"reset by the client, after (8 3 4) it all.", `reset by the client, after (8 3 4) it all (8 in a.pcap, 3 4 in b\x1b.pcap).`},
	} {
		v := conn.Verdict{Outcome: conn.OutcomeReset, Text: tt.text, Evidence: []int64{8, 3, 4}, EvidenceFiles: []int{0, 1, 1},
			EvidenceNames: []string{"a.pcap", "b\x1b.pcap", "b\x1b.pcap"}}
		if got := verdictHead(&v, &g); got != tt.want {
			t.Errorf("%q, not %q", got, tt.want)
		}
	}
	v := conn.Verdict{Outcome: conn.OutcomeReset}
	for i := range 12 {
		v.Evidence, v.EvidenceNames = append(v.Evidence, int64(i+1)), append(v.EvidenceNames, "a")
	}
	if got, want := verdictHead(&v, &g), "reset (1 2 3 4 5 6 7 8 … 12 in a)."; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// TestFileNames: what the Tracker calls files is short, safe and unambiguous.
func TestFileNames(t *testing.T) {
	got := FileNames([]string{"/x/a.pcap", "/y/a.pcap", "/x/b\x1b.pcap"})
	for i, want := range []string{"/x/a.pcap", "/y/a.pcap", `b\x1b.pcap`} {
		if got[i] != want {
			t.Errorf("%q, not %q", got[i], want)
		}
	}
}
