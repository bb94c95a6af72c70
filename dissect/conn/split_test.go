package conn

import (
	"slices"
	"testing"

	"tcpsee/dissect"
	"tcpsee/dissect/segtest"
)

// Two VLANs carry the same endpoints; VLAN 7 comes back without its tag.
const twoNetworks = `
vlan 7
> S 0:0(0)
vlan 9
> S 0:0(0)
vlan 0
< S. 0:0(0) ack 1
vlan 9
< S. 0:0(0) ack 1
> . 1:1(0) ack 1
icmp from 10.0.0.9 unreachable host
vlan 7 9
> . 1:1(0) ack 1`

// numbersOf gives the connection of each frame.
func numbersOf(t *testing.T, o Options, script string) (numbers []int64, ended int) {
	t.Helper()
	tr := New(o)
	var d dissect.Decoder
	var p dissect.Packet
	for _, f := range segtest.MustFrames(t, script) {
		d.Decode(&f, &p)
		for _, e := range tr.Add(&p) {
			if e.Type == TypeSegment || e.Type == TypeICMP {
				numbers = append(numbers, e.Conn)
			}
		}
	}
	for range tr.Left() {
		ended++
	}
	return numbers, ended
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		split bool
		want  []int64
		ended int
	}{
		{false, []int64{1, 1, 1, 1, 1, 1, 1}, 1},
		{true, []int64{1, 2, 3, 2, 2, 2, 4}, 4},
	} {
		got, ended := numbersOf(t, Options{Split: tt.split}, twoNetworks)
		if !slices.Equal(got, tt.want) || ended != tt.ended {
			t.Errorf("split %v: connections %v, %d ended; want %v, %d", tt.split, got, ended, tt.want, tt.ended)
		}
	}
}

// A connection that left is told from one of another network that begins where
// it did.
func TestSplitAfterLeaving(t *testing.T) {
	const script = `
vlan 7
> S 0:0(0)
< R. 0:0(0) ack 1
vlan 9
300 > S 0:0(0)
< R. 0:0(0) ack 1
vlan 7
600 > S 0:0(0)
< R. 0:0(0) ack 1`
	for _, tt := range []struct {
		split bool
		want  int
	}{{false, 2}, {true, 1}} {
		tr := New(Options{Split: tt.split, Limits: Limits{Kept: -1}})
		var d dissect.Decoder
		var p dissect.Packet
		reused := 0
		for _, f := range segtest.MustFrames(t, script) {
			d.Decode(&f, &p)
			for _, e := range tr.Add(&p) {
				if e.Type == TypeSegment && e.Labels.Has(PortReuse) {
					reused++
				}
			}
		}
		if reused != tt.want {
			t.Errorf("split %v: %d times port-reuse, want %d", tt.split, reused, tt.want)
		}
	}
}

// Two files hold the same endpoints; with SplitFiles they are told apart, with
// their networks or without.
func TestSplitFiles(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want []int64
	}{
		{Options{}, []int64{1, 1, 1, 1, 1, 1}},
		{Options{SplitFiles: true}, []int64{1, 2, 1, 2, 1, 2}},
		{Options{Split: true, SplitFiles: true}, []int64{1, 2, 3, 2, 3, 4}},
	} {
		tr := New(tt.o)
		var d dissect.Decoder
		var p dissect.Packet
		var got []int64
		for i, f := range segtest.MustFrames(t, "> S 0:0(0)\n> S 0:0(0)\nvlan 7\n< S. 0:0(0) ack 1\nvlan 0\n< S. 0:0(0) ack 1\nvlan 7\n> . 1:1(0) ack 1\n> . 1:1(0) ack 1") {
			f.File = i % 2
			d.Decode(&f, &p)
			for _, e := range tr.Add(&p) {
				if e.Type == TypeSegment {
					got = append(got, e.Conn)
				}
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v: connections %v; want %v", tt.o, got, tt.want)
		}
	}
}
