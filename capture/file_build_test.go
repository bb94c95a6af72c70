package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
)

var (
	little = binary.ByteOrder(binary.LittleEndian)
	big    = binary.ByteOrder(binary.BigEndian)
)

// words packs values in a byte order: uint16, uint32, uint64, int64, or bytes
// and strings as they are.
func words(o binary.ByteOrder, values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		switch v := v.(type) {
		case []byte:
			b.Write(v)
		case string:
			b.WriteString(v)
		default:
			if err := binary.Write(&b, o, v); err != nil {
				panic(err)
			}
		}
	}
	return b.Bytes()
}

func u16(v int) uint16 { return uint16(v) }
func u32(v int) uint32 { return uint32(v) }

// pcapHead is a file header: magic, version, snap length, link type.
func pcapHead(o binary.ByteOrder, magic uint32, major, minor int, snap, network uint32) []byte {
	return words(o, magic, u16(major), u16(minor), u32(0), u32(0), snap, network)
}

func ethernetHead(o binary.ByteOrder) []byte { return pcapHead(o, 0xa1b2c3d4, 2, 4, 65535, 1) }

// pcapRecord is a record header, what variants have besides, and the data.
func pcapRecord(o binary.ByteOrder, sec, frac uint32, captured, original int, extra, data []byte) []byte {
	return words(o, sec, frac, u32(captured), u32(original), extra, data)
}

// plainRecord is a record of n bytes with value v at sec seconds.
func plainRecord(o binary.ByteOrder, sec uint32, n int, v byte) []byte {
	return pcapRecord(o, sec, 1, n, n, nil, bytes.Repeat([]byte{v}, n))
}

func padded(b []byte) []byte { return append(bytes.Clone(b), make([]byte, -len(b)&3)...) }

// ngBlock is a block of pcapng around a body, which it pads.
func ngBlock(o binary.ByteOrder, kind uint32, body ...any) []byte {
	b := padded(words(o, body...))
	total := u32(len(b) + 12)
	return words(o, kind, total, b, total)
}

func ngOption(o binary.ByteOrder, code int, value []byte) []byte {
	return words(o, u16(code), u16(len(value)), padded(value))
}

// ngCustom is a custom option.
func ngCustom(o binary.ByteOrder, enterprise int, data string) []byte {
	return ngOption(o, optCustom, words(o, u32(enterprise), data))
}

// ngOwn is a custom option of tcpsee.
func ngOwn(o binary.ByteOrder, data string) []byte {
	return ngCustom(o, customEnterprise, customMark+data)
}

func ngSection(o binary.ByteOrder) []byte {
	return ngBlock(o, blockSection, u32(byteOrderMagic), u16(1), u16(0), int64(-1))
}

func ngInterfaceBlock(o binary.ByteOrder, link int, snap uint32, options ...[]byte) []byte {
	return ngBlock(o, blockInterface, u16(link), u16(0), snap, bytes.Join(options, nil))
}

// ngPacket is an enhanced packet block.
func ngPacket(o binary.ByteOrder, id int, ts uint64, original int, data string, options ...[]byte) []byte {
	return ngBlock(o, blockEnhanced, u32(id), u32(int(ts>>32)), u32(int(ts&0xffffffff)),
		u32(len(data)), u32(original), padded([]byte(data)), bytes.Join(options, nil))
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// kept is a frame whose memory is its own.
type kept struct {
	Frame
	data string
}

// readAll reads b to its end. An end that is io.EOF is no error.
func readAll(t testing.TB, b []byte) ([]kept, Source, error) {
	t.Helper()
	s, err := NewReader("test", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	all, err := drain(s)
	return all, s, err
}

func drain(s Source) (all []kept, err error) {
	for {
		frames, err := s.Next()
		for _, f := range frames {
			all = append(all, kept{f, string(f.Data)})
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// wantFault checks the error of a source against a part of its text, "" being
// none.
func wantFault(t testing.TB, err error, part string) {
	t.Helper()
	switch {
	case part == "" && err != nil:
		t.Errorf("error %v", err)
	case part != "" && err == nil:
		t.Errorf("no error, but there should be one with %q", part)
	case part != "" && !strings.Contains(err.Error(), part):
		t.Errorf("error %q, which does not say %q", err, part)
	}
}
