package render

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// A summary of a scan has a row for each of its million connections. So each
// row begins as a line of spaces, and cells of one byte a column are written to
// where they belong in it.

// appendConnection appends a connection's row. It is what appendRow makes of
// summaryRow and of the name of its file, without strings in between.
func (t *plainTable) appendConnection(dst []byte, c *conn.Connection, file, colour string) []byte {
	begin, last := len(dst), len(t.columns)-1
	if t.blank == nil {
		t.blank, t.octets = []byte(spacesOf(t.total()-t.widths[last])), newOctets()
	}
	dst = append(dst, t.blank...)
	if !t.put(dst[begin:], c, file) {
		dst = t.appendCells(dst[:begin], c, file)
	}
	if colour == "" && t.columns[last] == columnVerdict && placeOf(c.Verdict.Outcome) >= 0 {
		n := len(dst)
		if dst = appendOutcome(dst, &c.Verdict, t.g); len(dst)-n <= t.widths[last] {
			return append(dst, '\n')
		}
		dst = dst[:n]
	}
	t.fill(t.columns[last], c, file)
	s := trimRight(cutMiddle(string(t.cell), t.widths[last], t.g))
	return append(append(dst, painted(s, colour)...), '\n')
}

// placeOf returns where an outcome stands among ours, which are safe to show, −1
// for any other.
func placeOf(o conn.Outcome) int {
	for i := range outcomes {
		if outcomes[i] == o {
			return i
		}
	}
	return -1
}

// fill makes a cell.
func (t *plainTable) fill(column int, c *conn.Connection, file string) {
	if t.cell = appendCell(t.cell[:0], column, c, t.g); column == fileColumn {
		t.cell = append(t.cell, file...)
	}
}

// appendCells appends all cells but the last, whatever is in them.
func (t *plainTable) appendCells(dst []byte, c *conn.Connection, file string) []byte {
	for k, i := range t.columns[:len(t.columns)-1] {
		t.fill(i, c, file)
		w := columnsOf(t.cell)
		if w > t.widths[k] {
			s := cutMiddle(string(t.cell), t.widths[k], t.g)
			t.cell, w = append(t.cell[:0], s...), textWidth(s)
		}
		if pad := t.widths[k] - w; summaryColumns[i].right {
			dst = append(appendSpaces(dst, pad), t.cell...)
		} else {
			dst = appendSpaces(append(dst, t.cell...), pad)
		}
		dst = append(dst, columnGap...)
	}
	return dst
}

// put writes all cells but the last over a line of spaces. It returns false
// where one does not fit, or takes other than one byte a column.
func (t *plainTable) put(line []byte, c *conn.Connection, file string) bool {
	for k, i := range t.columns[:len(t.columns)-1] {
		cell := line[:t.widths[k]]
		line = line[t.widths[k]+len(columnGap):]
		ok := false
		switch i {
		case columnNumber:
			ok = putCount(cell, uint64(c.Number))
		case columnClient:
			ok = t.octets.putEndpoint(cell, c.Client)
		case columnServer:
			ok = t.octets.putEndpoint(cell, c.Server)
		case columnSent:
			ok = putBytes(cell, c.Bytes[conn.Client])
		case columnReceived:
			ok = putBytes(cell, c.Bytes[conn.Server])
		case columnResent:
			ok = putCount(cell, c.Retransmits[0]+c.Retransmits[1])
		}
		if ok {
			continue
		}
		t.fill(i, c, file)
		if len(t.cell) > len(cell) || !isASCII(t.cell) {
			return false
		}
		if summaryColumns[i].right {
			cell = cell[len(cell)-len(t.cell):]
		}
		copy(cell, t.cell)
	}
	return true
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// putCount is appendCount to the end of a cell.
func putCount(cell []byte, n uint64) bool {
	i := len(cell)
	for n >= 1000 {
		if i < 4 {
			return false
		}
		i -= 4
		binary.LittleEndian.PutUint32(cell[i:], uint32(n%1000/100|n%100/10<<8|n%10<<16)<<8|0x3030302c)
		n /= 1000
	}
	for {
		if i == 0 {
			return false
		}
		i--
		cell[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return true
		}
	}
}

// putBytes is appendBytesText to the end of a cell.
func putBytes(cell []byte, n uint64) bool {
	if len(cell) < 2 || n >= 10_000 {
		return false
	}
	cell[len(cell)-1] = 'B'
	return putCount(cell[:len(cell)-2], n)
}

// longestV4 is the length of the longest IPv4 address with a port.
const longestV4 = len("255.255.255.255:65535")

// octets are the decimal forms of all bytes, each with a dot and then spaces, in
// the lower half, and how long that is with the dot, in the upper one.
type octets [256]uint64

func newOctets() *octets {
	var o octets
	for n := range o {
		text := strconv.AppendInt(nil, int64(n), 10)
		text = append(text, "."...)
		long := len(text)
		o[n] = uint64(long)<<32 | uint64(binary.LittleEndian.Uint32(append(text, "   "...)))
	}
	return &o
}

// putEndpoint is appendEndpoint to the beginning of a cell of spaces, for IPv4.
func (o *octets) putEndpoint(cell []byte, a netip.AddrPort) bool {
	if len(cell) < longestV4 || !a.Addr().Is4() {
		return false
	}
	b := (*[longestV4]byte)(cell)
	i := uint(0)
	for _, n := range a.Addr().As4() {
		binary.LittleEndian.PutUint32(b[i&15:], uint32(o[n]))
		i += uint(o[n] >> 32)
	}
	b[i-1] = ':'
	digits := uint(1)
	port := uint32(a.Port())
	for limit := uint32(10); port >= limit; limit *= 10 {
		digits++
	}
	for k := i + digits - 1; k >= i; k-- {
		b[k] = byte('0' + port%10)
		port /= 10
	}
	return true
}
