package conn

import (
	"math/bits"
	"time"

	"tcpsee/dissect"
)

// ruleSet is all that labels a segment.
type ruleSet struct {
	open, place, ack, resend []rule
	differ                   []difference
}

func newRuleSet() ruleSet {
	return ruleSet{openRules(), rules(), ackRules(), resendRules(), differences()}
}

// trailing returns the lowest label of a set that is not empty.
func trailing(l Labels) int { return bits.TrailingZeros32(uint32(l)) }

func seqOf(n uint32) dissect.Seq { return dissect.Seq(n) }

// give makes the segment's event.
func (t *Tracker) give(s *segment) {
	e := s.e
	ev := t.event(TypeSegment)
	p := s.p
	side := e.side(s.from)
	ev.Conn = int64(e.number.get())
	ev.Time, ev.Frame, ev.File = p.Frame.Time, p.Frame.Number, p.Frame.File
	ev.Since, ev.Delta = p.Frame.Time.Sub(t.start), p.Frame.Time.Sub(e.first)
	ev.SinceFrame = p.Frame.Time.Sub(t.before)
	ev.Idle = s.idle()
	if src, dst := p.Src(), p.Dst(); side == Client {
		ev.Client, ev.Server = src, dst
	} else {
		ev.Client, ev.Server = dst, src
	}
	ev.From = side
	ev.Kind = KindOf(s.flags, s.len)
	ev.Handshake = s.role
	ev.Labels, ev.DupAckNum = s.labels, s.dupNum
	ev.States[side], ev.States[side.Other()] = e.state(s.from), e.state(s.to)
	ev.Before[side], ev.Before[side.Other()] = s.before[s.from], s.before[s.to]
	ev.Seq, ev.SeqSeen = s.seq-e.base[s.from], !e.flags.of(flagSyn0, s.from)
	ev.Ack, ev.AckSeen = 0, false
	if s.flags&dissect.ACK != 0 {
		ev.Ack, ev.AckSeen = s.ack-e.base[s.to], !e.flags.of(flagSyn0, s.to)
	}
	ev.Window, ev.ScaleKnown = s.scaled()
	ev.WindowWas, ev.Repeats = 0, 0
	switch {
	case s.labels.Has(WindowUpdate):
		ev.WindowWas = s.winWas
	case s.labels.Has(FastRetransmission):
		ev.Repeats = s.b.dups[s.to].n()
	}
	ev.InFlight = e.inFlight(s.from)
	ev.RTT, ev.IRTT = s.rtt, 0
	ev.RTTEchoed, ev.Copied, ev.Recut = s.echoed, s.copied, s.recut
	ev.RTO, ev.SentBefore = s.rto, s.labels&resendLabels == 0 && s.resent()
	ev.OtherISS = s.otherISS
	ev.Unseen = s.labels.Has(SpuriousRetransmission) && s.shape&behindNext == 0
	ev.HalfRTT = [2]time.Duration{}
	if e.flags.has(flagHandshake) {
		ev.IRTT = time.Duration(s.b.irtt.bits())
		if s.role {
			ev.HalfRTT = e.halves(s.b)
		}
	}
	ev.Inferred = e.flags.has(flagInferred)
	ev.First = s.isNew
	ev.Packet = p
	ev.App = s.app
	ev.Detail = nil
	if t.trails != nil {
		t.detail(s, ev)
	}
}

// payload gives the segment's payload to layer 7. The connection has a body.
func (t *Tracker) payload(s *segment) {
	e := s.e
	a := t.app(s)
	if a == nil {
		return
	}
	side := e.side(s.from)
	if s.flags&dissect.ACK != 0 && s.flags&dissect.RST == 0 {
		a.acked(side.Other(), seqOf(s.ack))
	}
	first := s.seq
	if s.flags&dissect.SYN != 0 {
		first++
	}
	// A keep-alive's byte is none of the stream's, nor is what comes with RST.
	if s.len > 0 && s.flags&dissect.RST == 0 && !s.labels.Has(KeepAlive) && !s.labels.Has(ZeroWindowProbe) {
		s.app = a.segment(side, seqOf(first), s.p.TCP.Payload, s.len, t.places.at())
	}
	if s.flags&dissect.FIN != 0 {
		a.fin(side, seqOf(first+uint32(s.len)))
	}
}

// app returns what reads the connection's layer 7; it begins with the first
// byte.
func (t *Tracker) app(s *segment) *app {
	n := int(s.e.body)
	if n <= len(t.apps) && t.apps[n-1] != nil {
		return t.apps[n-1]
	}
	if s.len == 0 {
		return nil
	}
	for len(t.apps) < n {
		t.apps = append(t.apps, nil)
	}
	e := s.e
	a := newApp(&t.budget, e.endpoint(1-e.client()).Port())
	for d := range 2 {
		if e.flags.of(flagSyn0, d) {
			a.begin(e.side(d), seqOf(e.base[d]+1))
		}
	}
	t.apps[n-1] = a
	return a
}

// afterwards does what a segment's event must not show yet.
func (t *Tracker) afterwards(s *segment) {
	e := s.e
	if s.role {
		t.served.handshake(e)
	}
	closed := e.flags.has(flagReset)
	if !closed && e.flags.has(flagFin0) && e.flags.has(flagFin1) {
		closed = s.b.finAcked[0] != 0 && s.b.finAcked[1] != 0
	}
	if closed && !e.flags.has(flagQueued) {
		t.closed(s.number, e)
		t.sayVerdict(e)
	}
}
