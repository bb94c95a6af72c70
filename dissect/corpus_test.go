package dissect_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// corpusDir holds captures and, made by tshark, what their segments are. It
// is no part of the project.
const corpusDir = "../../shared/corpus/dev"

// oracleSegment is what is compared of a segment.
type oracleSegment struct {
	Frame  int64  `json:"frame"`
	Src    string `json:"src"`
	Sport  uint16 `json:"sport"`
	Dst    string `json:"dst"`
	Dport  uint16 `json:"dport"`
	Flags  string `json:"flags"`
	SeqRaw uint32 `json:"seq_raw"`
	AckRaw uint32 `json:"ack_raw"`
	Len    int    `json:"len"`
	WinRaw uint16 `json:"win_raw"`
}

func (s oracleSegment) String() string {
	return fmt.Sprintf("frame %d %s:%d > %s:%d %s seq %d ack %d len %d win %d",
		s.Frame, s.Src, s.Sport, s.Dst, s.Dport, s.Flags, s.SeqRaw, s.AckRaw, s.Len, s.WinRaw)
}

func segmentOf(p *dissect.Packet) oracleSegment {
	return oracleSegment{
		Frame: p.Frame.Number, Src: p.IP.Src.String(), Sport: p.TCP.SrcPort, Dst: p.IP.Dst.String(), Dport: p.TCP.DstPort,
		Flags: fmt.Sprintf("0x%03x", uint16(p.TCP.Flags)), SeqRaw: uint32(p.TCP.Seq), AckRaw: uint32(p.TCP.Ack),
		Len: p.TCP.Len, WinRaw: p.TCP.Window,
	}
}

// eachPacket decodes the frames of a file, fragments put together.
func eachPacket(t testing.TB, name string, do func(*dissect.Packet)) {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Logf("%s: %v", filepath.Base(name), err)
		return
	}
	defer src.Close()
	var (
		d dissect.Decoder
		j dissect.Joiner
		p dissect.Packet
	)
	for {
		frames, err := src.Next()
		for i := range frames {
			if frames[i].Record != capture.RecordPacket {
				continue
			}
			d.Decode(&frames[i], &p)
			j.Join(&p, &d)
			do(&p)
		}
		if err != nil {
			return
		}
	}
}

func oracleSegments(t *testing.T, name string) []oracleSegment {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []oracleSegment
	for lines := bufio.NewScanner(z); lines.Scan(); {
		var s oracleSegment
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestCorpusSegments holds that which frames are segments, and what they say,
// is what tshark says.
func TestCorpusSegments(t *testing.T) {
	dir := corpusDir
	oracles, _ := filepath.Glob(filepath.Join(dir, "oracle", "*.ndjson.gz"))
	if len(oracles) == 0 {
		t.Skip("no corpus at " + dir)
	}
	for _, oracle := range oracles {
		name := strings.TrimSuffix(filepath.Base(oracle), ".ndjson.gz")
		t.Run(name, func(t *testing.T) {
			var got []oracleSegment
			eachPacket(t, filepath.Join(dir, name), func(p *dissect.Packet) {
				if p.Content == dissect.ContentTCP {
					got = append(got, segmentOf(p))
				}
			})
			compareSegments(t, got, oracleSegments(t, oracle))
		})
	}
}

func compareSegments(t *testing.T, got, want []oracleSegment) {
	t.Helper()
	for len(got) > 0 || len(want) > 0 {
		switch {
		case len(want) == 0 || len(got) > 0 && got[0].Frame < want[0].Frame:
			t.Errorf("extra:   %v", got[0])
			got = got[1:]
		case len(got) == 0 || want[0].Frame < got[0].Frame:
			t.Errorf("missing: %v", want[0])
			want = want[1:]
		default:
			if got[0] != want[0] {
				t.Errorf("got  %v\nwant %v", got[0], want[0])
			}
			got, want = got[1:], want[1:]
		}
	}
}
