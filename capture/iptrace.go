package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Sizes of a file of AIX's iptrace, versions 1.0 and 2.0. Everything in it is
// big-endian.
const (
	iptraceMagic  = "iptrace "
	iptraceFile   = 11 // with the version
	iptraceRecord = 8  // length of what follows, seconds
	iptraceInfo1  = 22 // of it before the packet: interface, its type, direction
	iptraceInfo2  = 32 // the same, seconds, nanoseconds
)

// ifTypeFDDI is FDDI among RFC 1573's interface types; in front of its frames
// stand three bytes more.
const ifTypeFDDI = 15

// iptraceLinks are the interface types whose packets are known.
var iptraceLinks = map[byte]LinkType{
	6: LinkEthernet, 7: LinkEthernet, 9: LinkTokenRing, ifTypeFDDI: LinkFDDI,
	4: LinkRaw, 12: LinkRaw, 24: LinkRaw, 0x3d: LinkRaw, // X.25, SP switch, loopback, host fabric
}

// iptraceInterface is how a packet names its interface: name, unit, type.
type iptraceInterface [6]byte

// iptrace parses such a file.
type iptrace struct {
	records
	info       int // iptraceInfo1 or iptraceInfo2
	interfaces map[iptraceInterface]int
	oddTime    bool // a time was found odd; once is enough
}

// isIptrace reports whether a stream that begins with the four bytes of head
// may be such a file.
func isIptrace(head []byte) bool { return bytes.HasPrefix(head, []byte(iptraceMagic[:minMagic])) }

// parse implements format.
func (p *iptrace) parse(b []byte, out []Frame, last bool) ([]Frame, int, int, *Fault) {
	return p.walk(p, b, out, last)
}

// headerSize implements layout.
func (p *iptrace) headerSize() int { return iptraceFile }

// header implements layout.
func (p *iptrace) header(b []byte) *Fault {
	switch version := string(b[len(iptraceMagic):iptraceFile]); {
	case !bytes.HasPrefix(b, []byte(iptraceMagic)):
		return p.led.fault(0, 0, "it begins almost like an iptrace capture (AIX), and is none")
	case version == "1.0":
		p.info = iptraceInfo1
	case version == "2.0":
		p.info = iptraceInfo2
	default:
		return p.led.fault(0, 0, "iptrace version %q is not known: 1.0 and 2.0 are", version)
	}
	p.interfaces = make(map[iptraceInterface]int)
	return nil
}

// measure implements layout.
func (p *iptrace) measure(b []byte) (size int, fault *Fault) {
	if len(b) < iptraceRecord {
		return iptraceRecord, nil
	}
	n := binary.BigEndian.Uint32(b)
	record, offset := p.place()
	switch {
	case n < uint32(p.info):
		return 0, p.led.fault(record, offset, "a record of %d bytes, of which what is said of the packet has %d", n, p.info)
	case n > MaxRecord+uint32(p.info):
		return 0, p.led.fault(record, offset, "a captured length of %d bytes is over the limit of %d", n-uint32(p.info), MaxRecord)
	}
	size = iptraceRecord + int(n)
	if len(b) < iptraceRecord+p.info {
		return size, nil
	}
	if known := p.known(b); len(p.interfaces) >= MaxInterfaces && known < 0 {
		return 0, p.led.fault(record, offset, "it describes more than %d interfaces", MaxInterfaces)
	}
	return size, nil
}

// known returns the interface of the record at b, or −1 where it is new.
func (p *iptrace) known(b []byte) int {
	if i, ok := p.interfaces[iptraceInterfaceOf(b[iptraceRecord:])]; ok {
		return i
	}
	return -1
}

// iptraceInterfaceOf reads what info, of a record, says of the interface.
func iptraceInterfaceOf(info []byte) (in iptraceInterface) {
	copy(in[:], info[4:8])
	in[4], in[5] = info[3], info[20]
	return in
}

// frame implements layout.
func (p *iptrace) frame(f *Frame, b []byte) bool {
	info := b[iptraceRecord : iptraceRecord+p.info]
	link, ok := iptraceLinks[info[20]]
	if !ok {
		p.passOver("interface type", int(info[20]))
		return false
	}
	data := b[len(info)+iptraceRecord : iptraceRecord+int(binary.BigEndian.Uint32(b))]
	if info[20] == ifTypeFDDI {
		data = data[min(aixPadding[LinkFDDI], len(data)):]
	}
	i := p.known(b)
	if i < 0 {
		in := iptraceInterfaceOf(info)
		i = len(p.led.interfaces)
		p.interfaces[in] = i
		name, _, _ := bytes.Cut(in[:4], []byte{0})
		p.led.interfaces = append(p.led.interfaces, Interface{Name: fmt.Sprintf("%s%d", shortName(name), in[4]), Link: link})
	}
	f.Time = p.stamp(b, info)
	p.number(f)
	f.Data, f.OrigLen = data[:len(data):len(data)], len(data)
	f.Link, f.Interface = link, i
	f.Direction = DirectionIn
	if info[21] != 0 {
		f.Direction = DirectionOut
	}
	return true
}

// stamp returns when the packet of the record at b was captured.
func (p *iptrace) stamp(b, info []byte) Stamp {
	if p.info == iptraceInfo1 {
		return Stamp(binary.BigEndian.Uint32(b[4:])) * 1e9
	}
	nanos := int64(binary.BigEndian.Uint32(info[28:]))
	if nanos >= 1e9 && !p.oddTime {
		p.oddTime = true
		record, offset := p.place()
		p.led.find(*p.led.fault(record, offset, "a fraction of a second is a second or more (%d ns); it was added as it is", nanos))
	}
	return Stamp(int64(binary.BigEndian.Uint32(info[24:]))*1e9 + nanos)
}
