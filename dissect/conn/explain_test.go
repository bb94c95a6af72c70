package conn

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tcpsee/dissect"
)

func TestExplainKnowsEveryWord(t *testing.T) {
	var words []string
	for k := KindOther; k <= KindRST; k++ {
		words = append(words, k.String())
	}
	for l := range labelCount {
		words = append(words, l.String())
	}
	for s := StateUnknown; s <= StateTimeWait; s++ {
		words = append(words, s.String())
	}
	for _, o := range []Outcome{OutcomeClosed, OutcomeReset, OutcomeRefused, OutcomeNoAnswer, OutcomeUnreachable, OutcomeHalfOpen,
		OutcomeHalfClosed, OutcomeOpen, OutcomeStalled, OutcomeMidstream} {
		words = append(words, string(o))
	}
	words = append(words, dissect.Flags(0x1ff).Names()...)
	words = append(words, detailBacklog, detailNoNeighbour, detailNoRoute, detailProhibited, detailLoop, detailLocalOnly, detailElsewhere,
		detailOtherFamily, detailUDP, detailStale, detailAbandoned, detailNoData, detailAfterClose, detailAfterData, detailPeerClosed, detailLinger0, detailUnread, detailNoReply,
		detailAnswerCut, detailBadRequest, detailIncomplete, detailIdle, detailTLSToPlain, detailProbe, detailPlainToTLS, detailOtherTongue, detailTLSAlert, detailZeroWindow, detailPathMTU,
		detailUnacked, detailSimultaneous, detailSelf, detailWaiting)
	words = append(words, "syn_sent", "Initial Sequence Number", "handshake", "three-way handshake", "MSS", "RTT", "ECONNREFUSED")
	words = append(words, "wscale=", "[TCP Dup ACK]", "[FIN, ACK]", "TCP Previous segment not captured", "TCP ACKed unseen segment", "TCP Port numbers reused",
		"client", "server", "connection", "c1", "payload", "L", "layer 4", "ESTAB", "cwnd", "TSecr", "DF", "ICMPv6", "DNS", "802.1Q", "VXLAN")
	for n := 1; n <= 7; n++ {
		words = append(words, "L"+strconv.Itoa(n))
	}
	words = append(words, strings.Fields("application presentation session transport network physical TCP IPv4 IPv6 Ethernet")...) // a card's words
	for _, w := range words {
		if e, ok := Explain(w); !ok || e.Text == "" || e.Title == "" {
			t.Errorf("%q is not explained", w)
		}
	}
	if _, ok := Explain("flux capacitor"); ok {
		t.Error("an unknown word is explained")
	}
}

// TestPicturesAreOfEntries holds that each picture is that of words that are
// explained, and of ASCII, so that every terminal can show it.
func TestPicturesAreOfEntries(t *testing.T) {
	for _, p := range pictures {
		for _, term := range p.terms {
			e, ok := Explain(term)
			if !ok || e.Term != term {
				t.Errorf("a picture of %q, which has no entry of its own", term)
			}
		}
		for _, s := range p.strokes {
			for _, c := range s.Client + s.Text + s.Server {
				if c < ' ' || c > '~' {
					t.Errorf("%q in the picture of %s", c, p.terms[0])
				}
			}
		}
	}
}

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	rfc := regexp.MustCompile(`^(RFC \d+(, section [\d.]+)?(; )?)*$`)
	for _, e := range Terms() {
		key := termKey(e.Term)
		if seen[key] && e.Term != "closed" {
			t.Errorf("%q stands twice", e.Term)
		}
		seen[key] = true
		if !rfc.MatchString(e.RFC) {
			t.Errorf("%q: source %q", e.Term, e.RFC)
		}
		if !strings.HasSuffix(e.Text, ".") && !strings.HasSuffix(e.Text, ".)") {
			t.Errorf("%q: the text does not end", e.Term)
		}
		if len(e.Text) > 360 {
			t.Errorf("%q: %d bytes are more than three lines", e.Term, len(e.Text))
		}
	}
	for _, s := range synonyms {
		if seen[termKey(s[0])] {
			t.Errorf("synonym %q is a term itself", s[0])
		}
		if !seen[termKey(s[1])] {
			t.Errorf("synonym %q points to %q, which is no term", s[0], s[1])
		}
	}
}

func TestSentence(t *testing.T) {
	payload := func(n int) *dissect.Packet {
		return &dissect.Packet{Content: dissect.ContentTCP, TCP: dissect.TCP{Len: n}}
	}
	tests := []struct {
		e    Event
		want string
	}{
		{Event{Kind: KindSYN}, "The client asks for a connection, and says with which number its bytes begin."},
		{Event{Kind: KindSYN, Packet: payload(5)}, "The client asks for a connection, and sends 5 bytes with the question."},
		{Event{Kind: KindSYN, Labels: Labels(0).With(Retransmission)}, "The client sends its SYN again, for nothing has answered it."},
		{Event{Kind: KindSYNACK, From: Server, Ack: 1}, "The server agrees, and begins to count at its own number; byte 1 of the client is what it expects first."},
		{Event{Kind: KindACK, Handshake: true, IRTT: 32 * time.Microsecond}, "The handshake is complete: both ends know where the other begins to count. It took 32 µs."},
		{Event{Kind: KindACK, From: Server, Ack: 7, Window: 65483, ScaleKnown: true}, "The server has everything before byte 7 and can take 65,483 more."},
		{Event{Kind: KindACK, From: Server, Ack: 7, Window: 512, RTT: 1500 * time.Microsecond}, "The server has everything before byte 7. The answer took 1.5 ms."},
		{Event{Kind: KindACK, Ack: 7, Window: 9, AckSeen: true}, "The client has everything before byte 7 (counted from the first one captured)."},
		{Event{Kind: KindData, Seq: 1, InFlight: 6, Packet: payload(6)}, "The client sends bytes 1 to 6."},
		{Event{Kind: KindData, Seq: 7, InFlight: 7, Packet: payload(1)}, "The client sends byte 7. 7 bytes are on their way now, not acknowledged."},
		{Event{Kind: KindFIN, Seq: 7}, "The client has no more to send; it can still receive."},
		{Event{Kind: KindFIN, From: Server, Before: [2]State{StateFinWait1, StateCloseWait}}, "The server has no more to send, and closes too: when this is acknowledged, all is over."},
		{Event{Kind: KindRST, From: Server}, "The server breaks the connection off: both ends forget it at once."},
		{Event{Kind: KindACK, Labels: Labels(0).With(DupAck), DupAckNum: 2, Ack: 1449}, "The client still waits for byte 1,449: something later has come, or what it has already (repeat 2)."},
		{Event{Kind: KindACK, Labels: Labels(0).With(ZeroWindow), From: Server, Ack: 3}, "The server has everything before byte 3 and no room for more: its program does not read. The client must wait."},
		{Event{Kind: KindACK, Labels: Labels(0).With(ZeroWindow), Ack: 3, States: [2]State{StateTimeWait, StateClosed}}, "The client has everything before byte 3, and wants no more: the server has closed."},
		{Event{Kind: KindFIN, Seq: 7, Labels: Labels(0).With(Retransmission), RTO: 11 * time.Microsecond}, "The client sends its FIN again 11 µs after it had sent it last: too soon for a time-out, perhaps only to acknowledge more, or it was doubled on its way."},
		{Event{Kind: KindSYNACK, From: Server, Labels: Labels(0).With(Retransmission), RTO: 67 * time.Microsecond}, "The server sends its SYN-ACK again 67 µs after it had sent it last: too soon for a time-out, perhaps it was doubled on its way."},
		{Event{Kind: KindSYNACK, From: Server, Labels: Labels(0).With(Retransmission), RTO: time.Second, Before: [2]State{StateEstablished, StateSynReceived}}, "The server sends its SYN-ACK again 1.0 s after it had sent it last, for nothing has answered it."},
		{Event{Kind: KindSYNACK, From: Server, Labels: Labels(0).With(Retransmission), RTO: time.Second, Before: [2]State{StateEstablished, StateEstablished}},
			"The server sends its SYN-ACK again 1.0 s after it had sent it last, though the client's ACK is in the capture: that was lost further on, or the server's system let it pass, for its program's queue is full, or wants to hear of a client only with its first data (TCP_DEFER_ACCEPT)."},
		{Event{Kind: KindRST, From: Server, Labels: Labels(0).With(Retransmission)}, "The server breaks the connection off: both ends forget it at once."},
		{Event{Kind: KindACK, Labels: Labels(0).With(WindowUpdate), Window: 100, ScaleKnown: true}, "The client has room again: it can take 100 more."},
		{Event{Kind: KindACK, Labels: Labels(0).With(WindowUpdate), WindowWas: 50, Window: 100, ScaleKnown: true}, "The client has more room now: it can take 100 more."},
		{Event{Kind: KindACK, Labels: Labels(0).With(WindowUpdate), WindowWas: 37760, Window: 4352, ScaleKnown: true}, "The client has less room now: it can take 4,352 more, and not 37,760 as before."},
		{Event{Kind: KindACK, Labels: Labels(0).With(WindowUpdate), WindowWas: 9, Window: 8}, "The client has less room now than before."},
		{Event{Kind: KindFIN, Seq: 7, Labels: Labels(0).With(Retransmission), RTO: 30 * time.Millisecond}, "The client sends its FIN again 30 ms after it had sent it last, for no ACK came in time."},
		{Event{Kind: KindFIN, Seq: 7, Labels: Labels(0).With(SpuriousRetransmission)}, "The client sends its FIN again, which the server has acknowledged already: that ACK was late or lost."},
		{Event{Kind: KindFIN, Seq: 7, Labels: Labels(0).With(OutOfOrder)}, "The client's FIN arrives late: a later segment has overtaken it."},
		{Event{Kind: KindFIN, Seq: 7, Labels: Labels(0).With(Retransmission), Packet: payload(2)}, "The client sends byte 7 and what follows again, for no ACK came in time."},
		{Event{Kind: KindData, Seq: 7, Labels: Labels(0).With(FastRetransmission), Repeats: 2, Packet: payload(2)}, "The client sends byte 7 and what follows again at once: repeated ACKs said that it is missing."},
		{Event{Kind: KindData, Seq: 7, Labels: Labels(0).With(FastRetransmission), Packet: payload(2)}, "The client sends byte 7 and what follows again at once: that is what the server's last ACK waits for."},
		{Event{Kind: KindData, Seq: 7, Labels: Labels(0).With(Retransmission), Packet: payload(1)}, "The client sends byte 7 again, for no ACK came in time."},
		{Event{Kind: KindData, Seq: 7, Labels: Labels(0).With(OutOfOrder), Packet: payload(1)}, "Byte 7 arrives late: a later segment has overtaken it."},
		{Event{Kind: KindFIN, Seq: 7, Packet: payload(1)}, "The client sends its last byte; it can still receive."},
		{Event{Kind: KindFIN, Seq: 7, Packet: payload(2)}, "The client sends its last 2 bytes; it can still receive."},
		{Event{Kind: KindSYN, Labels: Labels(0).With(Retransmission), RTO: 1024 * time.Millisecond}, "The client sends its SYN again 1.0 s after it had sent it last, for nothing has answered it."},
		{Event{Kind: KindData, Seq: 101, Labels: Labels(0).With(Retransmission), RTO: 204 * time.Millisecond, Packet: payload(9)},
			"The client sends byte 101 and what follows again 204 ms after it had sent it last, for no ACK came in time."},
		{Event{Kind: KindSYNACK, From: Server, Ack: 6, Labels: Labels(0).With(TFOAck)}, "The server agrees, and has taken the 5 bytes that came with the SYN: byte 6 is what it expects next."},
		{Event{Kind: KindSYNACK, From: Server, Ack: 1, Labels: Labels(0).With(TFOIgnored)}, "The server agrees, and has not taken what came with the SYN: it expects byte 1, so that the data must be sent again."},
		{Event{Kind: KindData, Seq: 1, Labels: Labels(0).With(Offloaded), Packet: payload(3000)},
			"The client sends bytes 1 to 3,000. 3,000 bytes fit into no packet on the wire: the network card cuts them up, or has put them together."},
		{Event{Kind: KindData, From: Server, Seq: 7, Labels: Labels(0).With(HalfClose), Packet: payload(2)}, "The server sends bytes 7 to 8. The client has closed its own direction, and still receives."},
		{Event{Kind: KindFIN, From: Server, Before: [2]State{StateFinWait2, StateCloseWait}, States: [2]State{StateTimeWait, StateLastAck}, Labels: Labels(0).With(TimeWait)},
			"The server has no more to send, and closes too: when this is acknowledged, all is over. The client now keeps the connection in mind for a while (TIME-WAIT)."},
		{Event{Kind: KindACK, Seq: 6, Labels: Labels(0).With(KeepAlive)}, "The client asks whether the server is still there, with number 6, which was used before."},
		{Event{Kind: KindACK, From: Server, Ack: 7, Labels: Labels(0).With(ZeroWindowProbeAck)}, "The server has everything before byte 7 and still no room."},
		{Event{Kind: KindOther}, "The client sends a segment with no control bit that means anything here."},
		{Event{Type: TypeICMP}, ""},
	}
	for _, tt := range tests {
		if got := tt.e.Sentence(); got != tt.want {
			t.Errorf("%v %v:\n got %q\nwant %q", tt.e.From, tt.e.Kind, got, tt.want)
		}
	}
	for k := KindOther; k <= KindRST; k++ { // no combination may panic or be silent
		for l := range labelCount {
			e := Event{Kind: k, Labels: Labels(0).With(l)}
			if e.Sentence() == "" {
				t.Errorf("%v %v has no sentence", k, l)
			}
		}
	}
}

// TestSentenceFigures holds that the figures that a sentence compares with are
// those of the segments before.
func TestSentenceFigures(t *testing.T) {
	var got []string
	run(t, New(Options{}), `
		> S 0:0(0) win 1000 <mss 1460,nop,wscale 1>
		< S. 0:0(0) ack 1 win 1000 <mss 1460,nop,wscale 1>
		> . ack 1 win 500
		> P. 1:11(10) win 500
		> P. 11:21(10) win 500
		> P. 21:31(10) win 500
		< . 1 ack 11 win 700
		< . 1 ack 11 win 700
		< . 1 ack 11 win 700
		> P. 11:21(10) win 500
		< . 1 ack 31 win 700
		< . 1 ack 31 win 0
		< . 1 ack 31 win 700
		< . 1 ack 31 win 600
		< . 1 ack 31 win 650`, func(e *Event) {
		if e.Type == TypeSegment && e.Labels&(1<<WindowUpdate|1<<FastRetransmission) != 0 {
			got = append(got, e.Sentence())
		}
	})
	want := []string{
		"The client sends byte 11 and what follows again at once: repeated ACKs said that it is missing.",
		"The server has room again: it can take 1,400 more.",
		"The server has less room now: it can take 1,200 more, and not 1,400 as before.",
		"The server has more room now: it can take 1,300 more.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a segment does not do, its sentence does not say, whatever the label or the
// control bit.
func TestSentenceOfWhatDoesNotCount(t *testing.T) {
	tests := map[string]struct{ script, want string }{
		"an empty segment without ACK": {"> - 0:0(0) win 9\n> - 0:0(0) win 9", "The client sends a segment with no control bit that means anything here."},
		"and with another window":      {"> - 0:0(0) win 9\n> - 0:0(0) win 8", "The client sends a segment with no control bit that means anything here."},
		"and with none":                {"> - 0:0(0) win 9\n> - 0:0(0) win 0", "The client sends a segment with no control bit that means anything here."},
		"RST to the SYN, without ACK":  {"> S 0:0(0)\n< R 0:0(0)", "The server breaks a connection off, but does not acknowledge the client's SYN with that: it takes no notice."},
		"RST in the handshake":         {"> S 0:0(0)\n< S. 0:0(0) ack 1\n> R 500:500(0)", "The client breaks a connection off, but not with the number that the server expects: it takes no notice."},
		"RST after RST":                {"> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n< R. 1:1(0) ack 1\n< R. 1:1(0) ack 1", "The server breaks off what is over already."},
		"an ACK before its data":       {"> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n< . 1 ack 11\n> P. 1:11(10) ack 1", "The server had acknowledged byte 1 and what follows before this segment was captured: either that ACK overtook it on the way into the capture, or an earlier sending was missed."},
		"sent again for nothing":       {"> S 0:0(0)\n< S. 0:0(0) ack 1\n> . ack 1\n> P. 1:11(10) ack 1\n< . ack 11\n+1 > P. 1:11(10) ack 1", "The client sends byte 1 and what follows again, which the server has acknowledged already: that ACK was late or lost."},
		"a SYN after it was refused":   {"> S 0:0(0)\n< R. 0:0(0) ack 1\n+.5 > S 0:0(0)", "The client sends its SYN again, though RST has refused it: some systems (Windows) try so twice before they believe it."},
	}
	for name, tt := range tests {
		last := ""
		run(t, New(Options{}), tt.script, func(e *Event) {
			if e.Type == TypeSegment {
				last = e.Sentence()
			}
		})
		if last != tt.want {
			t.Errorf("%s: %q, want %q", name, last, tt.want)
		}
	}
}

func ExampleExplain() {
	e, _ := Explain("iss")
	fmt.Println(e.Term+":", e.Title)
	fmt.Println(e.RFC)
	// Output:
	// ISS: initial send sequence number
	// RFC 9293, section 3.4.1
}
