package capture

import (
	"bytes"
	"net/netip"
	"strings"
)

// MaxNames is how many addresses with names are kept of a file.
const MaxNames = 1 << 16

// Types of record in a name resolution block (section 4.5).
const (
	namesEnd  = 0
	namesIPv4 = 1
	namesIPv6 = 2
	maxName   = 255 // bytes of a name that are kept: DNS has none longer
)

// names reads a name resolution block.
func (p *pcapng) names(b []byte) {
	for len(b) >= 4 {
		kind, n := p.u16(b), int(p.u16(b[2:]))
		if kind == namesEnd {
			return
		}
		if 4+n > len(b) {
			p.note(p.faultHere("a name of %d bytes runs out of its block", n))
			return
		}
		value := b[4 : 4+n]
		size := 0
		switch kind {
		case namesIPv4:
			size = 4
		case namesIPv6:
			size = 16
		}
		if a, ok := netip.AddrFromSlice(value[:min(size, n)]); ok {
			if name := firstName(value[size:]); name != "" {
				p.name(a, name)
			}
		}
		b = b[min(4+(n+3)&^3, len(b)):]
	}
}

// firstName returns the first of several names that each end in NUL.
func firstName(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.ToValidUTF8(string(b[:min(len(b), maxName)]), "\ufffd")
}
