package segtest

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// maxOptions is what a TCP header has room for (RFC 9293, section 3.1).
const maxOptions = 40

// tcpOptions encodes a list such as "mss 1460,nop,wscale 7". peer is the other
// end's ISS, to which the blocks of sack are relative.
func tcpOptions(list string, peer uint32) ([]byte, error) {
	var out []byte
	for _, item := range strings.Split(list, ",") {
		f := strings.Fields(item)
		if len(f) == 0 {
			return nil, fmt.Errorf("empty option in <%s>", list)
		}
		b, err := tcpOption(f[0], f[1:], peer)
		if err != nil {
			return nil, fmt.Errorf("option %s: %w", f[0], err)
		}
		out = append(out, b...)
	}
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	if len(out) > maxOptions {
		return nil, fmt.Errorf("options take %d bytes, a header has room for %d", len(out), maxOptions)
	}
	return out, nil
}

// The kinds are those of IANA's registry "TCP Option Kind Numbers".
func tcpOption(name string, args []string, peer uint32) ([]byte, error) {
	switch name {
	case "eol":
		return []byte{0}, noArgs(args)
	case "nop":
		return []byte{1}, noArgs(args)
	case "mss":
		return numeric(2, 16, args)
	case "wscale":
		return numeric(3, 8, args)
	case "sackOK":
		return []byte{4, 2}, noArgs(args)
	case "sack":
		return sackBlocks(args, peer)
	case "TS":
		return timestamps(args)
	case "md5":
		if len(args) == 0 {
			return append([]byte{19, 18}, make([]byte, 16)...), nil
		}
		return withHex(19, nil, args)
	case "uto":
		return numeric(28, 16, args)
	case "mptcp":
		return withHex(30, nil, args)
	case "FO":
		return withHex(34, nil, args)
	case "FOEXP":
		return withHex(254, []byte{0xf9, 0x89}, args) // the magic number of RFC 7413, section 4.1.1
	case "opt":
		if len(args) == 0 {
			return nil, fmt.Errorf("kind is missing")
		}
		kind, err := number("kind", args[0], 8)
		if err != nil {
			return nil, err
		}
		return withHex(byte(kind), nil, args[1:])
	}
	return nil, fmt.Errorf("not known; opt KIND HEX makes any")
}

func noArgs(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("takes no value")
	}
	return nil
}

func numeric(kind byte, bits int, args []string) ([]byte, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("takes one number")
	}
	n, err := number("value", args[0], bits)
	if err != nil {
		return nil, err
	}
	if bits == 8 {
		return []byte{kind, 3, byte(n)}, nil
	}
	return binary.BigEndian.AppendUint16([]byte{kind, 4}, uint16(n)), nil
}

func withHex(kind byte, before []byte, args []string) ([]byte, error) {
	b, err := unhex(strings.Join(args, ""))
	if err != nil {
		return nil, err
	}
	n := 2 + len(before) + len(b)
	if n > maxOptions {
		return nil, fmt.Errorf("%d bytes, a header has room for %d", n, maxOptions)
	}
	return append(append([]byte{kind, byte(n)}, before...), b...), nil
}

func timestamps(args []string) ([]byte, error) {
	if len(args) != 4 || args[0] != "val" || args[2] != "ecr" {
		return nil, fmt.Errorf("is written TS val N ecr N")
	}
	val, err := number("val", args[1], 32)
	if err != nil {
		return nil, err
	}
	ecr, err := number("ecr", args[3], 32)
	if err != nil {
		return nil, err
	}
	b := binary.BigEndian.AppendUint32([]byte{8, 10}, uint32(val))
	return binary.BigEndian.AppendUint32(b, uint32(ecr)), nil
}

func sackBlocks(args []string, peer uint32) ([]byte, error) {
	if len(args) == 0 || len(args) > 4 {
		return nil, fmt.Errorf("takes one to four blocks such as 1:7")
	}
	b := []byte{5, byte(2 + 8*len(args))}
	for _, a := range args {
		left, right, ok := strings.Cut(a, ":")
		if !ok {
			return nil, fmt.Errorf("block %q has no colon", a)
		}
		for _, edge := range []string{left, right} {
			n, err := sequence(edge, peer)
			if err != nil {
				return nil, err
			}
			b = binary.BigEndian.AppendUint32(b, n)
		}
	}
	return b, nil
}

// sequence reads a sequence number: relative to iss, or #N as on the wire.
func sequence(s string, iss uint32) (uint32, error) {
	if abs, ok := strings.CutPrefix(s, "#"); ok {
		n, err := number("sequence number", abs, 32)
		return uint32(n), err
	}
	n, err := number("sequence number", s, 32)
	return iss + uint32(n), err
}
