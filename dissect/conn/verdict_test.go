package conn

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
)

// at is a time in seconds after the first frame.
func at(s float64) capture.Stamp { return 1e18 + capture.Stamp(s*1e9) }

// between makes a connection from 10.9.0.1 to 10.9.0.2:3000.
func between() *Connection {
	return &Connection{
		Client: netip.MustParseAddrPort("10.9.0.1:41258"), Server: netip.MustParseAddrPort("10.9.0.2:3000"),
		First: at(0), Last: at(2), SYNs: 1, Segments: [2]uint64{3, 2},
	}
}

// upTo is facts with a handshake in frames 1 to 3, completed 1 ms after the
// first.
func upTo(more func(f *facts)) *facts {
	f := &facts{synFirst: 1, synLast: 1, synAck: 2, synAcks: 1, handshake: 3, establishedAt: at(0.001)}
	if more != nil {
		more(f)
	}
	return f
}

type verdictTest struct {
	name     string
	c        func(c *Connection)
	f        *facts
	outcome  Outcome
	by       string
	detail   string
	text     string // whole
	meaning  string // a part
	next     string // a part
	evidence []int64
}

func checkVerdicts(t *testing.T, tests []verdictTest) {
	t.Helper()
	for _, tt := range tests {
		c := between()
		if tt.c != nil {
			tt.c(c)
		}
		v := judge(c, tt.f, false)
		by := ""
		if v.HasBy {
			by = v.By.String()
		}
		if v.Outcome != tt.outcome || by != tt.by || v.Detail != tt.detail || !slices.Equal(v.Evidence, tt.evidence) {
			t.Errorf("%s: %s by %q, detail %q, evidence %v", tt.name, v.Outcome, by, v.Detail, v.Evidence)
		}
		if v.Text != tt.text {
			t.Errorf("%s: text\n got %q\nwant %q", tt.name, v.Text, tt.text)
		}
		if !strings.Contains(v.Meaning, tt.meaning) {
			t.Errorf("%s: meaning %q lacks %q", tt.name, v.Meaning, tt.meaning)
		}
		if !strings.Contains(v.NextStep, tt.next) {
			t.Errorf("%s: next step %q lacks %q", tt.name, v.NextStep, tt.next)
		}
		for _, s := range []string{v.Text, v.Meaning, v.NextStep} {
			if strings.Contains(s, "%!") || strings.Contains(s, "  ") || strings.Contains(s, "..") {
				t.Errorf("%s: %q is not well made", tt.name, s)
			}
		}
	}
}

func TestJudgeOpening(t *testing.T) {
	router := netip.MustParseAddr("10.9.0.254")
	oneself := netip.MustParseAddr("10.9.0.1")
	server := netip.MustParseAddr("10.9.0.2")
	silent := func(c *Connection) { c.Segments[Server] = 0 }
	checkVerdicts(t, []verdictTest{
		{name: "refused", f: &facts{synFirst: 3, synLast: 3, rst: 4, rstBy: Server, synLastAt: at(0.000023), endedAt: at(0.000039)},
			outcome: OutcomeRefused, by: "server", text: "10.9.0.2 is up, and answered the SYN with RST after 16 µs.",
			meaning: "no program there listens on port 3000 of that address, or a firewall refuses in its name.",
			next:    "on 10.9.0.2, ss -ltn: is :3000 there, and not 127.0.0.1:3000 only?", evidence: []int64{4}},
		{name: "refused by ::1", c: func(c *Connection) {
			c.Client, c.Server = netip.MustParseAddrPort("[::1]:4"), netip.MustParseAddrPort("[::1]:8080")
			c.Last = at(0.00001)
		}, f: &facts{synFirst: 1, synLast: 1, rst: 2, rstBy: Server},
			outcome: OutcomeRefused, by: "server", text: "this machine answered the SYN with RST after 10 µs.",
			meaning: "listens on port 8080 of ::1", next: "127.0.0.1", evidence: []int64{2}},
		{name: "bound to localhost", f: &facts{synFirst: 1, synLast: 1, rst: 2, rstBy: Server, boundTo: netip.MustParseAddr("127.0.0.1"), synLastAt: at(0), endedAt: at(0.01)},
			outcome: OutcomeRefused, by: "server", detail: detailLocalOnly, text: "10.9.0.2 is up, and answered the SYN with RST after 10 ms.",
			meaning: "only at 127.0.0.1", next: "0.0.0.0", evidence: []int64{2}},
		{name: "open for IPv4 only", f: &facts{synFirst: 1, synLast: 1, rst: 2, rstBy: Server, boundTo: netip.MustParseAddr("0.0.0.0"), synLastAt: at(0), endedAt: at(0.01)},
			outcome: OutcomeRefused, by: "server", detail: detailOtherFamily, text: "10.9.0.2 is up, and answered the SYN with RST after 10 ms.",
			meaning: "for IPv4 (0.0.0.0), and not for IPv6", next: "use the IPv4 address", evidence: []int64{2}},
		{name: "open for IPv6 only", f: &facts{synFirst: 1, synLast: 1, rst: 2, rstBy: Server, boundTo: netip.MustParseAddr("::"), synLastAt: at(0), endedAt: at(0.01)},
			outcome: OutcomeRefused, by: "server", detail: detailOtherFamily, text: "10.9.0.2 is up, and answered the SYN with RST after 10 ms.",
			meaning: "for IPv6 (::), and not for IPv4", next: "use the IPv6 address", evidence: []int64{2}},
		{name: "no answer", c: func(c *Connection) { silent(c); c.SYNs = 7; c.Last = at(7.2) }, f: &facts{synFirst: 1, synLast: 7, synLastAt: at(7.168)},
			outcome: OutcomeNoAnswer, text: "7 SYNs in 7.2 s, and nothing came back.", meaning: "either a firewall drops them", next: "ping -c 1 10.9.0.2", evidence: []int64{1, 7}},
		{name: "no answer yet", c: silent, f: &facts{synFirst: 1, synLast: 1},
			outcome: OutcomeNoAnswer, text: "1 SYN, and nothing came back.", evidence: []int64{1}},
		{name: "no answer from oneself", c: func(c *Connection) {
			silent(c)
			c.Server = netip.MustParseAddrPort("127.0.0.1:3000")
		}, f: &facts{synFirst: 1, synLast: 1}, outcome: OutcomeNoAnswer, text: "1 SYN, and nothing came back.", meaning: "Either the listening program's queue is full", next: "Recv-Q", evidence: []int64{1}},
		{name: "backlog", c: func(c *Connection) { silent(c); c.SYNs = 4; c.Last = at(3.05) }, f: &facts{synFirst: 10, synLast: 13, siblings: 3},
			outcome: OutcomeNoAnswer, detail: detailBacklog, text: "4 SYNs in 3.0 s, no answer, though 3 other handshakes with port 3000 of 10.9.0.2 completed, before or after.",
			meaning: "perhaps the server's queue is full", next: "Recv-Q", evidence: []int64{10, 13}},
		{name: "an ACK in answer", c: func(c *Connection) { c.Segments[Server] = 1 }, f: &facts{synFirst: 1, synLast: 1},
			outcome: OutcomeNoAnswer, detail: detailStale, text: "1 SYN, and the server answered, but not with SYN-ACK.", meaning: "perhaps the server still has", evidence: []int64{1}},
		{name: "host unreachable", f: &facts{synFirst: 1, synLast: 1, icmp: icmpFact{frame: 2, version: 4, kind: 3, code: 1, from: router, count: 1}},
			outcome: OutcomeUnreachable, text: `10.9.0.254 answered with ICMP "host unreachable".`, meaning: "either 10.9.0.254 knows the way and 10.9.0.2 does not answer", next: "ip route get 10.9.0.2", evidence: []int64{1, 2}},
		{name: "rejected by the server's firewall", f: &facts{synFirst: 1, synLast: 3, icmp: icmpFact{frame: 4, version: 4, kind: 3, code: 3, from: server, count: 2}},
			outcome: OutcomeUnreachable, detail: detailProhibited, text: `10.9.0.2 answered with ICMP "port unreachable", twice.`, meaning: "the server's own firewall", next: "nft", evidence: []int64{1, 4}},
		{name: "passed on to nobody", f: &facts{synFirst: 1, synLast: 1, icmp: icmpFact{frame: 2, version: 4, kind: 3, code: 1, from: server, count: 1}},
			outcome: OutcomeUnreachable, text: `10.9.0.2 answered with ICMP "host unreachable".`, meaning: "10.9.0.2 is up, and says of itself that it cannot be reached: either it passes port 3000 on (NAT, a container)", next: "on 10.9.0.2, sudo nft list ruleset", evidence: []int64{1, 2}},
		{name: "policy, IPv6", f: &facts{synFirst: 1, synLast: 1, icmp: icmpFact{frame: 2, version: 6, kind: 1, code: 5, from: netip.MustParseAddr("fd09::ff"), count: 1}},
			outcome: OutcomeUnreachable, detail: detailProhibited, text: `fd09::ff answered with ICMP "source address failed policy".`, meaning: "from this source address", next: "is its src the right address", evidence: []int64{1, 2}},
		{name: "no route, IPv6", f: &facts{synFirst: 1, synLast: 1, icmp: icmpFact{frame: 2, version: 6, kind: 1, code: 0, from: netip.MustParseAddr("fd09::ff"), count: 1}},
			outcome: OutcomeUnreachable, detail: detailNoRoute, text: `fd09::ff answered with ICMP "no route to destination".`, meaning: "either fd09::ff knows no way to 10.9.0.2, or a firewall", evidence: []int64{1, 2}},
		{name: "prohibited, IPv6", f: &facts{synFirst: 1, synLast: 1, icmp: icmpFact{frame: 2, version: 6, kind: 1, code: 1, from: netip.MustParseAddr("fd09::ff"), count: 1}},
			outcome: OutcomeUnreachable, detail: detailProhibited, text: `fd09::ff answered with ICMP "administratively prohibited".`, meaning: "a firewall at fd09::ff forbids", evidence: []int64{1, 2}},
		{name: "circle", f: &facts{synFirst: 1, synLast: 1, icmp: icmpFact{frame: 2, version: 4, kind: 11, from: router, count: 1}},
			outcome: OutcomeUnreachable, detail: detailLoop, text: `10.9.0.254 answered with ICMP "time exceeded".`, meaning: "in a circle", evidence: []int64{1, 2}},
		{name: "no neighbour, no TCP at all", f: &facts{icmp: icmpFact{frame: 4, version: 4, kind: 3, code: 1, from: oneself, count: 1}, unresolved: server, asked: []place{1, 2, 3}},
			outcome: OutcomeUnreachable, detail: detailNoNeighbour, text: "ARP asked 3 times for 10.9.0.2, and nobody answered.", meaning: "No TCP segment could be sent. The ICMP error is from this machine to itself.",
			next: "ip neigh show 10.9.0.2", evidence: []int64{1, 2, 3, 4}},
		{name: "no neighbour, error only", f: &facts{icmp: icmpFact{frame: 1, version: 4, kind: 3, code: 1, from: oneself, count: 1}},
			outcome: OutcomeUnreachable, detail: detailNoNeighbour, text: "this machine itself says that 10.9.0.2 does not answer.", meaning: "nobody has the address", evidence: []int64{1}},
		{name: "router is gone", f: &facts{unresolved: router, asked: []place{2}},
			outcome: OutcomeUnreachable, detail: detailNoNeighbour, text: "ARP asked once for 10.9.0.254, and nobody answered.", meaning: "10.9.0.254, which is to pass packets on to 10.9.0.2, is not there.", evidence: []int64{2}},
		{name: "no route", f: &facts{callError: "ENETUNREACH", callName: "connect"},
			outcome: OutcomeUnreachable, detail: detailNoRoute, text: "connect() failed with ENETUNREACH, and no packet was sent.", meaning: "routing table has no way to that address", evidence: nil},
		{name: "half-open", f: &facts{synFirst: 1, synLast: 1, synAck: 2, synAcks: 1},
			outcome: OutcomeHalfOpen, text: "SYN-ACK came, its ACK is not in the capture.", evidence: []int64{1, 2}},
		{name: "SYN flood", f: &facts{synFirst: 1, synLast: 1, synAck: 2, synAcks: 6},
			outcome: OutcomeHalfOpen, text: "the server sent 6 SYN-ACKs, and no ACK came.", meaning: "or the SYN came from a forged address", evidence: []int64{1, 2}},
		{name: "SYN-ACK lost", c: func(c *Connection) { c.SYNs = 3 }, f: &facts{synFirst: 1, synLast: 5, synAck: 2, synAcks: 3},
			outcome: OutcomeHalfOpen, text: "the server answers with SYN-ACK (2), and the client has sent its SYN again since (5).", meaning: "the client is there, and the SYN-ACK does not reach it: either",
			next: "on 10.9.0.2, ip route get 10.9.0.1;", evidence: []int64{1, 2, 5}},
		{name: "SYN-ACK late", c: func(c *Connection) { c.SYNs = 3 }, f: &facts{synFirst: 1, synLast: 3, synAck: 4, synAcks: 1},
			outcome: OutcomeHalfOpen, text: "SYN-ACK came, its ACK is not in the capture.", evidence: []int64{1, 4}},
		{name: "scanner", f: &facts{synFirst: 1, synLast: 1, synAck: 2, synAcks: 1, rst: 3, rstBy: Client},
			outcome: OutcomeHalfOpen, by: "client", detail: detailAbandoned, text: "the client answered the SYN-ACK with RST.", evidence: []int64{1, 2, 3}},
		{name: "nothing known", f: &facts{}, outcome: OutcomeNoAnswer, detail: detailStale, text: "1 SYN, and the server answered, but not with SYN-ACK."},
	})
}

func TestJudgeEnds(t *testing.T) {
	states := func(client, server State) func(*Connection) {
		return func(c *Connection) { c.States = [2]State{client, server} }
	}
	checkVerdicts(t, []verdictTest{
		{name: "three segments", c: states(StateTimeWait, StateClosed), f: upTo(func(f *facts) {
			f.fin, f.finAcked, f.finOrder = [2]place{8, 9}, [2]place{9, 10}, Client
		}), outcome: OutcomeClosed, by: "client", text: "closed by the client, three segments (8 9 10): 9 is ACK and FIN in one.",
			meaning: "TIME-WAIT stays at the client for 60 s: ss -tan shows it.", evidence: []int64{8, 9, 10}},
		{name: "four segments, by the server", c: states(StateClosed, StateTimeWait), f: upTo(func(f *facts) {
			f.fin, f.finAcked, f.finOrder = [2]place{10, 8}, [2]place{11, 9}, Server
			f.dataFirst[Server] = 4
		}), outcome: OutcomeClosed, by: "server", text: "closed by the server, four segments (8 9 10 11): FIN and ACK each way.",
			meaning: "Address already in use", evidence: []int64{8, 9, 10, 11}},
		{name: "half-close, and data after it", f: upTo(func(f *facts) {
			f.fin, f.finAcked, f.finOrder = [2]place{6, 10}, [2]place{7, 11}, Client
			f.dataFirst[Server], f.dataLast[Server] = 8, 8
		}), outcome: OutcomeClosed, by: "client", text: "closed by the client, four segments (6 7 10 11): half-closed in between, and the server still sent data (8).", evidence: []int64{6, 7, 8, 10, 11}},
		{name: "both at once", c: states(StateTimeWait, StateTimeWait), f: upTo(func(f *facts) {
			f.fin, f.finAcked, f.finOrder = [2]place{8, 9}, [2]place{10, 11}, Client
		}), outcome: OutcomeClosed, detail: detailSimultaneous, text: "closed by both ends at once (8 9 10 11): each sent FIN before it had seen the other's.",
			meaning: "at both ends", evidence: []int64{8, 9, 10, 11}},
		{name: "cut before the last ACK", c: states(StateFinWait2, StateLastAck), f: upTo(func(f *facts) {
			f.fin, f.finAcked, f.finOrder = [2]place{8, 9}, [2]place{9, 0}, Client
		}), outcome: OutcomeClosed, by: "client", text: "closed by the client, FIN from both ends (8 9); the last ACK is not in the capture.", evidence: []int64{8, 9}},
		{name: "RST after all", f: upTo(func(f *facts) {
			f.fin, f.finAcked, f.finOrder, f.rst, f.rstBy = [2]place{8, 9}, [2]place{9, 0}, Client, 10, Client
		}), outcome: OutcomeClosed, by: "client", text: "closed by the client, FIN from both ends (8 9), then RST by the client (10).", meaning: "RST came after all", evidence: []int64{8, 9, 10}},
		{name: "half-closed", f: upTo(func(f *facts) { f.fin[Client], f.finAcked[Client] = 8, 9; f.dataFirst[Client] = 4 }),
			outcome: OutcomeHalfClosed, by: "client", text: "the client has sent FIN (8), acknowledged (9); the server has not, as far as captured.",
			meaning: "nothing more comes from the client, the server may still send", evidence: []int64{8, 9}},
		{name: "FIN, and no ACK of it", f: upTo(func(f *facts) { f.fin[Client] = 8; f.dataFirst[Client] = 4 }),
			outcome: OutcomeHalfClosed, by: "client", text: "the client has sent FIN (8); its ACK is not in the capture; the server has not, as far as captured.",
			meaning: "Whether the server has got that FIN, or has closed too, does not show.", evidence: []int64{8}},
		{name: "typed after the server had ended", f: upTo(func(f *facts) {
			f.fin[Server], f.finAcked[Server], f.finOrder = 4, 5, Server
			f.dataFirst[Client], f.dataLast[Client] = 6, 6
			f.rst, f.rstBy = 7, Server
		}), outcome: OutcomeReset, by: "server", detail: detailAfterClose, text: "reset by the server: data (6) came after its FIN (4).",
			meaning: "the program at the server had closed already", evidence: []int64{4, 6, 7}},
		{name: "reset after data", f: upTo(func(f *facts) {
			f.dataFirst, f.dataLast, f.rst, f.rstBy = [2]place{4, 0}, [2]place{4, 0}, 6, Server
		}), outcome: OutcomeReset, by: "server", detail: detailAfterData, text: "reset by the server: it came after data of the client (4).", meaning: "either the program at the server ended with data unread", evidence: []int64{4, 6}},
		{name: "reset on purpose", f: upTo(func(f *facts) {
			f.dataFirst, f.dataLast, f.rst, f.rstBy, f.endedAt = [2]place{4, 0}, [2]place{4, 0}, 6, Client, at(2.001)
			f.closing[Client].Linger0 = true
		}), outcome: OutcomeReset, by: "client", detail: detailLinger0, text: "reset by the client after 2.0 s: its program had set SO_LINGER with 0 s, so that closing sends RST (6), not FIN.",
			meaning: "throws the connection away on purpose", evidence: []int64{6}},
		{name: "reset on purpose, after half-close", f: upTo(func(f *facts) {
			f.fin[Client], f.dataFirst[Server], f.dataLast[Server], f.rst, f.rstBy = 4, 6, 6, 7, Client
			f.closing[Client] = Closing{Linger0: true, Unread: 1}
		}), outcome: OutcomeReset, by: "client", detail: detailLinger0, text: "reset by the client: its program had set SO_LINGER with 0 s, so that closing sends RST (7), not FIN.",
			meaning: "It had not read 1 byte either.", evidence: []int64{4, 7}},
		{name: "the other end's option", f: upTo(func(f *facts) {
			f.dataFirst, f.dataLast, f.rst, f.rstBy = [2]place{4, 0}, [2]place{4, 0}, 6, Server
			f.closing[Client].Linger0 = true
		}), outcome: OutcomeReset, by: "server", detail: detailAfterData, text: "reset by the server: it came after data of the client (4).", meaning: "either the program at the server ended with data unread", evidence: []int64{4, 6}},
		{name: "known to be unread", f: upTo(func(f *facts) {
			f.dataFirst, f.dataLast, f.rst, f.rstBy, f.endedAt = [2]place{4, 0}, [2]place{5, 0}, 6, Server, at(1.001)
			f.closing[Server].Unread = 1400
		}), outcome: OutcomeReset, by: "server", detail: detailUnread, text: "reset by the server after 1.0 s: its program closed with 1,400 bytes of the client (5) unread, so that RST (6) was sent, not FIN.",
			meaning: "not all was taken which the client had sent", next: "until recv() returns 0", evidence: []int64{5, 6}},
		{name: "FINs, and unread", f: upTo(func(f *facts) {
			f.fin, f.finAcked, f.finOrder, f.rst, f.rstBy = [2]place{8, 9}, [2]place{9, 0}, Client, 10, Client
			f.closing[Client].Unread = 7
		}), outcome: OutcomeClosed, by: "client", text: "closed by the client, FIN from both ends (8 9), then RST by the client (10).", meaning: "RST (10) was sent since the program closed with 7 bytes unread.", evidence: []int64{8, 9, 10}},
		{name: "reset at once", f: upTo(func(f *facts) { f.rst, f.rstBy, f.endedAt = 4, Client, at(0.0015) }),
			outcome: OutcomeReset, by: "client", detail: detailNoData, text: "reset by the client after 500 µs, no data was sent.", meaning: "only asks whether the port is open", evidence: []int64{4}},
		{name: "never accepted, program ended", f: upTo(func(f *facts) {
			f.fin[Client], f.finAcked[Client], f.rst, f.rstBy = 4, 5, 6, Server
		}), outcome: OutcomeReset, by: "server", detail: detailPeerClosed, text: "reset by the server: after the FIN of the client (4), it sent RST in place of its own.", meaning: "without having accepted", evidence: []int64{4, 6}},
		{name: "midstream and closed", f: &facts{midstream: true, fin: [2]place{3, 4}, finAcked: [2]place{4, 5}},
			outcome: OutcomeClosed, by: "client", text: "closed by the client, three segments (3 4 5): 4 is ACK and FIN in one.", meaning: "The capture began after the handshake.", evidence: []int64{3, 4, 5}},
		{name: "one direction only", c: func(c *Connection) { c.Segments[Server] = 0 }, f: &facts{synFirst: 1, synLast: 1, dataFirst: [2]place{3, 0}, dataLast: [2]place{3, 0}},
			outcome: OutcomeOpen, text: "established, and no end of it was captured.", meaning: "Only what the client sent was captured: perhaps the filter", evidence: []int64{3}},
		{name: "self-connect", c: func(c *Connection) { c.Client = c.Server }, f: upTo(nil),
			outcome: OutcomeOpen, detail: detailSelf, text: "established, and no end of it was captured in 2.0 s.", meaning: "The connection is to itself", evidence: []int64{3}},
	})
}

func TestJudgeStillThere(t *testing.T) {
	checkVerdicts(t, []verdictTest{
		{name: "open", f: upTo(nil), outcome: OutcomeOpen, text: "established, and no end of it was captured in 2.0 s.", meaning: "Nobody has sent anything yet.", evidence: []int64{3}},
		{name: "not accepted, perhaps", f: upTo(func(f *facts) { f.dataFirst[Client] = 4 }), outcome: OutcomeOpen, detail: detailWaiting,
			text: "established, and no end of it was captured in 2.0 s.", meaning: "perhaps it is busy, waits for more, or has not accepted", evidence: []int64{3, 4}},
		{name: "midstream", c: func(c *Connection) { c.Inferred = true }, f: &facts{midstream: true, first: 1, last: 5},
			outcome: OutcomeMidstream, text: "the capture has neither the beginning nor the end: 5 segments in 2.0 s.", meaning: "perhaps still is. Who is client is inferred.", evidence: []int64{1, 5}},
		{name: "zero window", f: upTo(func(f *facts) {
			f.dataFirst[Client], f.zeroWindow[Server], f.probes[Client] = 4, 12, 3
		}), outcome: OutcomeStalled, by: "server", detail: detailZeroWindow, text: "the server's window has been 0 since (12); the client probed it 3 times.", meaning: "the program at the server does not read", evidence: []int64{12}},
		{name: "path MTU", c: func(c *Connection) { c.Unique[Client] = 3000 }, f: upTo(func(f *facts) {
			f.dataFirst[Client], f.dataLast[Client], f.outstanding[Client] = 4, 5, 2896
			f.resendsAtEnd[Client], f.resendBytes[Client], f.resendFrame[Client] = 4, 1448, 11
		}), outcome: OutcomeStalled, by: "client", detail: detailPathMTU,
			text:    "smaller segments got through; the oldest of 2,896 bytes of the client was sent again 4 times (last: 11) and never acknowledged, with 1,448 bytes a segment.",
			meaning: "perhaps the way is too narrow", next: "ping -M do -s 1472 10.9.0.2", evidence: []int64{5, 11}},
		{name: "path MTU, told by ICMP", f: upTo(func(f *facts) {
			f.dataFirst[Server], f.dataLast[Server], f.outstanding[Server] = 5, 6, 1448
			f.resendsAtEnd[Server], f.resendBytes[Server], f.resendFrame[Server] = 3, 1448, 10
			f.icmp = icmpFact{frame: 7, version: 4, kind: 3, code: 4, mtu: 1400, from: netip.MustParseAddr("10.9.0.254"), count: 3}
		}), outcome: OutcomeStalled, by: "server", detail: detailPathMTU,
			text:    "10.9.0.254 says by ICMP that packets may have 1,400 bytes at most, and the oldest of 1,448 bytes of the server was sent again 3 times (last: 10) and never acknowledged.",
			meaning: "the sender does not heed", evidence: []int64{6, 7, 10}},
		{name: "gone", f: upTo(func(f *facts) {
			f.dataFirst[Client], f.dataLast[Client], f.outstanding[Client] = 4, 5, 6
			f.resendsAtEnd[Client], f.resendBytes[Client], f.resendFrame[Client] = 5, 6, 10
		}), outcome: OutcomeStalled, by: "client", detail: detailUnacked, text: "the oldest of 6 bytes of the client was sent again 5 times (last: 10) and never acknowledged.", meaning: "the server has gone without a word", evidence: []int64{5, 10}},
		{name: "not gone", f: upTo(func(f *facts) {
			f.dataFirst[Client], f.dataLast[Client], f.outstanding[Client] = 4, 5, 6
			f.resendsAtEnd[Client], f.resendBytes[Client], f.resendFrame[Client], f.heardSince[Client] = 5, 6, 10, 9
		}), outcome: OutcomeStalled, by: "client", detail: detailUnacked, text: "the oldest of 6 bytes of the client was sent again 5 times (last: 10) and never acknowledged, though the server has sent since (9).",
			meaning: "the server is there, and these bytes do not reach it: either", next: "at the client, ip route get 10.9.0.2", evidence: []int64{5, 9, 10}},
		{name: "ACK dropped by a full queue", f: upTo(func(f *facts) {
			f.synAcks = 4
			f.dataFirst[Client], f.dataLast[Client], f.outstanding[Client] = 4, 4, 6
			f.resendsAtEnd[Client], f.resendBytes[Client], f.resendFrame[Client] = 3, 6, 9
		}), outcome: OutcomeStalled, by: "client", detail: detailBacklog,
			text: "the server sent 4 SYN-ACKs, and the oldest of 6 bytes of the client was sent again 3 times (last: 9) and never acknowledged.", meaning: "queue was full", evidence: []int64{2, 4, 9}},
	})
}

// closedBy is facts of a connection that was closed in frames 8 to 10, with
// what layer 7 shows of the given turns.
func closedBy(x Side, after float64, turns ...string) *facts {
	k := newTalk(80)
	k.run(turns...)
	return upTo(func(f *facts) {
		f.app = k.a.facts()
		f.fin[x], f.fin[x.Other()] = 8, 9
		f.finAcked[x], f.finAcked[x.Other()] = 9, 10
		f.finOrder, f.endedAt = x, at(after)
	})
}

func TestJudgeApplication(t *testing.T) {
	const bad = "< HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	reset := func(turns ...string) *facts {
		f := closedBy(Server, 3, turns...)
		f.fin, f.finAcked = [2]place{}, [2]place{}
		f.rst, f.rstBy = 8, Server
		f.dataFirst, f.dataLast = [2]place{1, 0}, [2]place{1, 0}
		return f
	}
	checkVerdicts(t, []verdictTest{
		{name: "wrong version", f: closedBy(Server, 1, "> GET / HTP/1.1\n", "> Host: x\n", "> \n", bad), outcome: OutcomeClosed, by: "server", detail: detailBadRequest,
			text:    "closed by the server: it answered HTTP 400 Bad Request (4); in the request, line 1, character 9: this is not HTTP/1.1.",
			meaning: `The line was typed "GET / HTP/1.1".`, next: "write the version as HTTP/1.1", evidence: []int64{1, 4, 8, 9, 10}},
		{name: "missing Host", f: closedBy(Server, 1, "> GET / HTTP/1.1\r\n\r\n", bad), outcome: OutcomeClosed, by: "server", detail: detailBadRequest,
			text: "closed by the server: it answered HTTP 400 Bad Request (2); in the request, line 2, character 1: the line Host: is missing before this blank one.", next: "Host: www.example.org", evidence: []int64{1, 2, 8, 9, 10}},
		{name: "nothing like a request", f: closedBy(Server, 1, "> hello\n", "> \n", bad), outcome: OutcomeClosed, by: "server", detail: detailBadRequest,
			text: "closed by the server: it answered HTTP 400 Bad Request (3); in the request, line 1, character 1: this is no request line.", meaning: `"hello"`, evidence: []int64{1, 3, 8, 9, 10}},
		{name: "400 to lines that end in LF", f: closedBy(Server, 1, "> GET / HTTP/1.1\nHost: x\n\n", bad), outcome: OutcomeClosed, by: "server", detail: detailBadRequest,
			text: "closed by the server: it answered HTTP 400 Bad Request (2).", meaning: "Perhaps because the lines end with LF alone", next: "nc -C", evidence: []int64{1, 2, 8, 9, 10}},
		{name: "400 to a first line that ends in LF", f: closedBy(Server, 1, "> GET / HTTP/1.1\n", bad), outcome: OutcomeClosed, by: "server", detail: detailBadRequest,
			text: "closed by the server: it answered HTTP 400 Bad Request (2).", meaning: "The request (1) was not complete, either", next: "nc -C", evidence: []int64{1, 2, 8, 9, 10}},
		{name: "400 to half a request", f: closedBy(Client, 1, "> GET / HTTP/1.1\r\nHost: x\r\n", bad), outcome: OutcomeClosed, by: "client", detail: detailIncomplete,
			text: "closed by the client: the server answered HTTP 400 Bad Request (2) after 999 ms; the request (1) was not complete: 2 lines and no blank one.", meaning: "The client closed before an empty line", evidence: []int64{1, 2, 8, 9, 10}},
		{name: "an answer without a number", f: closedBy(Client, 1, "> GET / HTTP/1.1\r\nHost: x\r\n\r\n", "< HTTP/1.1 OK\n\n"), outcome: OutcomeClosed, by: "client", detail: detailNoReply,
			text: "closed by the client: the answer (2) to the request (1) begins with no status line.", meaning: "a number from 100 to 599", next: "HTTP/1.1 200 OK", evidence: []int64{1, 2, 8, 9, 10}},
		{name: "two requests, one answer", f: closedBy(Server, 1, "> GET / HTTP/1.1\nHost: x\n\n", "< HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "> GET /b HTTP/1.1\nHost: x\n\n"), outcome: OutcomeClosed, by: "server", detail: detailNoReply,
			text: "closed by the server: an earlier request was answered (2), the one after it (3) was not.", meaning: "The server closes after that answer: it was one of HTTP/1.0", evidence: []int64{2, 3, 8, 9, 10}},
		{name: "400 to a right request", f: closedBy(Server, 1, "> GET / HTTP/1.1\r\nHost: x\r\n\r\n", bad), outcome: OutcomeClosed, by: "server", detail: detailBadRequest,
			text: "closed by the server: it answered HTTP 400 Bad Request (2).", meaning: "its form is right", evidence: []int64{2, 8, 9, 10}},
		{name: "an arrow key", f: closedBy(Server, 1, "> GET / HTTP/1.1\n", "> Ho\x1b[Dst: x\n", "> \n", bad), outcome: OutcomeClosed, by: "server", detail: detailBadRequest,
			text: "closed by the server: it answered HTTP 400 Bad Request (4); in the request, line 2, character 3: an escape byte (0x1b).", meaning: `"Ho\x1b[Dst: x"`, next: "arrow key", evidence: []int64{1, 4, 8, 9, 10}},
		{name: "too slow", f: closedBy(Server, 2.001, "> GET / HTTP/1.1\n"), outcome: OutcomeClosed, by: "server", detail: detailIncomplete,
			text:    "closed by the server: it gave up after 2.0 s; the request (1) was not complete: 1 line and no blank one.",
			meaning: "The connection was up all the time.", next: "printf 'GET / HTTP/1.1\\r\\nHost: 10.9.0.2\\r\\n\\r\\n' | nc 10.9.0.2 3000", evidence: []int64{1, 8, 9, 10}},
		{name: "too slow, and nc stays", f: func() *facts {
			f := closedBy(Server, 2.001, "> GET / HTTP/1.1\n")
			f.fin[Client], f.finAcked[Client] = 0, 0
			return f
		}(), outcome: OutcomeHalfClosed, by: "server", detail: detailIncomplete,
			text: "half-closed: the server gave up after 2.0 s; the request (1) was not complete: 1 line and no blank one.", evidence: []int64{1, 8, 9}},
		{name: "too slow, told with 408", f: closedBy(Server, 10.001, "> GET / HTTP/1.1\n", "> Host: x\n", "< HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"), outcome: OutcomeClosed, by: "server", detail: detailIncomplete,
			text: "closed by the server: it answered HTTP 408 Request Timeout (3) after 10.0 s; the request (1) was not complete: 2 lines and no blank one.", evidence: []int64{1, 3, 8, 9, 10}},
		{name: "silent", f: closedBy(Server, 60.001), outcome: OutcomeClosed, by: "server", detail: detailIdle,
			text: "closed by the server: it did so after 60.0 s in which nobody had sent anything.", meaning: "Perhaps the server gave up", evidence: []int64{8, 9, 10}},
		{name: "no reply", f: closedBy(Server, 1, "> GET / HTTP/1.1\nHost: x\n\n"), outcome: OutcomeClosed, by: "server", detail: detailNoReply,
			text: "closed by the server: the request (1) was complete, and no answer to it came.", meaning: "Either the server's program failed", evidence: []int64{1, 8, 9, 10}},
		{name: "client does not wait", f: closedBy(Client, 1, "> GET / HTTP/1.1\nHost: x\n\n"), outcome: OutcomeClosed, by: "client", detail: detailNoReply,
			text: "closed by the client: the request (1) was complete, and no answer to it came.", meaning: "The client did not wait", evidence: []int64{1, 8, 9, 10}},
		{name: "reset before the answer", f: reset("> GET / HTTP/1.1\nHost: x\n\n"), outcome: OutcomeReset, by: "server", detail: detailNoReply,
			text: "reset by the server: the request (1) was complete, and no answer to it came.", meaning: "either the server's program failed", evidence: []int64{1, 8}},
		{name: "reset before the answer, on purpose", f: func() *facts {
			f := reset("> GET / HTTP/1.1\nHost: x\n\n")
			f.closing[Server].Linger0 = true
			return f
		}(), outcome: OutcomeReset, by: "server", detail: detailNoReply,
			text: "reset by the server: the request (1) was complete, and no answer to it came.", meaning: "RST (8) was sent on purpose: the program had set SO_LINGER with 0 s before it closed.", evidence: []int64{1, 8}},
		{name: "answer cut", f: closedBy(Server, 1, "> GET / HTTP/1.1\nHost: x\n\n", "< HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"), outcome: OutcomeClosed, by: "server", detail: detailAnswerCut,
			text: "closed by the server: the answer (2) ended 997 bytes before its announced length.", evidence: []int64{2, 8, 9, 10}},
		{name: "not found", f: closedBy(Server, 1, "> GET / HTTP/1.1\nHost: x\n\n", "< HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), outcome: OutcomeClosed, by: "server",
			text: "closed by the server, three segments (8 9 10): 9 is ACK and FIN in one.", meaning: "The server answered HTTP 404 Not Found (2)", evidence: []int64{8, 9, 10}},
		{name: "HTTP of 1991 is left alone", f: closedBy(Server, 1, "> GET /\r\n", "< <html>old"), outcome: OutcomeClosed, by: "server",
			text: "closed by the server, three segments (8 9 10): 9 is ACK and FIN in one.", evidence: []int64{8, 9, 10}},
		{name: "TLS to a plain port", f: closedBy(Server, 1, "> "+clientHelloFor("x"), bad), outcome: OutcomeClosed, by: "server", detail: detailTLSToPlain,
			text: "closed by the server: the client spoke TLS, and the server answered in plain HTTP (2).", evidence: []int64{2, 8, 9, 10}},
		{name: "TLS to a port that answers in text", f: closedBy(Server, 1, "> "+clientHelloFor("x"), "< <html><p>Error code: 400</p>\n"), outcome: OutcomeClosed, by: "server", detail: detailTLSToPlain,
			text: "closed by the server: it was spoken to in TLS, and answered in plain text (2).", meaning: "This port does not speak TLS", evidence: []int64{2, 8, 9, 10}},
		{name: "TLS alert", f: closedBy(Client, 1, "> "+clientHelloFor("x"), "< "+record(21, "\x02\x46")), outcome: OutcomeClosed, by: "client", detail: detailTLSAlert,
			text: "closed by the client: the server broke off the TLS handshake (2): protocol version.", evidence: []int64{2, 8, 9, 10}},
		{name: "chat is left alone", f: closedBy(Client, 9, "< Hello\n", "> World\n"), outcome: OutcomeClosed, by: "client",
			text: "closed by the client, three segments (8 9 10): 9 is ACK and FIN in one.", evidence: []int64{8, 9, 10}},
		{name: "a good page is left alone", f: closedBy(Client, 9, "> GET / HTTP/1.1\nHost: x\n\n", "< HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), outcome: OutcomeClosed, by: "client",
			text: "closed by the client, three segments (8 9 10): 9 is ACK and FIN in one.", evidence: []int64{8, 9, 10}},
	})
}

func TestDiagnose(t *testing.T) {
	tests := []struct {
		head       string
		line, char int // 0: no mistake
		what       string
	}{
		{"GET / HTTP/1.1\nHost: x\n\n", 0, 0, ""}, // a lone LF is no mistake
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, 0, ""},
		{"GET / HTTP/1.0\r\n\r\n", 0, 0, ""}, // HTTP/1.0 needs no Host
		{"OPTIONS * HTTP/1.1\nHost:x\n\n", 0, 0, ""},
		{"CONNECT a.example:443 HTTP/1.1\nHost: a.example:443\n\n", 0, 0, ""},
		{"GET http://x/ HTTP/1.1\nHost: x\nX-A:\tb\n\n", 0, 0, ""},
		{"GET / HTTP/1.1\nHost: [::1]:80\n\n", 0, 0, ""},
		{"GET / HTTP/1.1\n", 0, 0, ""}, // not complete: Host may come
		{"get / HTTP/1.1\nHost: x\n\n", 1, 1, "not in capitals"},
		{"GTE / HTTP/1.1\nHost: x\n\n", 1, 1, "GTE is no method"},
		{"GET/ HTTP/1.1\nHost: x\n\n", 1, 4, "no space after GET"},
		{"GET/HTTP/1.1\n\n", 1, 4, "no space after GET"},
		{" GET / HTTP/1.1\nHost: x\n\n", 1, 1, "a space before the method"},
		{"GET\t/ HTTP/1.1\nHost: x\n\n", 1, 4, "a tab"},
		{"GET  / HTTP/1.1\nHost: x\n\n", 1, 5, "a second space"},
		{"GET  / HTTP/1.1\n\n", 2, 1, "Host"}, // servers forgive two spaces, not this
		{"GET HTTP/1.1\nHost: x\n\n", 1, 5, "target is missing"},
		{"GET index.html HTTP/1.1\nHost: x\n\n", 1, 5, "does not begin with /"},
		{"GET /HTTP/1.1\nHost: x\n\n", 1, 6, "no space before the version"},
		{"GET /\n\n", 1, 6, "version is missing"},
		{"GET / HTTP1.1\nHost: x\n\n", 1, 11, "not HTTP/1.1"},
		{"GET / http/1.1\nHost: x\n\n", 1, 7, "not in capitals"},
		{"GET / HTTP/1.12\nHost: x\n\n", 1, 15, "follows the version"},
		{"GET / HTTP/2\nHost: x\n\n", 1, 7, "not spoken in text"},
		{"GET /my page HTTP/1.1\nHost: x\n\n", 1, 8, "space within the target"},
		{"HTTP/1.1 GET /\nHost: x\n\n", 1, 1, "does not begin with a method"},
		{"HELLO\n\n", 1, 1, "no request line"},
		{"GET / HTTP/1.1\nHost : x\n\n", 2, 5, "a space before the colon"},
		{"GET / HTTP/1.1\nHost x\n\n", 2, 7, "no colon"},
		{"GET / HTTP/1.1\nHots: x\n\n", 2, 1, "Hots is not Host"},
		{"GET / HTTP/1.1\n Host: x\n\n", 2, 1, "a space at the beginning"},
		{"GET / HTTP/1.1\n: x\n\n", 2, 1, "no name"},
		{"GET / HTTP/1.1\nMy Host: x\n\n", 2, 3, "a space in the name"},
		{"GET / HTTP/1.1\nHost:\n\n", 2, 6, "no value"},
		{"GET / HTTP/1.1\nHost: http://x/\n\n", 2, 7, "a whole URL"},
		{"GET / HTTP/1.1\nHost: a b\n\n", 2, 8, "which no name has"},
		{"GET / HTTP/1.1\nHost: x\nHost: y\n\n", 3, 1, "a second Host"},
		{"POST / HTTP/1.1\nHost: x\nContent-Length: 1O\n\n", 3, 16, "not a number"},
		{"GET / HTTP/1.1\nA: ä\x08\nHost: x\n\n", 2, 5, "a backspace"},
		{"GET / HTTP/1.1\rHost: x\n\n", 1, 15, "a carriage return"},
		{"\x00\n\n", 1, 1, "control byte (0x00)"},
	}
	for _, tt := range tests {
		m, found := diagnose([]byte(tt.head))
		if found != (tt.line > 0) || m.line != tt.line || m.char != tt.char || !strings.Contains(m.what, tt.what) {
			t.Errorf("%q: line %d, character %d: %q; want %d, %d, %q", tt.head, m.line, m.char, m.what, tt.line, tt.char, tt.what)
		}
	}
}

func FuzzDiagnose(f *testing.F) {
	f.Add([]byte("GET / HTP/1.1\nHost : x\n\n"))
	f.Add([]byte("GET  \t/ä HTTP/1.1\r\nHots: \xff\r\n\r\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		m, found := diagnose(head)
		if found && (m.line < 1 || m.char < 1 || m.what == "" || len(m.typed) > appTextLimit+4) {
			t.Fatalf("%q: %+v", head, m)
		}
	})
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ns", 16 * time.Microsecond: "16 µs", 1234 * time.Microsecond: "1.2 ms", 312 * time.Millisecond: "312 ms",
		999700 * time.Nanosecond: "999 µs", 39900 * time.Nanosecond: "39 µs", 2 * time.Second: "2.0 s", 61 * time.Second: "61.0 s", 185 * time.Second: "3 min 5 s",
		3*time.Hour + 5*time.Minute: "3 h 5 min", -1: "0 s", 9960 * time.Microsecond: "10 ms",
	} {
		if got := duration(d); got != want {
			t.Errorf("%d ns: %q, want %q", d, got, want)
		}
	}
	if got := count(65483); got != "65,483" {
		t.Errorf("count: %q", got)
	}
	if got := fmt.Sprintln(count(7), count(1000), count(1234567)); got != "7 1,000 1,234,567\n" {
		t.Errorf("count: %q", got)
	}
}
