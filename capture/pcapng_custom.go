package capture

import "encoding/binary"

// tcpsee keeps its own data, the socket calls that it made, in pcapng custom
// blocks. It has no private enterprise number, so it uses the one that RFC
// 5612 sets aside for examples, and tells its blocks by what follows: eight
// bytes of mark, the data's length (32 bits, little-endian in either kind of
// section, for programs that copy blocks do not turn it), the data.
const (
	customEnterprise = 32473
	customMark       = "tcpsee\x00\x01"
	customHead       = len(customMark) + 4

	// MaxCustom is the most bytes of tcpsee's own data in one record.
	MaxCustom = MaxRecord
)

// customData returns the data of a custom block of tcpsee.
func customData(enterprise uint32, b []byte) (data []byte, ok bool) {
	if enterprise != customEnterprise || len(b) < customHead || string(b[:len(customMark)]) != customMark {
		return nil, false
	}
	n := binary.LittleEndian.Uint32(b[len(customMark):])
	b = b[customHead:]
	if n > MaxCustom || int(n) > len(b) {
		return nil, false
	}
	return b[:n:n], true
}
