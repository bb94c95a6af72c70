package segtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"tcpsee/dissect"
)

// segment is a line about TCP, read.
type segment struct {
	from     int
	flags    dissect.Flags
	seq      uint32
	hasSeq   bool
	length   int // −1: as the payload has it
	ack      uint32
	hasAck   bool
	win, urg uint16
	ip       ipFields
	options  []byte
	payload  []byte
	badSum   bool
	lost     bool
}

// ipFields are what a line can say about the IP header.
type ipFields struct {
	ttl, tos byte
	id       uint16
	hasID    bool
}

const (
	defaultTTL    = 64
	defaultWindow = 65535
	maxDatagram   = 65535
)

var flagLetters = map[rune]dissect.Flags{
	'F': dissect.FIN, 'S': dissect.SYN, 'R': dissect.RST, 'P': dissect.PSH, '.': dissect.ACK, 'U': dissect.URG,
	'E': dissect.ECE, 'W': dissect.CWR, 'A': dissect.AE, '1': 1 << 11, '2': 1 << 10, '3': 1 << 9,
}

func parseFlags(s string) (dissect.Flags, error) {
	if s == "-" {
		return 0, nil
	}
	var f dissect.Flags
	for _, r := range s {
		bit, ok := flagLetters[r]
		if !ok {
			return 0, fmt.Errorf("control bit %q is none of S . P F R U E W A 1 2 3 -", r)
		}
		f |= bit
	}
	return f, nil
}

// segmentLine reads what follows the direction and makes the frame.
func (b *builder) segmentLine(from int, w *words) error {
	c := b.connection()
	word, err := w.word("control bits")
	if err != nil {
		return err
	}
	s := segment{from: from, length: -1, win: defaultWindow, ip: ipFields{ttl: defaultTTL}}
	if s.flags, err = parseFlags(word); err != nil {
		return err
	}
	for !w.done() {
		if err := s.part(c, w); err != nil {
			return err
		}
	}
	if err := s.complete(c); err != nil {
		return err
	}
	return b.emit(c, &s)
}

// part reads one token or pair of tokens.
func (s *segment) part(c *connection, w *words) (err error) {
	t := w.peek()
	w.t = w.t[1:]
	switch t.kind {
	case tokPayload:
		if s.payload != nil {
			return errors.New("two payloads")
		}
		s.payload = []byte(t.text)
		return nil
	case tokOptions:
		s.options, err = tcpOptions(t.text, c.iss[1-s.from])
		return err
	}
	switch t.text {
	case "badsum":
		s.badSum = true
		return nil
	case "lost":
		s.lost = true
		return nil
	case "ack":
		word, err := w.word("acknowledgment number")
		if err != nil {
			return err
		}
		s.hasAck = true
		s.ack, err = sequence(word, c.iss[1-s.from])
		return err
	case "win", "urg", "id", "ttl", "tos":
		return s.field(t.text, w)
	}
	return s.span(t.text, c.iss[s.from])
}

func (s *segment) field(name string, w *words) error {
	bits := 16
	if name == "ttl" || name == "tos" {
		bits = 8
	}
	n, err := w.number(name, bits)
	switch name {
	case "win":
		s.win = uint16(n)
	case "urg":
		s.urg = uint16(n)
	case "id":
		s.ip.id, s.ip.hasID = uint16(n), true
	case "ttl":
		s.ip.ttl = byte(n)
	case "tos":
		s.ip.tos = byte(n)
	}
	return err
}

// span reads 1:7(6), 1(6) or 1.
func (s *segment) span(word string, iss uint32) error {
	if s.hasSeq {
		return fmt.Errorf("%q is not known here", word)
	}
	nums, length, hasLen := strings.Cut(word, "(")
	first, last, hasEnd := strings.Cut(nums, ":")
	var err error
	if s.seq, err = sequence(first, iss); err != nil {
		return fmt.Errorf("%q is not known here: %w", word, err)
	}
	s.hasSeq = true
	if hasLen {
		digits, ok := strings.CutSuffix(length, ")")
		n, err := number("length", digits, 16)
		if err != nil || !ok {
			return fmt.Errorf("length in %q is not a number in parentheses", word)
		}
		s.length = int(n)
	}
	if !hasEnd {
		return nil
	}
	end, err := sequence(last, iss)
	if err != nil {
		return err
	}
	n := end - s.seq
	if hasLen && n != uint32(s.length) {
		return fmt.Errorf("%q: from %s to %s are %d bytes", word, first, last, n)
	}
	if n > maxDatagram {
		return fmt.Errorf("%q: %d bytes do not fit in a segment", word, n)
	}
	s.length = int(n)
	return nil
}

// complete fills in what the line left out, and moves the sender on.
func (s *segment) complete(c *connection) error {
	if s.length >= 0 && s.payload != nil && len(s.payload) != s.length {
		return fmt.Errorf("the payload has %d bytes, the line says %d", len(s.payload), s.length)
	}
	if !s.hasSeq {
		s.seq = c.iss[s.from] + c.next[s.from]
	}
	if s.payload == nil && s.length > 0 {
		s.payload = letters(s.seq-c.iss[s.from], s.length)
	}
	if !s.hasAck && s.flags.Has(dissect.ACK) {
		s.ack = c.iss[1-s.from] + c.next[1-s.from]
	}
	end := s.seq - c.iss[s.from] + uint32(len(s.payload))
	if s.flags.Has(dissect.SYN) {
		end++
	}
	if s.flags.Has(dissect.FIN) {
		end++
	}
	if int32(end-c.next[s.from]) > 0 {
		c.next[s.from] = end
	}
	return nil
}

// letters makes n bytes that tell where in the stream they belong.
func letters(from uint32, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte((from+uint32(i))%26)
	}
	return b
}

// emit wraps the segment.
func (b *builder) emit(c *connection, s *segment) error {
	src, dst := c.ends[s.from], c.ends[1-s.from]
	header := 20 + len(s.options)
	t := make([]byte, header, header+len(s.payload))
	binary.BigEndian.PutUint16(t[0:], src.Port())
	binary.BigEndian.PutUint16(t[2:], dst.Port())
	binary.BigEndian.PutUint32(t[4:], s.seq)
	binary.BigEndian.PutUint32(t[8:], s.ack)
	binary.BigEndian.PutUint16(t[12:], uint16(header/4)<<12|uint16(s.flags))
	binary.BigEndian.PutUint16(t[14:], s.win)
	binary.BigEndian.PutUint16(t[18:], s.urg)
	copy(t[20:], s.options)
	t = append(t, s.payload...)
	sum := pseudoSum(src.Addr(), dst.Addr(), protoTCP, len(t))
	if b.o.Unfinished {
		binary.BigEndian.PutUint16(t[16:], fold(sum))
	} else {
		binary.BigEndian.PutUint16(t[16:], ^fold(addSum(sum, t)))
	}
	if s.badSum {
		t[16] ^= 0xff
	}
	ip, err := b.datagram(src.Addr(), dst.Addr(), protoTCP, s.ip, t)
	if err != nil {
		return err
	}
	c.last = ip
	if s.lost {
		return nil
	}
	return b.wrap(ip, src.Addr(), dst.Addr(), b.direction(s.from))
}
