package capture

import "encoding/binary"

// tcpsee keeps its own data, the socket calls that it made, in custom options
// of packets (section 3.5.1), and in custom blocks where a packet cannot
// carry them, since Wireshark numbers custom blocks like packets. It has no
// private enterprise number, so it uses the one that RFC 5612 sets aside for
// examples, and tells what is its own by what follows: eight bytes of mark;
// in a block, the data's length (32 bits, little-endian in either kind of
// section, for programs that copy blocks do not turn it); the data.
const (
	customEnterprise = 32473
	customMark       = "tcpsee\x00\x01"
	customHead       = len(customMark) + 4

	// customOptionHead is what an option has before the data: code, length,
	// enterprise number and mark.
	customOptionHead = 4 + 4 + len(customMark)

	// MaxCustom is the most bytes of tcpsee's own data in one record.
	MaxCustom = MaxRecord
)

// customData returns the data of a custom block of tcpsee.
func customData(enterprise uint32, b []byte) (data []byte, ok bool) {
	if !isCustom(enterprise, b) || len(b) < customHead {
		return nil, false
	}
	n := binary.LittleEndian.Uint32(b[len(customMark):])
	b = b[customHead:]
	if n > MaxCustom || int(n) > len(b) {
		return nil, false
	}
	return b[:n:n], true
}

// isCustom reports whether what has this enterprise number is tcpsee's own.
func isCustom(enterprise uint32, b []byte) bool {
	return enterprise == customEnterprise && len(b) >= len(customMark) && string(b[:len(customMark)]) == customMark
}

// customFrame gives out tcpsee's own data.
func customFrame(data []byte) Frame {
	return Frame{Record: RecordCustom, Time: NoTime, Data: data, Interface: -1}
}

// customOption takes tcpsee's own data out of a custom option of the latest
// packet in p.out, and gives it out before that packet. It returns where the
// packet stands then. This may be more than the room that there was in p.out;
// the length of the block bounds it.
func (p *pcapng) customOption(value []byte) *Frame {
	at := len(p.out) - 1
	if enterprise, b := p.u32(value), value[4:]; isCustom(enterprise, b) {
		p.out = append(p.out, p.out[at])
		p.out[at] = customFrame(b[len(customMark):len(b):len(b)])
		at++
	}
	return &p.out[at]
}
