package segtest

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tcpsee/capture"
)

// builder reads lines and collects frames.
type builder struct {
	o       Options
	conns   []*connection
	current int // index into conns
	vlans   []uint16
	snap    int
	now     time.Duration // time of the last frame
	started bool
	noTime  bool // the frame at hand has no time
	asker   netip.Addr
	bytes   int
	ipID    uint16
	frames  []capture.Frame
	ips     [][]byte // by frame: the datagram in it, nil for none
}

func newBuilder(o Options) (*builder, error) {
	switch o.link() {
	case capture.LinkEthernet, capture.LinkNull, capture.LinkLoop, capture.LinkRaw, capture.LinkIPv4, capture.LinkIPv6,
		capture.LinkSLL, capture.LinkSLL2:
	default:
		return nil, fmt.Errorf("%v frames cannot be made", o.link())
	}
	if o.At != "" && o.At != "client" && o.At != "server" {
		return nil, fmt.Errorf("capturing end %q is neither client nor server", o.At)
	}
	return &builder{o: o}, nil
}

// line reads one line of the script.
func (b *builder) line(s string) error {
	t, err := split(s)
	if err != nil || len(t) == 0 {
		return err
	}
	w := &words{t}
	if w.peek().kind == tokWord {
		switch w.peek().text {
		case "conn":
			return b.connLine(w)
		case "iss":
			return b.issLine(w)
		case "vlan":
			return b.vlanLine(w)
		case "snap":
			w.t = w.t[1:]
			n, err := w.number("snap length", 31)
			if err != nil {
				return err
			}
			b.snap = int(n)
			return w.end()
		}
	}
	return b.frameLine(w)
}

func (b *builder) connLine(w *words) error {
	w.t = w.t[1:]
	var ends [2]netip.AddrPort
	for i, what := range []string{"client's address", "server's address"} {
		s, err := w.word(what)
		if err != nil {
			return err
		}
		if ends[i], err = netip.ParseAddrPort(s); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ends[i].Addr().Zone() != "" || ends[i].Addr().Is4In6() {
			return fmt.Errorf("%s: %s has a zone or is IPv4 in IPv6", what, s)
		}
	}
	if ends[0].Addr().Is4() != ends[1].Addr().Is4() {
		return fmt.Errorf("one address is IPv4 and the other IPv6")
	}
	if len(b.conns) == MaxConnections {
		return fmt.Errorf("more than %d connections", MaxConnections)
	}
	b.conns = append(b.conns, newConnection(ends[0], ends[1]))
	b.current = len(b.conns) - 1
	return w.end()
}

func (b *builder) issLine(w *words) error {
	w.t = w.t[1:]
	c := b.connection()
	for i, what := range []string{"client's ISS", "server's ISS"} {
		n, err := w.number(what, 32)
		if err != nil {
			return err
		}
		c.iss[i], c.next[i] = uint32(n), 0
	}
	return w.end()
}

func (b *builder) vlanLine(w *words) error {
	w.t = w.t[1:]
	b.vlans = nil
	for {
		n, err := w.number("VLAN identifier", 12)
		if err != nil {
			return err
		}
		if n > 0 {
			b.vlans = append(b.vlans, uint16(n))
		}
		if w.done() {
			break
		}
	}
	if len(b.vlans) > 0 && b.o.link() != capture.LinkEthernet {
		return fmt.Errorf("%v frames have no VLAN tags", b.o.link())
	}
	return nil
}

// connection returns the one at hand, and makes the default one first.
func (b *builder) connection() *connection {
	if len(b.conns) == 0 {
		b.conns = append(b.conns, b.o.defaultConnection())
	}
	return b.conns[b.current]
}

// frameLine reads a line that makes a frame.
func (b *builder) frameLine(w *words) error {
	was := b.current
	defer func() { b.current = was }()
	if err := b.prefixes(w); err != nil {
		return err
	}
	if t := w.peek(); t.kind == tokOptions {
		return fmt.Errorf("options without a segment; a direction is < and a space")
	}
	what, err := w.word("direction (> or <)")
	if err != nil {
		return err
	}
	switch what {
	case ">":
		return b.segmentLine(client, w)
	case "<":
		return b.segmentLine(server, w)
	case "icmp":
		return b.icmpLine(w)
	case "arp", "nd":
		return b.neighbourLine(what == "arp", w)
	case "raw":
		return b.rawLine(w)
	case "dup":
		if err := w.end(); err != nil {
			return err
		}
		if len(b.frames) == 0 {
			return fmt.Errorf("dup: there is no frame yet")
		}
		f := b.frames[len(b.frames)-1]
		return b.add(append([]byte(nil), f.Data...), f.OrigLen, f.Direction, b.ips[len(b.ips)-1])
	}
	return fmt.Errorf("%q is neither a direction (> or <) nor a word known here", what)
}

// prefixes reads @N and the time, and sets the clock.
func (b *builder) prefixes(w *words) error {
	if t := w.peek(); t.kind == tokWord && strings.HasPrefix(t.text, "@") {
		n, err := strconv.Atoi(t.text[1:])
		if err != nil || n < 1 || n > len(b.conns) {
			return fmt.Errorf("connection %s is none of the %d before this line", t.text, len(b.conns))
		}
		b.current = n - 1
		w.t = w.t[1:]
	}
	b.noTime = false
	t := w.peek()
	switch {
	case t.kind == tokWord && t.text == "-":
		b.noTime = true
		w.t = w.t[1:]
	case t.kind == tokWord && looksLikeTime(t.text):
		d, err := seconds(strings.TrimPrefix(t.text, "+"))
		if err != nil {
			return err
		}
		if t.text[0] == '+' {
			d += b.now
		}
		b.now = d
		w.t = w.t[1:]
	case b.started:
		b.now += Step
	}
	b.started = true
	return nil
}

func (b *builder) rawLine(w *words) error {
	var text strings.Builder
	for !w.done() {
		s, err := w.word("bytes")
		if err != nil {
			return err
		}
		text.WriteString(s)
	}
	data, err := unhex(text.String())
	if err != nil {
		return err
	}
	return b.add(data, len(data), capture.DirectionUnknown, nil)
}

// add appends a frame.
func (b *builder) add(data []byte, orig int, dir capture.Direction, ip []byte) error {
	if b.snap > 0 && len(data) > b.snap {
		data = data[:b.snap:b.snap]
	}
	if b.bytes += len(data); b.bytes > MaxBytes {
		return fmt.Errorf("the frames take more than %d bytes", MaxBytes)
	}
	f := capture.Frame{
		Number:    int64(len(b.frames) + 1),
		Time:      Start + capture.Stamp(b.now),
		Data:      data,
		OrigLen:   orig,
		Link:      b.o.link(),
		Direction: dir,
	}
	if b.noTime {
		f.Time = capture.NoTime
	}
	if b.o.Unfinished {
		f.Checksums = capture.ChecksumsUnfinished
	}
	b.frames = append(b.frames, f)
	b.ips = append(b.ips, ip)
	return nil
}

// direction tells whether a frame that side sends goes in or out.
func (b *builder) direction(side int) capture.Direction {
	switch {
	case b.o.At == "":
		return capture.DirectionUnknown
	case (b.o.At == "client") == (side == client):
		return capture.DirectionOut
	}
	return capture.DirectionIn
}
