package main

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// machineOf the tests: a bridge br with ports p1 and p2, a card eth with a
// VLAN on it, and another card wan.
var copiesInterfaces = []capture.InterfaceInfo{
	{Name: "lo", Index: 1, Loopback: true, Up: true},
	{Name: "br", Index: 2, Up: true, Hardware: []byte{2, 0, 0, 0, 0, 2}},
	{Name: "p1", Index: 3, Up: true, Master: 2},
	{Name: "p2", Index: 4, Up: true, Master: 2},
	{Name: "eth", Index: 5, Up: true},
	{Name: "eth.10", Index: 6, Up: true, Lower: 5},
	{Name: "wan", Index: 7, Up: true},
}

// sighting is one packet on one interface: segment seq from a to b, or from b
// to a where back is set.
type sighting struct {
	on   string
	dir  capture.Direction
	back bool
	seq  uint32
	up   bool // addressed to the bridge itself
	late bool // long after the one before
}

func copiesOver(t *testing.T, list []sighting) []string {
	t.Helper()
	var known []capture.Interface
	index := make(map[string]int)
	for i, in := range copiesInterfaces {
		index[in.Name] = i
		known = append(known, capture.Interface{Name: in.Name, Index: in.Index})
	}
	c := newCopies(&source{known: known}, "any", "")
	c.list = func() ([]capture.InterfaceInfo, error) { return copiesInterfaces, nil }
	var drawn []string
	at := capture.Stamp(0)
	for _, s := range list {
		if at += 1000; s.late {
			at += capture.Stamp(time.Minute)
		}
		mac := byte(9)
		if s.up {
			mac = 2
		}
		f := capture.Frame{Time: at, Link: capture.LinkEthernet, Interface: index[s.on], Direction: s.dir, Data: []byte{2, 0, 0, 0, 0, mac}}
		p := dissect.Packet{Frame: &f, Content: dissect.ContentTCP}
		p.IP.Src, p.IP.Dst = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
		p.TCP.SrcPort, p.TCP.DstPort, p.TCP.Seq = 1000, 80, dissect.Seq(s.seq)
		if s.back {
			p.IP.Src, p.IP.Dst = p.IP.Dst, p.IP.Src
			p.TCP.SrcPort, p.TCP.DstPort = 80, 1000
		}
		if c.pass(&p) {
			drawn = append(drawn, fmt.Sprintf("%s %d", s.on, s.seq))
		}
	}
	return drawn
}

// source is a capture.Source of nothing but interfaces.
type source struct {
	capture.Source
	known []capture.Interface
}

func (s *source) Interfaces() []capture.Interface { return s.known }

// TestCopies: each packet once, on the interface next to the program, and none
// is missing.
func TestCopies(t *testing.T) {
	const in, out = capture.DirectionIn, capture.DirectionOut
	for _, c := range []struct {
		name string
		seen []sighting
		want []string
	}{
		{"from this machine over a bridge", []sighting{
			{on: "br", dir: out, seq: 1}, {on: "p1", dir: out, seq: 1},
			{on: "p1", dir: in, back: true, seq: 2}, {on: "br", dir: in, back: true, seq: 2},
			{on: "br", dir: out, seq: 3}, {on: "p1", dir: out, seq: 3},
		}, []string{"br 1", "br 2", "br 3"}},
		{"to this machine over a bridge", []sighting{
			{on: "p1", dir: in, up: true, seq: 1}, {on: "br", dir: in, up: true, seq: 1},
			{on: "br", dir: out, back: true, seq: 2}, {on: "p1", dir: out, back: true, seq: 2},
		}, []string{"br 1", "br 2"}},
		{"from port to port of a bridge", []sighting{
			{on: "p1", dir: in, seq: 1}, {on: "p2", dir: out, seq: 1},
			{on: "p2", dir: in, back: true, seq: 2}, {on: "p1", dir: out, back: true, seq: 2},
			{on: "p2", dir: in, back: true, seq: 3}, {on: "p1", dir: out, back: true, seq: 3},
		}, []string{"p1 1", "p2 2", "p1 3"}}, // that it passes p1 as well has to be learned
		{"over a VLAN", []sighting{
			{on: "eth.10", dir: out, seq: 1}, {on: "eth", dir: out, seq: 1},
			{on: "eth", dir: in, back: true, seq: 2}, {on: "eth.10", dir: in, back: true, seq: 2},
		}, []string{"eth.10 1", "eth.10 2"}},
		{"to this machine over a VLAN", []sighting{
			{on: "eth", dir: in, seq: 1}, {on: "eth.10", dir: in, seq: 1},
			{on: "eth.10", dir: out, back: true, seq: 2}, {on: "eth", dir: out, back: true, seq: 2},
			{on: "eth", dir: in, seq: 3}, {on: "eth.10", dir: in, seq: 3},
		}, []string{"eth 1", "eth.10 2", "eth.10 3"}},
		{"in smaller pieces below", []sighting{
			{on: "br", dir: out, seq: 1}, {on: "p1", dir: out, seq: 1},
			{on: "br", dir: out, seq: 2}, {on: "p1", dir: out, seq: 20}, {on: "p1", dir: out, seq: 21},
		}, []string{"br 1", "br 2"}},
		{"there and back by other ways", []sighting{
			{on: "eth", dir: in, seq: 1}, {on: "wan", dir: out, seq: 1},
			{on: "wan", dir: in, back: true, seq: 2},
			{on: "wan", dir: in, back: true, seq: 3},
		}, []string{"eth 1", "wan 2", "wan 3"}},
		{"the way changes", []sighting{
			{on: "eth", dir: out, seq: 1}, {on: "eth", dir: out, seq: 2}, {on: "wan", dir: out, seq: 3}, {on: "wan", dir: out, seq: 4},
		}, []string{"eth 1", "eth 2", "wan 3", "wan 4"}},
		{"sent twice on one interface", []sighting{
			{on: "eth", dir: out, seq: 1}, {on: "eth", dir: out, seq: 1},
		}, []string{"eth 1", "eth 1"}},
		{"sent again on another, long after", []sighting{
			{on: "eth", dir: out, seq: 1}, {on: "wan", dir: out, seq: 1, late: true},
		}, []string{"eth 1", "wan 1"}},
		{"the bridge no longer lets it through", []sighting{
			{on: "p1", dir: in, up: true, seq: 1}, {on: "br", dir: in, up: true, seq: 1},
			{on: "p1", dir: in, seq: 2}, {on: "p1", dir: in, seq: 3}, {on: "p1", dir: in, seq: 4},
		}, []string{"br 1", "p1 3", "p1 4"}}, // one may be missing until that is noticed
		{"loopback", []sighting{
			{on: "lo", dir: in, seq: 1}, {on: "lo", dir: in, seq: 1},
		}, []string{"lo 1", "lo 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := copiesOver(t, c.seen); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("drawn %q, want %q", got, c.want)
			}
		})
	}
}

// TestCopiesForget: what is remembered of directions is bounded.
func TestCopiesForget(t *testing.T) {
	c := newCopies(&source{}, "", "")
	for i := range 3 * maxCourses {
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 24), byte(i >> 16), byte(i >> 8)}), uint16(i))
		c.course(endpoints{a, a}).own = i
	}
	if n := len(c.recent) + len(c.older); n > 2*maxCourses {
		t.Errorf("%d directions are remembered", n)
	}
	if newCopies(&source{}, "eth0", "") != nil {
		t.Error("on one interface nothing is left out")
	}
}
