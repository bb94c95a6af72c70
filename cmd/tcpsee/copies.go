package main

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// Where all interfaces are captured, one packet is seen on each that it passes
// on its way through this machine: on a bridge and on the bridge's port, on a
// bond and on its card, where it comes in and where it is forwarded. copies
// lets each packet through once.
//
// Each direction of a connection has an interface of its own, if possible the
// same: the one nearest to the program on this machine. What goes out is seen
// there first, what comes in is seen there last. A packet on another interface
// is left out where it is equal to one that was let through, and, so that what
// comes in is drawn where the program is, where it is known to come again. It
// is known from how the interfaces lie upon each other, and from the packets
// before. What is not known is let through: a packet may be drawn as seen on
// the wrong interface, and none is missing.
type copies struct {
	interfaces func() []capture.Interface              // of the source's frames
	list       func() ([]capture.InterfaceInfo, error) // of this machine
	now        func() time.Time

	hint    string
	sources []capture.Interface // what interfaces said last

	seed   maphash.Seed
	slots  [copySlots]copySlot
	recent map[endpoints]*course // by source and destination
	older  map[endpoints]*course

	known   map[int]capture.InterfaceInfo
	asked   time.Time
	leftOut map[string]int64 // by the name of the interface
}

// course is one direction of a connection.
type course struct {
	own     int    // its interface; 0 while there is none
	early   int    // an interface that its packets pass before own; 0 for none
	awaited uint64 // the packet left out on early that own has not shown yet; 0 for none
}

// copySlot remembers a packet that was let through.
type copySlot struct {
	print uint64
	at    capture.Stamp
	index int
}

// Limits of copies.
const (
	copySlots   = 1 << 10 // packets remembered
	copyWithin  = 50 * time.Millisecond
	maxCourses  = 1 << 15 // in each of two generations
	maxStack    = 8       // interfaces upon each other
	relistAfter = time.Second
)

// newCopies returns nil where one interface is captured, and all packets pass.
// hint ends the note about what was left out.
func newCopies(src capture.Source, name, hint string) *copies {
	if name != "" && name != capture.AnyInterface {
		return nil
	}
	return &copies{interfaces: src.Interfaces, list: capture.Interfaces, now: time.Now, hint: hint, seed: maphash.MakeSeed(),
		recent: make(map[endpoints]*course), leftOut: make(map[string]int64)}
}

// pass reports whether a packet is to be drawn.
func (c *copies) pass(p *dissect.Packet) bool {
	if c == nil || p.Frame.Interface < 0 {
		return true
	}
	if p.Frame.Interface >= len(c.sources) {
		if c.sources = c.interfaces(); p.Frame.Interface >= len(c.sources) {
			return true // of an interface that nobody has told of
		}
	}
	at := c.sources[p.Frame.Interface]
	on := c.about(at.Index)
	if on.Loopback {
		return true // the capture gives each once
	}
	print := c.print(p)
	if print == 0 {
		return true
	}
	ok := true
	if p.Content == dissect.ContentTCP {
		ok = c.segment(p, on, at.Index, print)
	} else {
		ok = !c.seen(print, p.Frame.Time, at.Index)
	}
	if ok {
		c.remember(print, p.Frame.Time, at.Index)
	} else {
		c.leftOut[at.Name]++
	}
	return ok
}

// segment decides about a packet of TCP.
func (c *copies) segment(p *dissect.Packet, on capture.InterfaceInfo, index int, print uint64) bool {
	course := c.course(endpoints{p.Src(), p.Dst()})
	back := c.course(endpoints{p.Dst(), p.Src()})
	again := c.seen(print, p.Frame.Time, index)
	switch {
	case course.own == 0 && c.goesUp(p, on):
		course.own, course.early = on.Master, index
	case course.own == 0 && back.own != 0 && back.own != index && c.above(back.own, index):
		course.own, course.early = back.own, index
	}
	switch {
	case course.own == 0:
		course.own = index
		return true
	case course.own == index:
		if course.awaited == print {
			course.awaited = 0
		}
		return !again
	case again:
		// It has come nearer to its program, or to where the answers are.
		if p.Frame.Direction == capture.DirectionIn || back.own == index {
			course.own, course.early, course.awaited = index, course.own, 0
		}
		return false
	case course.early == index && course.awaited == 0:
		course.awaited = print
		return false
	case c.above(course.own, index) && p.Frame.Direction == capture.DirectionOut:
		return false // in other pieces than above, for offloading
	}
	course.own, course.early, course.awaited = index, 0, 0 // another way
	return true
}

// goesUp reports whether a packet that has come in on a port is for the bridge
// or bond itself, and so will be seen there.
func (c *copies) goesUp(p *dissect.Packet, on capture.InterfaceInfo) bool {
	if on.Master == 0 || p.Frame.Link != capture.LinkEthernet || p.Frame.Direction == capture.DirectionOut || len(p.Frame.Data) < 6 {
		return false
	}
	m := c.about(on.Master)
	return m.Up && len(m.Hardware) == 6 && string(m.Hardware) == string(p.Frame.Data[:6])
}

// above reports whether an interface lies upon another: as its bridge, its
// bond, its VLAN.
func (c *copies) above(upper, lower int) bool {
	for range maxStack {
		if m := c.about(lower).Master; m != 0 {
			if m == upper {
				return true
			}
			lower = m
			continue
		}
		if upper = c.about(upper).Lower; upper == 0 {
			return false
		}
		if upper == lower {
			return true
		}
	}
	return false
}

// about returns what is known of an interface. A new one is asked for, not
// too often.
func (c *copies) about(index int) capture.InterfaceInfo {
	if i, ok := c.known[index]; ok {
		return i
	}
	if now := c.now(); c.known == nil || now.Sub(c.asked) >= relistAfter {
		c.asked = now
		c.known = make(map[int]capture.InterfaceInfo)
		list, _ := c.list() // without it equal packets are still told
		for _, i := range list {
			c.known[i.Index] = i
		}
	}
	return c.known[index]
}

// course returns what is remembered of a direction, where it is entered when
// it is new. The oldest are forgotten.
func (c *copies) course(key endpoints) *course {
	if x := c.recent[key]; x != nil {
		return x
	}
	x := c.older[key]
	if x == nil {
		x = &course{}
	}
	if len(c.recent) >= maxCourses {
		c.older, c.recent = c.recent, make(map[endpoints]*course)
	}
	c.recent[key] = x
	return x
}

// seen reports whether a packet with that print was let through lately, from
// another interface.
func (c *copies) seen(print uint64, at capture.Stamp, index int) bool {
	x := &c.slots[print%copySlots]
	after := at.Sub(x.at)
	return x.print == print && x.index != index && after <= copyWithin && after >= -copyWithin
}

func (c *copies) remember(print uint64, at capture.Stamp, index int) {
	c.slots[print%copySlots] = copySlot{print, at, index}
}

// print is the same for copies of a packet: what no bridge and no router
// changes. It is 0 for what has none.
func (c *copies) print(p *dissect.Packet) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	addr := func(a netip.Addr) { b := a.As16(); _, _ = h.Write(b[:]) }
	number := func(v ...uint64) {
		for _, n := range v {
			maphash.WriteComparable(&h, n)
		}
	}
	switch p.Content {
	case dissect.ContentTCP:
		t := &p.TCP
		addr(p.IP.Src)
		addr(p.IP.Dst)
		number(uint64(t.SrcPort)<<16|uint64(t.DstPort), uint64(t.Seq)<<32|uint64(t.Ack), uint64(t.Flags)<<16|uint64(t.Window), uint64(t.Len), uint64(p.IP.ID))
		_, _ = h.Write(t.Options)
	case dissect.ContentICMP:
		m := &p.ICMP
		addr(p.IP.Src)
		addr(p.IP.Dst)
		number(uint64(m.Type)<<8|uint64(m.Code), uint64(p.IP.ID), uint64(m.QuotedSeq), uint64(m.QuotedSrc.Port())<<16|uint64(m.QuotedDst.Port()))
	case dissect.ContentNeighbour:
		n := &p.Neighbour
		addr(n.Sender)
		addr(n.Target)
		kind := uint64(1)
		if n.Reply {
			kind = 2
		}
		number(kind)
	default:
		return 0
	}
	return max(1, h.Sum64())
}

// note says how many copies were left out and where; empty for none.
func (c *copies) note() (text string, n int64) {
	if c == nil || len(c.leftOut) == 0 {
		return "", 0
	}
	names := make([]string, 0, len(c.leftOut))
	for name, k := range c.leftOut {
		names, n = append(names, name), n+k
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(c.leftOut[b], c.leftOut[a]), cmp.Compare(a, b)) })
	if len(names) > maxCopyNames {
		names = append(names[:maxCopyNames], "others")
	}
	return fmt.Sprintf("seen again on %s%s", strings.Join(names, ", "), c.hint), n
}

// maxCopyNames is how many interfaces the footer names.
const maxCopyNames = 4
