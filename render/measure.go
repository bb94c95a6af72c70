package render

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

func itoa(n int) string     { return strconv.Itoa(n) }
func utoa(n uint32) string  { return strconv.FormatUint(uint64(n), 10) }
func count(n uint64) string { return string(appendCount(nil, n)) }

// appendCount appends n with a comma between thousands.
func appendCount(dst []byte, n uint64) []byte {
	if n < 1000 {
		return strconv.AppendUint(dst, n, 10)
	}
	dst = appendCount(dst, n/1000)
	return appendDigits(append(dst, ','), n%1000, 3)
}

// Size gives a number of bytes, not negative, with a unit: "6 B", "1.8 MB".
func Size(n int64) string { return bytesText(uint64(n)) }

// bytesText gives a number of bytes with a unit: "6 B", "1.8 MB".
func bytesText(n uint64) string { return string(appendBytesText(nil, n)) }

func appendBytesText(dst []byte, n uint64) []byte {
	if n < 10_000 {
		return append(appendCount(dst, n), " B"...)
	}
	f := float64(n)
	for _, unit := range [...]string{"kB", "MB", "GB", "TB", "PB"} {
		f /= 1000
		if f < 999.95 {
			return append(append(strconv.AppendFloat(dst, f, 'f', 1, 64), ' '), unit...)
		}
	}
	return append(strconv.AppendFloat(dst, f/1000, 'f', 1, 64), " EB"...)
}

// plural gives "1 segment", "2 segments".
func plural(n uint64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return count(n) + " " + word + "s"
}

// labelCount gives how many segments have a label: "1 retransmission",
// "2 retransmissions", "3 offloaded".
func labelCount(n uint64, l conn.Label) string {
	switch l {
	case conn.OutOfOrder, conn.WindowFull, conn.Refused, conn.TFOIgnored, conn.OutsideWindow, conn.Offloaded: // what a segment is, and no noun
		return count(n) + " " + l.String()
	}
	return plural(n, l.String())
}

// spanText gives a duration for people: "32 µs", "1.5 ms", "1.996 s",
// "2 min 5 s".
func spanText(d time.Duration, g *glyphs) string { return string(appendSpan(nil, d, g)) }

func appendSpan(dst []byte, d time.Duration, g *glyphs) []byte {
	if d < 0 {
		return appendSpan(append(dst, '-'), -max(d, -math.MaxInt64), g)
	}
	switch {
	case d < time.Microsecond && d > 0:
		return append(strconv.AppendInt(dst, int64(d), 10), " ns"...)
	case d < time.Millisecond: // begun microseconds do not count, as in the rows' seconds
		dst = append(strconv.AppendInt(dst, d.Microseconds(), 10), ' ')
		return append(append(dst, g.micro...), 's')
	case d < 10*time.Millisecond:
		return append(appendRounded(dst, d, 10*time.Microsecond, 2), " ms"...)
	case d < time.Second:
		return append(appendRounded(dst, d, time.Millisecond, 0), " ms"...)
	case d < 100*time.Second:
		return append(appendRounded(dst, d, time.Millisecond, 3), " s"...)
	}
	s := int64(d / time.Second)
	switch {
	case s < 3600:
		return appendTwo(dst, s/60, " min ", s%60, " s")
	case s < 48*3600:
		return appendTwo(dst, s/3600, " h ", s%3600/60, " min")
	}
	return appendTwo(dst, s/86400, " days ", s%86400/3600, " h")
}

// appendRounded appends how many units d is, as a number with decimals; halves
// count as a whole.
func appendRounded(dst []byte, d, unit time.Duration, decimals int) []byte {
	n := uint64((d + unit/2) / unit)
	if decimals == 0 {
		return strconv.AppendUint(dst, n, 10)
	}
	one := uint64(1)
	for range decimals {
		one *= 10
	}
	return appendDigits(append(strconv.AppendUint(dst, n/one, 10), '.'), n%one, decimals)
}

func appendTwo(dst []byte, a int64, unit string, b int64, smaller string) []byte {
	dst = append(strconv.AppendInt(dst, a, 10), unit...)
	return append(strconv.AppendInt(dst, b, 10), smaller...)
}

// appendSeconds appends d in seconds in at most width columns, with as many
// decimals, up to six, as fit. What fits in no way is cut at the left.
func appendSeconds(dst []byte, d time.Duration, width int) []byte {
	neg := d < 0
	u := uint64(d)
	if neg {
		u = -u
	}
	start := len(dst)
	if neg {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, u/1e9, 10)
	if decimals := min(6, width-(len(dst)-start)-1); decimals > 0 {
		unit := uint64(1)
		for range 9 - decimals {
			unit *= 10
		}
		return appendDigits(append(dst, '.'), u%1e9/unit, decimals)
	}
	if n := len(dst) - start; n > width {
		copy(dst[start:], dst[len(dst)-width:])
		dst = dst[:start+width]
	}
	return dst
}

// wrapText breaks text between words into lines of at most width columns; a
// word that is wider is cut. Lines after the first are indented by hang columns
// more than the text itself is.
func wrapText(text string, width, hang int) []string {
	if textWidth(text) <= width {
		return []string{text}
	}
	body := strings.TrimLeft(text, " ")
	indent := text[:len(text)-len(body)]
	if safe(text) {
		return wrapASCII(body, indent, width, hang)
	}
	var lines []string
	cur, curW := indent, len(indent)
	indent += spaces[:hang]
	empty := true
	for _, word := range strings.Split(body, " ") {
		w := textWidth(word)
		if !empty && curW+1+w > width {
			lines = append(lines, cur)
			cur, curW, empty = indent, len(indent), true
		}
		if !empty {
			cur, curW = cur+" ", curW+1
		}
		for curW+w > width {
			head := cutColumns(word, width-curW)
			lines = append(lines, cur+head)
			word = word[len(head):]
			w = textWidth(word)
			cur, curW = indent, len(indent)
		}
		cur, curW, empty = cur+word, curW+w, false
	}
	return append(lines, cur)
}

// wrapASCII wraps text of which every byte is one column.
func wrapASCII(body, indent string, width, hang int) []string {
	lines := make([]string, 0, len(body)/max(width-len(indent), 1)+2)
	for room := max(width-len(indent), 1); len(body) > room; room = max(width-len(indent), 1) {
		cut := strings.LastIndexByte(body[:room+1], ' ')
		if cut <= 0 {
			cut = room
		}
		lines = append(lines, indent+body[:cut])
		body = strings.TrimLeft(body[cut:], " ")
		if hang > 0 {
			indent, hang = indent+spaces[:hang], 0
		}
	}
	return append(lines, indent+body)
}

// cutColumns returns as much of s as takes at most width columns, but at least
// one character.
func cutColumns(s string, width int) string {
	used := 0
	for i, r := range s {
		w := textWidth(string(r))
		if i > 0 && used+w > width {
			return s[:i]
		}
		used += w
	}
	return s
}

// sizes are the bytes of a packet by layer; what belongs to none, such as
// padding and trailers, counts to layer 2.
type sizes struct {
	l7, l4, l3, l2, frame int
	ok                    bool
}

// It takes the lengths on the wire: what the capture cut off counts as well.
func sizesOf(p *dissect.Packet) sizes {
	var s sizes
	if p.Frame == nil || p.Joined != nil {
		return s
	}
	s.frame = p.Frame.OrigLen
	for i := range min(p.NumLayers, len(p.Layers)) {
		n := headerLength(p, p.Layers[i].Kind, int(p.Layers[i].Length))
		switch p.Layers[i].Kind.OSI() {
		case 4:
			s.l4 += n
		case 3:
			s.l3 += n
		}
	}
	switch p.Content {
	case dissect.ContentTCP:
		s.l7 = p.TCP.Len
	case dissect.ContentICMP: // the quoted datagram belongs to the message
		s.l3 = p.IP.Total
	case dissect.ContentUDP:
		s.l7 = max(0, p.IP.Total-int(p.IP.Header)-s.l4)
	}
	s.l2 = s.frame - s.l7 - s.l4 - s.l3
	s.ok = s.l2 >= 0
	return s
}

// headerLength returns how long a header of the packet is on the wire, of which
// so many bytes were captured: TCP's own offset of its data tells where the
// capture ends inside of its options.
func headerLength(p *dissect.Packet, kind dissect.LayerKind, captured int) int {
	if kind != dissect.LayerTCP || p.Content != dissect.ContentTCP || p.Problem == dissect.ProblemMalformed {
		return captured
	}
	return max(captured, int(p.TCP.Header))
}
