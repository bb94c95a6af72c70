package dissect_test

import (
	"fmt"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// synOptions are those of a SYN from Linux.
var synOptions = []byte{
	2, 4, 0x05, 0xb4, // maximum segment size 1460
	4, 2, // SACK permitted
	8, 10, 0, 0, 0, 123, 0, 0, 0, 0, // timestamps 123/0
	1,       // no-operation
	3, 3, 7, // window scale 7
}

func ExampleTCP_ParseOptions() {
	t := dissect.TCP{Header: 40, Options: synOptions}
	var o dissect.Options
	t.ParseOptions(&o)
	fmt.Println(o.String())
	fmt.Println(o.MSS, o.Has&dissect.HasSACK != 0)
	// Output:
	// mss=1460 sackOK ts=123/0 wscale=7
	// 1460 false
}

func TestParseOptions(t *testing.T) {
	tests := []struct {
		name    string
		options []byte
		want    string
	}{
		{"none", nil, ""},
		{"SYN", synOptions, "mss=1460 sackOK ts=123/0 wscale=7"},
		{"timestamps", timestampOptions, "ts=123/45"},
		{"timestamps first", []byte{8, 10, 0, 0, 0, 123, 0, 0, 0, 45, 1, 1}, "ts=123/45"},
		{"two SACK blocks", join([]byte{1, 1, 5, 18}, u32(10), u32(20), u32(30), u32(40)), "sack=10-20,30-40"},
		{"empty SACK", []byte{5, 2, 1, 1}, "sack="},
		{"Fast Open request", []byte{34, 2, 1, 1}, "tfo=?"},
		{"Fast Open cookie", []byte{34, 6, 1, 2, 3, 4, 1, 1}, "tfo=01020304"},
		{"Fast Open, experimental", []byte{254, 8, 0xf9, 0x89, 1, 2, 3, 4}, "tfo=01020304"},
		{"other experiment", []byte{254, 4, 0, 1}, "other"},
		{"MPTCP", []byte{30, 4, 0x00, 0x81, 30, 4, 0x20, 0}, "mptcp=MP_CAPABLE,DSS"},
		{"MD5", join([]byte{19, 18}, make([]byte, 16), []byte{1, 1}), "md5"},
		{"AO", []byte{29, 8, 1, 2, 0, 0, 0, 0}, "ao"},
		{"user timeout", []byte{28, 4, 0x80, 5}, "uto=5m0s"},
		{"end of list", []byte{2, 4, 5, 0xb4, 0, 3, 3, 7}, "mss=1460"},
		{"unknown", []byte{77, 4, 1, 2}, "other"},
		{"length 0", []byte{2, 0, 5, 0xb4}, "malformed"},
		{"length 1", []byte{4, 2, 3, 1}, "sackOK malformed"},
		{"length past the end", []byte{4, 2, 3, 9}, "sackOK malformed"},
		{"kind alone at the end", []byte{1, 1, 1, 3}, "malformed"},
		{"wrong length of a known kind", []byte{2, 3, 5, 3, 3, 7, 1, 1}, "wscale=7 malformed"},
	}
	for _, test := range tests {
		var o dissect.Options
		o.Has, o.NumSACK = 0xffff, 4 // must not shine through
		h := dissect.TCP{Header: int32(20 + len(test.options)), Options: test.options}
		if h.ParseOptions(&o); o.String() != test.want {
			t.Errorf("%s: got %q, want %q", test.name, o.String(), test.want)
		}
	}
}

// TestParseOptionsCut holds that options which the capture cut off are not
// called malformed.
func TestParseOptionsCut(t *testing.T) {
	for n := range len(synOptions) {
		var o dissect.Options
		h := dissect.TCP{Header: 40, Options: synOptions[:n]}
		h.ParseOptions(&o)
		if o.Has&dissect.OptionsMalformed != 0 || o.Has&dissect.OptionsCut == 0 {
			t.Errorf("%d bytes: %q", n, o.String())
		}
	}
}

func ExampleTCP_RawOptions() {
	t := dissect.TCP{Header: 40, Options: synOptions}
	for o := range t.RawOptions() {
		fmt.Printf("%d+%d %s %x.\n", o.Offset, len(o.Bytes), dissect.OptionName(o.Kind), o.Data)
	}
	// Output:
	// 0+4 maximum segment size 05b4.
	// 4+2 SACK permitted .
	// 6+10 timestamps 0000007b00000000.
	// 16+1 no-operation .
	// 17+3 window scale 07.
}

func FuzzOptions(f *testing.F) {
	f.Add(synOptions, byte(40))
	f.Add(timestampOptions, byte(32))
	f.Add([]byte{2, 0, 5, 0xb4}, byte(24))
	f.Fuzz(func(t *testing.T, options []byte, header byte) {
		if len(options) > 40 {
			options = options[:40]
		}
		h := dissect.TCP{Header: int32(header), Options: options}
		var o dissect.Options
		h.ParseOptions(&o)
		if o.NumSACK > dissect.MaxSACKBlocks {
			t.Fatal(o.NumSACK)
		}
		_ = o.String()
		at := 0
		for r := range h.RawOptions() {
			if r.Offset != at || len(r.Bytes) == 0 || len(r.Data) > len(r.Bytes) {
				t.Fatalf("%+v at %d", r, at)
			}
			at += len(r.Bytes)
		}
		if at > len(options) {
			t.Fatal("past the end")
		}
		_ = decode(capture.LinkIPv4, ip4(6, 0, testTCP(options[:len(options)&^3], nil))).Fields()
	})
}
