package segtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"tcpsee/capture"
)

// How much of a datagram an error quotes where the line does not say: so much
// that it fits in 576 bytes (RFC 1812, section 4.3.2.3) or in 1280 (RFC 4443,
// section 2.4).
const (
	quoteIPv4 = 576 - 28
	quoteIPv6 = 1280 - 48
)

// icmpError is a line about ICMP, read.
type icmpError struct {
	from  netip.Addr
	code  [2]struct{ kind, code byte } // ICMP's, ICMPv6's
	mtu   uint64
	quote []byte
	bytes int
}

// icmpWords gives type and code in ICMP (RFC 792, RFC 1812) and in ICMPv6
// (RFC 4443).
var icmpWords = map[string][2]struct{ kind, code byte }{
	"net":   {{3, 0}, {1, 0}},
	"host":  {{3, 1}, {1, 3}},
	"proto": {{3, 2}, {4, 1}},
	"port":  {{3, 3}, {1, 4}},
	"frag":  {{3, 4}, {2, 0}},
	"admin": {{3, 13}, {1, 1}},
}

// icmpLine reads what follows "icmp" and makes the frame.
func (b *builder) icmpLine(w *words) error {
	c := b.connection()
	e := icmpError{quote: c.last, bytes: -1}
	if err := w.expect("from"); err != nil {
		return err
	}
	var err error
	if e.from, err = b.address(w, c.ends[0].Addr().Is4()); err != nil {
		return err
	}
	verb, err := w.word("unreachable or exceeded")
	if err != nil {
		return err
	}
	switch verb {
	case "exceeded":
		e.code = [2]struct{ kind, code byte }{{11, 0}, {3, 0}}
	case "unreachable":
		what, err := w.word("port, host, net, proto, admin or frag")
		if err != nil {
			return err
		}
		var ok bool
		if e.code, ok = icmpWords[what]; !ok {
			return fmt.Errorf("unreachable %q is none of port, host, net, proto, admin, frag", what)
		}
	default:
		return fmt.Errorf("icmp %q is neither unreachable nor exceeded", verb)
	}
	for !w.done() {
		if err := e.part(b, w); err != nil {
			return err
		}
	}
	return b.emitICMP(&e)
}

func (e *icmpError) part(b *builder, w *words) error {
	name, err := w.word("mtu, quoting or bytes")
	if err != nil {
		return err
	}
	n, err := w.number(name, 31)
	if err != nil {
		return err
	}
	switch name {
	case "mtu":
		e.mtu = n
	case "bytes":
		e.bytes = int(n)
	case "quoting":
		if n < 1 || n > uint64(len(b.ips)) || b.ips[n-1] == nil {
			return fmt.Errorf("frame %d holds no datagram to quote", n)
		}
		e.quote = b.ips[n-1]
	default:
		return fmt.Errorf("%q is none of mtu, quoting, bytes", name)
	}
	return nil
}

func (b *builder) emitICMP(e *icmpError) error {
	if e.quote == nil {
		return errors.New("icmp: there is no segment to quote yet")
	}
	v4 := e.quote[0]>>4 == 4
	if v4 != e.from.Is4() {
		return errors.New("icmp: the quoted datagram is of the other IP version")
	}
	proto, quote, i := protoICMP, quoteIPv4, 0
	var to netip.Addr
	if v4 {
		to = netip.AddrFrom4([4]byte(e.quote[12:16]))
	} else {
		proto, quote, i = protoICMPv6, quoteIPv6, 1
		to = netip.AddrFrom16([16]byte(e.quote[8:24]))
	}
	if e.bytes >= 0 {
		quote = e.bytes
	}
	m := make([]byte, 8)
	m[0], m[1] = e.code[i].kind, e.code[i].code
	binary.BigEndian.PutUint32(m[4:], uint32(e.mtu))
	m = append(m, e.quote[:min(quote, len(e.quote))]...)
	var sum uint32
	if !v4 {
		sum = pseudoSum(e.from, to, proto, len(m))
	}
	binary.BigEndian.PutUint16(m[2:], ^fold(addSum(sum, m)))
	ip, err := b.datagram(e.from, to, proto, ipFields{ttl: defaultTTL}, m)
	if err != nil {
		return err
	}
	return b.wrap(ip, e.from, to, b.towards(to))
}

// towards tells whether a frame to an address goes in or out.
func (b *builder) towards(to netip.Addr) capture.Direction {
	c := b.connection()
	for side, end := range c.ends {
		if end.Addr() == to {
			return b.direction(1 - side)
		}
	}
	return capture.DirectionUnknown
}
