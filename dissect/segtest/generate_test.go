package segtest

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"
)

// `make capture KIND=web MB=100 TO=web.pcap` sets these.
var (
	generateKind = flag.String("generate", "", "write a generated capture of this `kind`: web, scan or elephant")
	generateMB   = flag.Int64("megabytes", 100, "about how large it is to be")
	generateSeed = flag.Uint64("seed", 1, "which of many")
	generateTo   = flag.String("to", "", "the `file`")
)

// TestWriteGenerated writes a capture for those who want to measure.
func TestWriteGenerated(t *testing.T) {
	if *generateKind == "" {
		t.Skip("nothing to write: say -generate KIND -megabytes N -to FILE")
	}
	f, err := os.Create(*generateTo)
	if err != nil {
		t.Fatal(err)
	}
	made, err := Generate(f, Kind(*generateKind), *generateMB*1e6, *generateSeed)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s: %d bytes, %d packets, %d connections\n", *generateTo, made.Bytes, made.Packets, made.Connections)
}

// TestGenerateIsTheSame holds that size and seed say all.
func TestGenerateIsTheSame(t *testing.T) {
	for _, kind := range Kinds() {
		var sums [3][32]byte
		for i, seed := range []uint64{1, 1, 2} {
			h := sha256.New()
			if _, err := Generate(h, kind, 1e6, seed); err != nil {
				t.Fatal(err)
			}
			sums[i] = [32]byte(h.Sum(nil))
		}
		if sums[0] != sums[1] {
			t.Errorf("%s: the same seed gives another capture", kind)
		}
		if sums[0] == sums[2] {
			t.Errorf("%s: another seed gives the same capture", kind)
		}
	}
	if _, err := Generate(io.Discard, "flood", 1, 1); err == nil {
		t.Error("a kind that is not there makes no error")
	}
}

// TestGenerateIsWhatItSays holds the proportions that each kind promises.
func TestGenerateIsWhatItSays(t *testing.T) {
	tests := []struct {
		kind                   Kind
		packets, connections   int64 // a GB
		atLeastOf, atMostOfAll float64
	}{
		{KindWeb, 1_200_000, 20_000, 0.8, 1.5}, // in a short one more connections have only begun
		{KindScan, 13_500_000, 7_400_000, 0.9, 1.1},
		{KindElephant, 950_000, 1, 0.9, 1.1},
	}
	const size = 20_000_000
	for _, tt := range tests {
		var b bytes.Buffer
		made, err := Generate(&b, tt.kind, size, 1)
		if err != nil {
			t.Fatal(err)
		}
		if made.Bytes != int64(b.Len()) || made.Bytes < size {
			t.Errorf("%s: %d bytes said, %d written", tt.kind, made.Bytes, b.Len())
		}
		for _, x := range []struct {
			name      string
			got, want int64
		}{{"packets", made.Packets, tt.packets}, {"connections", made.Connections, tt.connections}} {
			want := float64(x.want) * size / 1e9
			if got := float64(x.got); x.want > 1 && (got < want*tt.atLeastOf || got > want*tt.atMostOfAll) {
				t.Errorf("%s: %v %s, want about %v", tt.kind, got, x.name, want)
			}
		}
	}
}
