package conn

import (
	"net/netip"

	"tcpsee/dissect"
)

// find sets the connection that the segment belongs to, and makes one where it
// is the first.
func (t *Tracker) find(s *segment) {
	if t.again(s) {
		return
	}
	c := t.met(s.p)
	k, h := &c.key, c.hash
	s.from, s.to = c.from, 1-c.from
	v6 := !s.p.IP.Src.Is4()
	s.number, s.e = t.lookUp(h, k, v6)
	var reused bool
	if s.e == nil {
		reused = s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN && t.gone.has(c.gone)
	} else {
		reused = s.startsAnew()
		if !reused && !t.lapsed(s.e) {
			t.latest.set(s)
			return
		}
		if reused {
			t.replacing = t.places.at()
		}
		t.endAt(h, s.number, s.e)
		t.replacing = 0
	}
	if t.table.n >= t.options.Limits.Connections {
		t.evict()
	}
	s.number, s.e = t.entries.take()
	t.settle(s.number)
	t.table.insert(h, s.number)
	t.latest.set(s)
	t.stats.Connections++
	e := s.e
	e.addrs, e.ports = k.addrs, k.ports
	e.number.add(uint64(t.stats.Connections))
	e.firstFrame.add(uint64(t.places.at()))
	e.first, e.last = s.p.Frame.Time, s.p.Frame.Time
	e.file = uint16(s.p.Frame.File)
	e.setScale(0, scaleUnknown)
	e.setScale(1, scaleUnknown)
	e.flags.put(flagIPv6, v6)
	s.isNew = true
	if reused {
		e.flags.set(flagReused)
		s.labels = s.labels.With(PortReuse)
	}
	t.whoIsClient(s)
	if s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN && t.driven.listensAt(s.p.Dst()) {
		e.pair.set(s.to, uint8(StateListen))
	}
	t.announce(s)
}

// latest is the connection of the segment before: often the next one is of the
// same.
type latest struct {
	number uint32 // of its entry; 0 is none
	from   int
	ends   ends
}

func (l *latest) set(s *segment) {
	l.number, l.from = s.number, s.from
	l.ends.set(s.p)
}

// ends are where a segment comes from and goes to.
type ends struct {
	src, dst     netip.Addr
	sport, dport uint16
}

func (n *ends) set(p *dissect.Packet) {
	n.src, n.dst, n.sport, n.dport = p.IP.Src, p.IP.Dst, p.TCP.SrcPort, p.TCP.DstPort
}

// goes reports whether p goes between the same two ends, and whether back.
func (n *ends) goes(p *dissect.Packet) (back, ok bool) {
	switch {
	case p.TCP.SrcPort == n.sport && p.TCP.DstPort == n.dport && p.IP.Src == n.src && p.IP.Dst == n.dst:
		return false, true
	case p.TCP.SrcPort == n.dport && p.TCP.DstPort == n.sport && p.IP.Src == n.dst && p.IP.Dst == n.src:
		return true, true
	}
	return false, false
}

// again sets the connection where it is the same as that of the segment
// before, and reports whether it is.
func (t *Tracker) again(s *segment) bool {
	l := &t.latest
	if l.number == 0 || t.plodding || mayBegin(s.flags) || t.split != nil && t.split.of[l.number] != t.split.now {
		return false
	}
	back, ok := l.ends.goes(s.p)
	if !ok {
		return false
	}
	s.from = l.from
	if back {
		s.from = 1 - l.from
	}
	s.to = 1 - s.from
	s.number, s.e = l.number, t.entries.at(l.number)
	return !t.lapsed(s.e)
}

// mayBegin reports whether a segment on a known address pair may begin another
// connection.
func mayBegin(f dissect.Flags) bool { return f&(dissect.SYN|dissect.ACK) == dissect.SYN }

// startsAnew reports whether a segment on a known address pair begins another
// connection: a SYN whose sequence number is not the one that its sender began
// with.
func (s *segment) startsAnew() bool {
	return mayBegin(s.flags) &&
		s.e.flags.of(flagBase0, s.from) && s.e.base[s.from] != s.seq
}

// whoIsClient says which end of a new connection is the client: who sends SYN,
// who gets SYN-ACK; else the other one than the end whose port is rather a
// server's.
func (t *Tracker) whoIsClient(s *segment) {
	client := s.from
	switch src, dst := s.p.TCP.SrcPort, s.p.TCP.DstPort; {
	case s.e.self():
	case s.flags&(dissect.SYN|dissect.ACK) == dissect.SYN:
	case s.flags.Has(dissect.SYN | dissect.ACK), answersUnseen(&s.p.TCP):
		client = s.to
	default:
		s.e.flags.set(flagInferred)
		if servesRather(src, dst) {
			client = s.to
		}
	}
	s.e.flags.put(flagClientHi, client == 1)
}

// beginsLate reports whether the segment is the first SYN of a connection of which
// nothing was seen but segments without ACK of the other end, such as RST: these
// are of an older connection with the same ports. A SYN among them is of this one.
func (s *segment) beginsLate() bool {
	return mayBegin(s.flags) && !s.isNew && s.e.body != 0 && !s.e.flags.of(flagBase0, s.from) && !s.e.flags.of(flagSyn0, s.to)
}

// beginLate forgets what those have done: they count, and tell nothing of this one.
func (t *Tracker) beginLate(s *segment) {
	e, b := s.e, t.bodies.at(s.e.body)
	e.flags &^= flagReset | flagQueued | (flagFin0|flagKnown0)<<s.to
	e.pair, s.before = 0, [2]State{}
	b.fin[s.to] = 0
	l := t.ledger(b)
	l.rst, l.rstTook, l.answers, l.turnedBack = 0, false, false, false
	l.began, l.beganAt = e.frameRef(t.places.at()), clockOf(s.now)
	if t.appOf(e) == nil { // which tells the sides apart
		e.flags &^= flagInferred
		e.flags.put(flagClientHi, s.from == 1)
	}
}

// setBases sets where relative numbers count from: SYNs say it, else it is
// chosen so that the first number seen is 1.
func (t *Tracker) setBases(s *segment) {
	e := s.e
	if !e.flags.of(flagBase0, s.from) {
		e.flags.set(flagBase0 << s.from)
		e.base[s.from] = s.seq
		if s.flags&dissect.SYN == 0 {
			e.base[s.from]--
		}
	}
	if s.flags&dissect.ACK != 0 && !e.flags.of(flagBase0, s.to) {
		e.flags.set(flagBase0 << s.to)
		e.base[s.to] = s.ack - 1
	}
	if s.flags&dissect.SYN == 0 {
		return
	}
	if s.flags&dissect.ACK != 0 {
		// Another SYN-ACK than the first one: numbers count anew, unless that one
		// has been acknowledged.
		if t.newestISS(e, s.from) != s.seq {
			s.labels = s.labels.With(PortReuse)
		}
		switch {
		case e.base[s.from] == s.seq:
		case s.isForeignSYN():
			s.otherISS = true
		case !e.flags.has(flagSynAck) || !s.answersAnother():
			s.countAnew()
		}
	}
	if e.base[s.from] == s.seq {
		e.flags.set(flagSyn0 << s.from)
	}
}
