package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"testing"
)

// bpfRecord is a record of /dev/bpf as macOS writes it, padding included.
func bpfRecord(sec, usec uint32, wire int, data string) []byte {
	const header = 18
	b := binary.NativeEndian.AppendUint32(nil, sec)
	b = binary.NativeEndian.AppendUint32(b, usec)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(data)))
	b = binary.NativeEndian.AppendUint32(b, uint32(wire))
	b = binary.NativeEndian.AppendUint16(b, header)
	b = append(b, data...)
	for len(b)%bpfAlign != 0 {
		b = append(b, 0)
	}
	return b
}

func TestSplitBPF(t *testing.T) {
	buf := append(bpfRecord(7, 8, 100, "hello"), bpfRecord(7, 9, 6, "world!")...)
	frames := splitBPF(nil, buf, LinkNull)
	if len(frames) != 2 {
		t.Fatalf("%d frames", len(frames))
	}
	a, b := frames[0], frames[1]
	if string(a.Data) != "hello" || a.OrigLen != 100 || a.Time != 7_000_008_000 || a.Link != LinkNull {
		t.Errorf("first: %+v", a)
	}
	if string(b.Data) != "world!" || b.OrigLen != 6 || b.Time != 7_000_009_000 {
		t.Errorf("second: %+v", b)
	}
	// Cut anywhere, and with lengths that are not so, it stops early.
	for n := range buf {
		if got := len(splitBPF(nil, buf[:n], LinkNull)); got > 1 && n < 42 {
			t.Errorf("%d bytes give %d frames", n, got)
		}
	}
	for _, at := range []int{8, 16} { // captured length, header length
		for _, v := range []uint16{0, 1, 17, 0xffff} {
			bad := append([]byte(nil), buf...)
			binary.NativeEndian.PutUint16(bad[at:], v)
			if at == 8 && v == 0xffff || at == 16 {
				if got := len(splitBPF(nil, bad, LinkNull)); got != 0 {
					t.Errorf("byte %d as %d gives %d frames", at, v, got)
				}
			}
		}
	}
}

func FuzzSplitBPF(f *testing.F) {
	f.Add(append(bpfRecord(7, 8, 100, "hello"), bpfRecord(7, 9, 6, "world!")...))
	f.Fuzz(func(t *testing.T, buf []byte) {
		total := 0
		for _, fr := range splitBPF(nil, buf, LinkNull) {
			total += len(fr.Data)
			if fr.OrigLen < len(fr.Data) {
				t.Errorf("%d bytes of %d", len(fr.Data), fr.OrigLen)
			}
		}
		if total > len(buf) {
			t.Errorf("%d bytes from %d", total, len(buf))
		}
	})
}

func TestLiveOptions(t *testing.T) {
	for _, c := range []struct {
		o            LiveOptions
		all          bool
		snap, buffer int
	}{
		{LiveOptions{}, true, MaxSnapLen, DefaultBufferBytes},
		{LiveOptions{Interface: "any", SnapLen: 192, BufferBytes: 1}, true, 192, MinBufferBytes},
		{LiveOptions{Interface: "eth0", SnapLen: 1 << 30, BufferBytes: math.MaxInt}, false, MaxSnapLen, MaxBufferBytes},
		{LiveOptions{Interface: "eth0", SnapLen: -1, BufferBytes: -1}, false, MaxSnapLen, MinBufferBytes},
	} {
		if c.o.all() != c.all || c.o.snapLen() != c.snap || c.o.bufferBytes() != c.buffer {
			t.Errorf("%+v: %v %d %d", c.o, c.o.all(), c.o.snapLen(), c.o.bufferBytes())
		}
	}
}

func TestLiveErrors(t *testing.T) {
	err := fmt.Errorf("outer: %w", &PermissionError{Op: "capture on eth0", Missing: "root", Err: fs.ErrPermission})
	if !errors.Is(err, fs.ErrPermission) || err.Error() != "outer: capture on eth0: not permitted: it takes root" {
		t.Errorf("%v", err)
	}
	if got := (&UnknownInterfaceError{Name: "x", Have: []string{"lo", "eth0"}}).Error(); got != `no interface "x": there are lo, eth0` {
		t.Error(got)
	}
	if got := (&UnknownInterfaceError{Name: "x"}).Error(); got != `no interface "x"` {
		t.Error(got)
	}
}

// An interface is captured on until Close; that wakes a reader that waits.
func ExampleOpenLive() {
	_, err := OpenLive(LiveOptions{Interface: "no such interface"})
	var unknown *UnknownInterfaceError
	fmt.Println(errors.As(err, &unknown))
	// Output: true
}
