package conn

import (
	"slices"
	"strings"
)

// Entry explains a word of the field.
type Entry struct {
	Term  string // as tcpsee writes it: "SYN-ACK", "dup-ack", "CLOSE-WAIT", "refused"
	Title string // what it stands for, in a few words
	Text  string // one to three sentences for a beginner
	RFC   string // where it is defined: "RFC 9293, section 3.5"; "" for none
}

// Explain finds the entry for a word: a kind, a label, a state, an outcome, a
// control bit or another term. Case, and spaces or underscores in the place of
// hyphens, do not matter. It may stand as it does in a row, wscale=, or as
// Wireshark has it, [TCP Dup ACK]. Of a message that a program printed Explain
// finds the error that the message holds.
func Explain(term string) (Entry, bool) {
	if e, ok := entryOf(term); ok {
		return e, true
	}
	bare := strings.TrimPrefix(strings.Trim(term, "[]()=:,. "), "TCP ")
	if e, ok := entryOf(bare); ok {
		return e, true
	}
	return failureIn(term)
}

// entryOf finds a word of the catalogue, or another name of one.
func entryOf(term string) (Entry, bool) {
	for _, e := range catalogue { // CLOSED is a state, closed a verdict
		if e.Term == term {
			return e, true
		}
	}
	key := termKey(term)
	for _, e := range catalogue {
		if termKey(e.Term) == key {
			return e, true
		}
	}
	for _, s := range synonyms {
		if termKey(s[0]) == key {
			return entryOf(s[1])
		}
	}
	return Entry{}, false
}

// Terms lists every entry, sorted by term.
func Terms() []Entry {
	t := slices.Clone(catalogue[:])
	for i := range socketFailures {
		t = append(t, socketFailures[i].Entry)
	}
	slices.SortFunc(t, func(a, b Entry) int { return strings.Compare(termKey(a.Term)+a.Term, termKey(b.Term)+b.Term) })
	return t
}

// termKey is what two spellings of a term have in common.
func termKey(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "", "/", "", ",", "", "+", "").Replace(s))
}

// synonyms are other names of terms in the catalogue.
var synonyms = [...][2]string{
	{"three-way handshake", "handshake"}, {"3-way handshake", "handshake"}, {"ISN", "ISS"}, {"initial sequence number", "ISS"},
	{"sequence number", "seq"}, {"acknowledgment", "ack number"}, {"acknowledgement", "ack number"}, {"ack=", "ack number"},
	{"win", "window"}, {"receive window", "window"}, {"wscale", "window scale"}, {"WS", "window scale"},
	{"maximum segment size", "MSS"}, {"round trip time", "RTT"}, {"initial RTT", "iRTT"}, {"resend", "retransmission"},
	{"duplicate ack", "dup-ack"}, {"TFO", "TCP Fast Open"}, {"Fast Open", "TCP Fast Open"}, {"FO", "TCP Fast Open"},
	{"TS", "timestamps"}, {"TSval", "timestamps"}, {"PMTU", "path-mtu"},
	{"PMTUD", "path-mtu"}, {"black hole", "path-mtu"}, {"SYN_RECV", "SYN-RECEIVED"},
	{"SACK_PERM", "SACK"}, {"sackOK", "SACK"}, {"bytes in flight", "in flight"}, {"Karn", "Karn's rule"}, {"MD5", "MD5 signature"}, {"AO", "TCP-AO"}, {"UTO", "user timeout"}, {"AccECN", "AE"}, {"split", "VLAN"}, {"VXLAN", "tunnel"},
	{"localhost", "loopback"}, {"HTTPS", "TLS"}, {"SSL", "TLS"},
	{"GSO", "offloaded"}, {"TSO", "offloaded"}, {"GRO", "offloaded"},
	{"connect", "connect()"}, {"accept", "accept()"}, {"accept4()", "accept()"}, {"bind", "bind()"}, {"socket", "socket()"},
	{"shutdown", "shutdown()"}, {"send", "send()"}, {"write()", "send()"}, {"sendto()", "send()"}, {"sendmsg()", "send()"}, {"sendall()", "send()"},
	{"setsockopt", "setsockopt()"}, {"SO_REUSEADDR", "setsockopt()"}, {"TCP_NODELAY", "setsockopt()"}, {"SO_LINGER", "reset-on-close"}, {"linger0", "reset-on-close"}, {"ABORT", "reset-on-close"},
	{"recv", "recv()"}, {"read()", "recv()"}, {"recvfrom()", "recv()"}, {"recvmsg()", "recv()"},
	{"close", "close()"}, {"write", "send()"}, {"read", "recv()"}, {"active OPEN", "connect()"}, {"passive OPEN", "listen()"},
	{"FIN-ACK", "FIN"}, {"RST-ACK", "RST"}, {"PSH-ACK", "PSH"}, {"urgent", "URG"}, {"ESTAB", "ESTABLISHED"}, // [FIN, ACK] in Wireshark, ESTAB in narrow pictures and ss
	{"previous segment not captured", "lost-segment"}, {"ACKed unseen segment", "ack-lost-segment"}, {"port numbers reused", "port-reuse"},
	{"resent", "retransmission"}, {"seen", "completeness"}, {"backlog full", "backlog"}, {"400", "bad-request"}, {"400 Bad Request", "bad-request"},
	{"IRS", "ISS"}, {"TSecr", "timestamps"}, {"round trip", "RTT"}, {"cwnd", "congestion window"},
	{"layer", "OSI"}, {"L1", "OSI"}, {"L2", "OSI"}, {"L3", "OSI"}, {"L4", "OSI"}, {"L5", "OSI"}, {"L6", "OSI"}, {"L7", "OSI"},
	{"layer 1", "OSI"}, {"layer 2", "OSI"}, {"layer 3", "OSI"}, {"layer 4", "OSI"}, {"layer 5", "OSI"}, {"layer 6", "OSI"}, {"layer 7", "OSI"},
	{"physical", "OSI"}, {"data link", "OSI"}, {"network", "OSI"}, {"transport", "OSI"}, {"session", "OSI"}, {"presentation", "OSI"}, {"application", "OSI"},
	{"c1", "connection"}, {"c2", "connection"}, {"stream", "connection"}, {"len", "payload"}, {"length", "payload"},
	{"IPv4", "IP"}, {"IPv6", "IP"}, {"MAC", "Ethernet"}, {"hardware address", "Ethernet"}, {"lo", "loopback"}, {"802.1Q", "VLAN"},
	{"fragments", "fragment"}, {"DF", "fragment"}, {"ICMPv6", "ICMP"}, {"NDP", "ARP"}, {"neighbour discovery", "ARP"}, {"neighbor discovery", "ARP"},
	{"mDNS", "DNS"}, {"LLMNR", "DNS"}, {"QUIC", "UDP"}, {"GRE", "tunnel"}, {"Geneve", "tunnel"}, {"SNI", "TLS"}, {"ALPN", "TLS"}, {"certificate", "TLS"},
	{"ephemeral", "port"}, {"ephemeral port", "port"},
}

var catalogue = [...]Entry{
	// Kinds.
	{"SYN", "synchronize: the first segment", "The client asks for a connection and says with which number it will count its bytes (its ISS). It carries no data, except with TCP Fast Open, and takes up one sequence number.", "RFC 9293, section 3.5"},
	{"SYN-ACK", "the second segment: yes", "The server agrees: its own SYN, with its own ISS, and the ACK for the client's SYN in one segment. It is sent by the server's system, before any program calls accept().", "RFC 9293, section 3.5"},
	{"ACK", "acknowledgment", "A segment that carries no data and says which byte is expected next. Every segment but the first SYN has an acknowledgment; as a kind, ACK is one that has nothing else.", "RFC 9293, section 3.4"},
	{"DATA", "a segment with payload", "It carries bytes of the program: what was typed, or a piece of a page. Where one message ends and the next begins TCP does not know; it carries a stream.", "RFC 9293, section 3.7"},
	{"FIN", "finish: nothing more will come", "The sender has closed its direction; the other may go on sending until it sends FIN too. FIN takes up one sequence number, so that it can be acknowledged.", "RFC 9293, section 3.6"},
	{"RST", "reset: the connection is no more", "Both ends forget the connection at once; it is not acknowledged. It answers what fits no connection, such as a SYN to a port where nobody listens, and it ends a connection in a hurry.", "RFC 9293, section 3.5.2"},
	{"OTHER", "none of the usual kinds", "A segment without SYN, FIN, RST, ACK and payload. No ordinary system sends one; scanners do.", "RFC 9293, section 3.10.7"},

	// Control bits that are no kinds.
	{"PSH", "push", "The sender asks that the data be given to the program at once. Systems set it on the last segment of what the program wrote.", "RFC 9293, section 3.9.1.2"},
	{"URG", "urgent", "The urgent pointer counts: some of the data is said to be urgent. Hardly any program uses it.", "RFC 9293, section 3.8.5"},
	{"ECE", "ECN echo", "In a SYN: I can do ECN. Later: a packet reached me with the mark for congestion; slow down.", "RFC 3168, section 6.1"},
	{"CWR", "congestion window reduced", "The answer to ECE: I have slowed down.", "RFC 3168, section 6.1.2"},
	{"AE", "accurate ECN", "With ECE and CWR it counts congestion marks more exactly. It was called NS before.", "RFC 9768, section 3"},

	// States.
	{"CLOSED", "no connection", "There is nothing: before the connection begins, and after it has ended.", "RFC 9293, section 3.3.2"},
	{"LISTEN", "waiting for a SYN", "A program has called listen() and the system waits for somebody to connect. From outside it cannot be seen.", "RFC 9293, section 3.3.2"},
	{"SYN-SENT", "SYN sent, no answer yet", "The client has sent SYN and waits. connect() returns when the SYN-ACK comes.", "RFC 9293, section 3.3.2"},
	{"SYN-RECEIVED", "SYN-ACK sent, ACK awaited", "The server has answered the SYN and waits for the third segment of the handshake.", "RFC 9293, section 3.3.2"},
	{"ESTABLISHED", "open", "Both directions are open: data may go either way.", "RFC 9293, section 3.3.2"},
	{"FIN-WAIT-1", "FIN sent, its ACK awaited", "This end has closed and does not know yet whether the other knows.", "RFC 9293, section 3.3.2"},
	{"FIN-WAIT-2", "own FIN acknowledged, the other's awaited", "This end has closed, the other has not. It can last as long as the other program keeps its socket open.", "RFC 9293, section 3.3.2"},
	{"CLOSE-WAIT", "the other end has closed", "FIN has come, and the program here has not called close() yet. A CLOSE-WAIT that stays is a program that forgot to.", "RFC 9293, section 3.3.2"},
	{"CLOSING", "both have closed at once", "Each end sent FIN before it saw the other's; the ACK of the own FIN is still to come.", "RFC 9293, section 3.3.2"},
	{"LAST-ACK", "own FIN sent last, its ACK awaited", "The other end closed first, now this one has too: one ACK, and all is over.", "RFC 9293, section 3.3.2"},
	{"TIME-WAIT", "closed, and remembered for a while", "The end that closed first keeps the connection in mind (60 s on Linux): its last ACK may be lost, and late segments may come. Meanwhile its port can be \"already in use\".", "RFC 9293, section 3.6"},
	{"?", "cannot be known yet", "The frames so far do not tell this end's state. It stands there until a segment proves it.", ""},

	// Labels.
	{"retransmission", "sent again", "Bytes that were sent before, because no ACK came in time. The first copy, or the ACK for it, was lost or late.", "RFC 6298, section 5"},
	{"fast-retransmission", "sent again after duplicate ACKs", "Several equal ACKs told the sender that something was missing, and it did not wait for its timer.", "RFC 5681, section 3.2"},
	{"spurious-retransmission", "sent again for nothing", "These bytes had been acknowledged already: the ACK was late or lost, not the data.", "RFC 5682"},
	{"out-of-order", "overtaken on the way", "It left before another segment that came first. The receiver puts them in order again. The label goes by time: if the bytes were seen before, it was sent again, and counts so.", "RFC 5681, section 4.2"},
	{"dup-ack", "the same ACK again", "The receiver got something, but not what it waits for: it repeats which byte that is. Three in a row make the sender resend.", "RFC 5681, section 2"},
	{"lost-segment", "a segment before this one is not in the capture", "Bytes before this one are missing here. Either they were lost on the way, or the capture missed them.", ""},
	{"ack-lost-segment", "acknowledges what is not in the capture", "The other end has received bytes that this capture does not have: the capture missed them, the network did not.", ""},
	{"zero-window", "no room left", "The receiver's buffer is full, because its program does not read. The sender must wait.", "RFC 9293, section 3.8.6"},
	{"zero-window-probe", "is there room again?", "The sender asks from time to time whether the window has opened, for the segment that says so may be lost.", "RFC 9293, section 3.8.6.1"},
	{"zero-window-probe-ack", "no, not yet", "The answer to a probe: the window is still zero.", "RFC 9293, section 3.8.6.1"},
	{"window-update", "the window has changed", "It acknowledges nothing new; it only says how much room there is now. Mostly that is more, since the program has read; it may be less, though a receiver should not take back what it has offered.", "RFC 9293, section 3.8.6"},
	{"window-full", "the receiver's window is used up", "With this segment the sender has sent all that the receiver has room for.", "RFC 9293, section 3.8.6"},
	{"keep-alive", "are you still there?", "After a long silence one end sends a segment with a number that was used already, and asks for an ACK in that way.", "RFC 9293, section 3.8.4"},
	{"keep-alive-ack", "yes, still here", "The answer to a keep-alive.", "RFC 9293, section 3.8.4"},
	{"port-reuse", "the same ports again", "A new connection between the same addresses and ports as an older one.", "RFC 6191, section 2"},
	{"tfo-syn", "SYN with a Fast Open cookie or data", "The client saves a round trip: data goes with the SYN.", "RFC 7413, section 4.2.2"},
	{"tfo-ack", "the server took the data of the SYN", "The SYN-ACK acknowledges not only the SYN but the data in it.", "RFC 7413, section 4.2.2"},
	{"tfo-ignored", "the server did not take the data of the SYN", "The SYN-ACK acknowledges the SYN alone: the data has to be sent again.", "RFC 7413, section 4.2.2"},
	{"simultaneous-open", "both sent SYN", "Each end called the other at the same moment. TCP allows it: one connection comes of it, and neither is the server.", "RFC 9293, section 3.5"},
	{"refused", "RST to a SYN", "No program listens on that port, or a firewall answers in its name. connect() fails with \"Connection refused\".", "RFC 9293, section 3.5.2"},
	{"challenge-ack", "prove it", "A segment came that might be forged. The receiver answers with an ACK of what it believes; a true peer can tell from it what to do.", "RFC 5961, section 3"},
	{"unacceptable-ack", "answers another SYN", "A SYN-ACK whose acknowledgment is not the client's first number plus one: it answers an older SYN. The client meets it with RST, so that the other end forgets that one, and sends its own SYN again.", "RFC 9293, section 3.10.7.3"},
	{"outside-window", "far outside the window", "Bytes with numbers so far from what is expected that their sender cannot have come there: of an older connection with the same ports, or forged. The receiver drops them, and sends an ACK.", "RFC 9293, section 3.10.7.4"},
	{"duplicate-capture", "captured twice, sent once", "The same packet stands in the capture twice, on two interfaces or at both ends of its path, and was sent once. Round trips are measured where what is answered was captured first.", ""},
	{"offloaded", "larger than any wire carries", "The system hands large segments to its network card, which cuts them up; the capture sees them before. On the wire they are smaller.", ""},
	{"half-close", "one direction is closed", "One end has sent FIN and the other goes on: data still flows one way.", "RFC 9293, section 3.6.1"},

	// Outcomes.
	{"closed", "both directions ended by FIN", "The good end: each side said that it had no more to send, and each was heard.", "RFC 9293, section 3.6"},
	{"reset", "ended by RST", "One end broke the connection off. Often its program ended with data unread; data on its way may be lost. Programs see \"Connection reset by peer\".", "RFC 9293, section 3.5.2"},
	{"no-answer", "SYNs and nothing back", "The client asked several times and heard nothing: a firewall that drops, a wrong address, or a server that is off. A closed port would have said RST.", "RFC 9293, section 3.8.3"},
	{"unreachable", "an ICMP error came back", "A router, a firewall or the own system says that the packet cannot be delivered.", "RFC 792"},
	{"half-open", "the handshake is not complete", "SYN and SYN-ACK were sent, the third segment was not seen. (The word is also used when one end has forgotten a connection and the other has not.)", "RFC 9293, section 3.5.1"},
	{"half-closed", "one direction is closed at the end of the capture", "One end has sent FIN, the other has not yet.", "RFC 9293, section 3.6.1"},
	{"open", "still there when the capture ended", "Nothing ended it. An open connection needs no packets to stay open.", ""},
	{"stalled", "data does not get through", "One end has something to send and cannot: the other's window is zero, or nothing is acknowledged.", "RFC 9293, section 3.8"},
	{"midstream", "the capture has only the middle", "The connection was there before the capture began, and its end is not in it either.", ""},

	// Details of verdicts.
	{"backlog", "queue of connections not yet accepted", "listen(n) says how many finished handshakes the system may keep until the program calls accept(). When the queue is full Linux drops further SYNs, as a firewall would.", ""},
	{"path-mtu", "path MTU, and its black hole", "The largest packet that fits through all links of a path. A router answers a larger one with an ICMP error; where a firewall eats that, small packets get through, large ones vanish.", "RFC 1191; RFC 2923, section 2.1"},
	{"no-neighbour", "nobody has that address in the local network", "ARP (or neighbour discovery in IPv6) asked for the hardware address, and nobody answered. Not a single TCP segment could be sent.", "RFC 826"},
	{"no-route", "no way to that network", "The routing table of the machine that says so has no entry for the address. ip route get ADDRESS shows what one's own machine would do.", "RFC 792"},
	{"prohibited", "a firewall says no", "A packet filter refuses and says so with ICMP, unlike one that drops: then nothing comes back. A closed port would have sent RST.", "RFC 1812, section 5.2.7.1"},
	{"hop-limit", "time exceeded", "Each router takes one off the hop count (TTL), and at zero the packet is dropped and the sender told. It stops packets that routers send in a circle.", "RFC 792"},
	{"bound-to-localhost", "open for this machine only", "A server that binds to 127.0.0.1 or ::1 is heard from its own machine alone; from outside its port is closed, and RST comes back.", ""},
	{"bound-elsewhere", "open at another address", "A machine has several addresses, and a server may bind to one of them: at the others the port is closed. 0.0.0.0 and :: mean all.", ""},
	{"other-family", "open for IPv4 or IPv6 alone", "A port may be open at 127.0.0.1 and closed at ::1, or the other way round: they are two addresses. localhost usually means ::1 first, then 127.0.0.1.", "RFC 6724"},
	{"udp-only", "the port is UDP's", "TCP and UDP count their ports apart: a program that waits for datagrams on UDP's port 3000 (nc -u -l, SOCK_DGRAM) does not open TCP's. ss -lun lists the one kind, ss -ltn the other.", "RFC 768"},
	{"stale-connection", "the server remembers an older one", "A SYN came for a connection that the server still has, after a client that crashed or reused its port. It answers with an ACK of what it believes; the client's RST to that clears the way.", "RFC 9293, section 3.5.1"},
	{"abandoned", "given up within the handshake", "SYN and SYN-ACK were sent, and RST came in place of the ACK. Port scanners do that to learn whether a port is open, without opening a connection.", "RFC 9293, section 3.5.2"},
	{"no-data", "reset before a byte was sent", "The handshake was complete, and RST came before any data.", "RFC 9293, section 3.5.2"},
	{"probe", "a segment that belongs to no connection", "Within a connection each segment has ACK; before it comes SYN. What has neither is sent by port scanners: a closed port answers with RST, an open one not at all.", "RFC 9293, section 3.10.7"},
	{"after-data", "reset after data", "RST came while the connection was in use. A system sends it by itself when a program closes, or ends, with bytes unread.", "RFC 9293, section 3.6.1"},
	{"after-close", "data for one who had closed", "One end had closed, the other went on sending. Nobody is there to read it, and the system says so with RST.", "RFC 9293, section 3.6.1"},
	{"after-peers-close", "RST in place of the second FIN", "One end sent FIN, and the other answered by RST: it has bytes unread, or its program closes in that way on purpose.", "RFC 9293, section 3.6.1"},
	{"reset-on-close", "RST because the program wants it", "A program that sets SO_LINGER with 0 s throws the connection away when it closes: RST is sent in place of FIN, and no TIME-WAIT stays. What was not delivered yet is lost.", "RFC 9293, section 3.9.1.6"},
	{"unread-data", "RST because something was not read", "When a program closes, or ends, and has not read all that came, its system sends RST in place of FIN: the other end learns that not all was taken.", "RFC 9293, section 3.6.1"},
	{"no-reply", "closed before the answer", "The request was complete, and the connection ended without an answer to it: the server's program failed, the client did not wait, or the answer was lost.", ""},
	{"answer-cut", "the answer is not whole", "The head of the answer said how long it would be, and the connection ended before that.", "RFC 9112, section 8"},
	{"answer-head", "no blank line in the answer", "The headers of an answer end with a blank line, and the page begins behind it. Without that line a client takes the page for headers, and finds no page.", "RFC 9112, section 2.1"},
	{"answer-too-long", "more than was announced", "The head of the answer said how many bytes its page has, and more came. Content-Length counts bytes, and many characters have two or more of them.", "RFC 9112, section 6.3"},
	{"answer-without-length", "an answer without an end", "An answer ends after Content-Length bytes or with its last chunk. Where neither is said, only FIN ends it, and a client waits until the server closes.", "RFC 9112, section 6.3"},
	{"idle-timeout", "closed after a silence", "The server waited for something to be sent, and after a while gave up.", "RFC 9112, section 9.5"},
	{"tls-to-plain", "TLS spoken to a server of plain text", "The client began with TLS, the server does not know TLS on this port. Mostly http:// is meant, or another port.", ""},
	{"plain-to-tls", "plain text to a server of TLS", "The client began in plain text, such as HTTP, on a port where the server waits for TLS. Mostly https:// is meant.", ""},
	{"other-protocol", "the ends speak different protocols", "What the client sent first belongs to one protocol, the server's first words to another, such as HTTP and SSH. TCP carries both; mostly the port is the wrong one.", ""},
	{"tls-alert", "TLS says why it ends", "An alert is TLS's own message about an error, such as a certificate that is not accepted. TCP did its part.", "RFC 8446, section 6"},
	{"unacknowledged", "sent again and again", "The sender repeats the same bytes and hears nothing, with longer and longer pauses. After minutes its system gives up, and the program is told ETIMEDOUT.", "RFC 9293, section 3.8.3"},
	{"dead-peer", "keep-alives that nobody answers", "A keep-alive asks whether the other end is still there. After some without an answer the system gives up: RST goes out, and the program is told ETIMEDOUT.", "RFC 9293, section 3.8.4"},
	{"forged", "RST in the name of another", "Whoever sees a connection's numbers can send an RST that fits, and so end it: firewalls and filters do. It shows where the end that it names goes on, or by another hop limit (TTL).", "RFC 5961, section 1"},
	{"forgotten", "RST from one who knows nothing of it", "A machine answers data for a connection that it does not have with an RST without ACK: it was restarted, or a NAT or a firewall has forgotten the connection after a long silence.", "RFC 9293, section 3.10.7.1"},
	{"simultaneous", "both closed at once", "Each end sent FIN before it had seen the other's. Both go through CLOSING, and both keep TIME-WAIT.", "RFC 9293, section 3.6"},
	{"waiting", "no answer so far", "The data was acknowledged by the server's system, and its program has sent nothing yet.", ""},
	{"self-connect", "connected to itself", "The socket's own port is the very one that it called at its own address, where no server listens: its SYN meets itself, a simultaneous open with oneself. What is sent comes back.", "RFC 9293, section 3.5"},
	{"bad-request", "HTTP status 400", "The server could not make sense of the request: its form is wrong. TCP is not concerned.", "RFC 9110, section 15.5.1"},
	{"request-incomplete", "no empty line", "An HTTP request ends with an empty line. Until it comes the server waits, and after a while it gives up.", "RFC 9112, section 2.1"},

	// Terms.
	{"handshake", "SYN, SYN-ACK, ACK", "Three segments open a connection: each end tells the number with which its bytes begin, and hears that the other has got it.", "RFC 9293, section 3.5"},
	{"connection", "two ends that talk", "Two addresses and two ports name it. It begins with a handshake, carries a stream of bytes each way, and ends with FIN or RST. Where a picture has several, c1, c2 and so on say whose a row is.", "RFC 9293, section 3.3"},
	{"client", "the end that opens the connection", "It sends the first SYN. Once the handshake is complete both ends have the same rights: either may send, and either may close first.", "RFC 9293, section 3.5"},
	{"server", "the end that waits for a connection", "Its program has called listen() on a port, and its system answers SYNs to that port. After the handshake it may speak first, as mail servers do, or wait to be asked, as web servers do.", "RFC 9293, section 3.5"},
	{"payload", "what a segment carries for a program", "The bytes behind the headers: what was typed, or a piece of a page. A row has their number, such as 6 B, and their text, in which \\n is the end of a line.", "RFC 9293, section 3.1"},
	{"ISS", "initial send sequence number", "The number with which an end begins to count, chosen so that nobody can guess it and old segments do not fit. tcpsee shows numbers relative to it: SYN is 0, the first byte 1.", "RFC 9293, section 3.4.1"},
	{"seq", "sequence number", "The number of the first byte in this segment. SYN and FIN count as one each.", "RFC 9293, section 3.4"},
	{"ack number", "acknowledgment number", "The byte that is expected next: everything before it has arrived.", "RFC 9293, section 3.4"},
	{"window", "how much the receiver has room for", "The number of bytes, counted from the acknowledgment number, that the sender of this segment can take. With window scaling the number in the header is multiplied.", "RFC 9293, section 3.8.6"},
	{"window scale", "factor of the window", "The header has 16 bits for the window; this option of the SYN says by what power of two to multiply it. It counts only if both ends send it.", "RFC 7323, section 2"},
	{"MSS", "maximum segment size", "The largest payload that the sender of this SYN wants to receive in one segment: often 1460, that is 1500 of Ethernet less 20 for IP and 20 for TCP.", "RFC 9293, section 3.7.1"},
	{"SACK", "selective acknowledgment", "The receiver says which later pieces it has, so that only the missing ones are sent again. A first block below the acknowledgment number (D-SACK) reports what came twice.", "RFC 2018; RFC 2883"},
	{"timestamps", "TSval and TSecr", "Each segment carries a clock value and repeats the last one heard: from that the round trip is measured, and old segments are told from new ones.", "RFC 7323, section 3"},
	{"nop", "no operation", "A filler byte between options, so that the next begins at a round address.", "RFC 9293, section 3.2"},
	{"D-SACK", "this came twice", "A SACK block of bytes that the receiver had already. The sender learns from it that sending again was not needed.", "RFC 2883, section 4"},
	{"PAWS", "old segments by their clock", "A segment whose timestamp is older than the last one heard is from an earlier round of the sequence numbers, and is dropped.", "RFC 7323, section 5"},
	{"MD5 signature", "option 19", "Each segment carries a sum over its content and a password, mostly between routers that speak BGP. TCP-AO replaces it.", "RFC 2385"},
	{"TCP-AO", "authentication option", "Each segment carries a code that only the two ends can compute, so that nobody else can reset or feed the connection.", "RFC 5925"},
	{"user timeout", "option 28", "How long an end is going to wait for an acknowledgment before it gives the connection up.", "RFC 5482"},
	{"TCP Fast Open", "data in the SYN", "With a cookie from an earlier connection, the client may send data along with its SYN and saves a round trip.", "RFC 7413"},
	{"MPTCP", "Multipath TCP", "One connection over several paths. Its options tie the parts together.", "RFC 8684"},
	{"RTT", "round-trip time", "How long it takes from a segment to its acknowledgment.", "RFC 6298, section 2"},
	{"iRTT", "round-trip time of the handshake", "From SYN to the ACK that completes the handshake, as seen at the point of capture.", ""},
	{"RTO", "retransmission timeout", "How long the sender waits for an ACK before it sends again. It doubles each time.", "RFC 6298"},
	{"Karn's rule", "which copy was acknowledged?", "The ACK of bytes that were sent twice may answer either copy, so that no round trip is measured with it, unless timestamps tell.", "RFC 6298, section 3"},
	{"delayed ACK", "one ACK for two segments", "A receiver may wait a little, 40 ms on Linux and at most 500, before it acknowledges: perhaps its program answers, and the ACK can go with that.", "RFC 9293, section 3.8.6.3"},
	{"goodput", "bytes a second that counted", "What arrived for the program, each byte once, divided by the time the connection took. What was sent again does not count.", "RFC 2647, section 3.17"},
	{"slow", "where the time went", "What the times between segments were spent on: an answer is the way and a program, an ACK the way alone, a second try is loss, room in a window a program that does not read.", ""},
	{"ECN", "explicit congestion notification", "A router that gets full marks packets in place of dropping them. The receiver repeats the mark to the sender (ECE), which slows down and says so (CWR).", "RFC 3168"},
	{"congestion window", "how much the path is trusted with", "The sender's own limit for what may be in flight, beside the receiver's window. It grows with ACKs, and shrinks with losses. No segment tells it: only the sender's system knows.", "RFC 5681, section 3.1"},
	{"in flight", "sent and not acknowledged", "Bytes that are on their way, or whose ACK is.", "RFC 5681, section 2"},
	{"MTU", "maximum transmission unit", "The largest packet that a link carries: 1500 bytes on Ethernet.", "RFC 1191"},
	{"segment", "TCP's unit", "A TCP header and its payload. In an IP packet it becomes a frame on the link.", "RFC 9293, section 3.1"},
	{"packet", "IP's unit", "An IP header, with the addresses of both ends, and what it carries: a TCP segment, for one. Routers pass it on from link to link.", "RFC 1122, section 1.3.3"},
	{"frame", "what a link carries", "A packet with the link's own header before it: that of Ethernet names two neighbours by their hardware addresses. Each router puts the packet into a new frame. A capture is a row of frames.", "RFC 1122, section 1.3.3"},
	{"TCP", "transmission control protocol", "It makes a stream of bytes each way out of single packets: counted, acknowledged, sent again where they are lost, put in order, and no faster than the receiver can take.", "RFC 9293"},
	{"IP", "internet protocol", "It brings packets from address to address, from router to router. It promises nothing: packets may be lost, doubled or overtaken. Its addresses are of version 4 (10.0.0.2) or 6 (fd00::2).", "RFC 791; RFC 8200"},
	{"Ethernet", "the usual local network", "Its header, 14 bytes, names the hardware addresses (MAC) of two neighbours and what the frame holds. On loopback it is there for form's sake, with addresses of zeros.", "RFC 894"},
	{"fragment", "a piece of an IP packet", "A packet larger than a link carries may be cut up, and the receiver's system puts the pieces together. TCP avoids it: its segments fit the MTU, and mostly have DF set (don't fragment).", "RFC 791, section 3.2"},
	{"tunnel", "packets within packets", "A packet travels as the content of another, with a second set of headers: VXLAN, Geneve, GRE, IP in IP. What is drawn is the innermost connection; --split keeps those of different tunnels apart.", ""},
	{"loopback", "this machine talks to itself", "127.0.0.1 and ::1 (localhost) mean one's own machine. Packets to them pass through its TCP and IP, and never reach a network card or a wire.", "RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3"},
	{"firewall", "who may pass", "It looks at packets and lets them pass, refuses them with RST or an ICMP error, or drops them without a word. What is dropped looks to the sender like a machine that is off.", "RFC 2979"},
	{"NAT", "network address translation", "A router replaces the addresses and ports of the machines behind it by its own, and remembers which is whose. After a long silence it forgets that, and the connection is dead.", "RFC 3022; RFC 5382"},
	{"port", "number of a program's mailbox", "Two ports and two addresses name a connection. Servers have known ones (HTTP 80); the client's is picked by its system.", "RFC 9293, section 3.1"},
	{"TTL", "time to live", "Each router takes one off; at zero the packet is dropped. In IPv6 it is the hop limit.", "RFC 791, section 3.2"},
	{"checksum", "sum over the segment", "It shows damage. On the sending machine it is often unfinished in the capture, because the network card fills it in.", "RFC 9293, section 3.1"},
	{"ARP", "address resolution protocol", "Asks the local network: who has this IP address? The answer is a hardware address.", "RFC 826"},
	{"ICMP", "messages about delivery", "Routers and hosts say with it that a packet could not be delivered, and quote its beginning.", "RFC 792"},
	{"DNS", "domain name system", "It finds the addresses of a name before a connection can begin, mostly over UDP. mDNS and LLMNR ask the machines of the local network in its place. tcpsee watch --dns draws the questions, too.", "RFC 1035"},
	{"UDP", "user datagram protocol", "The transport beside TCP: single messages from port to port, with no handshake, no order and no sending again. DNS and QUIC use it.", "RFC 768"},
	{"HTTP", "hypertext transfer protocol", "What browsers and web servers say to each other: a request such as GET /, and a response with a status such as 200 OK. Up to version 2 it goes through TCP; version 3 uses QUIC.", "RFC 9110"},
	{"TLS", "transport layer security", "It encrypts what goes through a connection and proves who the server is: https is HTTP within TLS. It has a handshake of its own, after TCP's; of what follows a capture shows only how much it is.", "RFC 8446"},
	{"SYN cookie", "a server without memory of the SYN", "Under a flood of SYNs the server hides what it must know in its ISS, and remembers nothing until the ACK comes.", "RFC 4987, section 3.6"},
	{"VLAN", "virtual local network", "A tag says to which of several networks on one cable a frame belongs. Equal addresses and ports are one connection here, whatever the tag (often only one direction has it); --split parts them.", ""},
	{"completeness", "which parts of a connection were captured", "A sum: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST. 31 is a whole connection with data that was closed.", ""},
	{"L", "the layer of a row", "The highest layer that is at work in a row: 7 text, 5 a socket call, 4 a segment, 3 ICMP, 2 ARP. tcpsee explain OSI has all seven.", ""},
	{"OSI", "the seven layers", "A way to sort what happens: 7 application, 6 presentation, 5 session, 4 transport (TCP), 3 network (IP), 2 data link (Ethernet), 1 physical.", ""},

	// Socket calls: layer 5, what a program asks of its system.
	{"socket()", "a socket call: make an end", "The program asks its system for an end of a connection. Nothing is sent.", "RFC 9293, section 3.9.1"},
	{"bind()", "a socket call: choose address and port", "The program chooses its own address and port. Nothing is sent.", "RFC 9293, section 3.9.1"},
	{"listen()", "a socket call: passive OPEN", "From now on the system answers SYNs to that port. Nothing is sent until one comes.", "RFC 9293, section 3.9.1.1"},
	{"connect()", "a socket call: active OPEN", "The system sends SYN. The call returns once SYN-ACK has come, or fails.", "RFC 9293, section 3.9.1.1"},
	{"accept()", "a socket call: take a finished connection", "It returns a connection whose handshake is complete, and waits until there is one. It sends nothing: the system had answered the SYN by itself.", "RFC 9293, section 3.9.1.1"},
	{"send()", "a socket call: SEND", "It puts bytes into the system's buffer and returns. The system makes DATA segments of them, at once or later.", "RFC 9293, section 3.9.1.2"},
	{"recv()", "a socket call: RECEIVE", "It takes bytes that have arrived, and waits for some. No bytes at all means that the other end has sent FIN.", "RFC 9293, section 3.9.1.3"},
	{"shutdown()", "a socket call: close one direction", "The system sends FIN; the program can still receive.", "RFC 9293, section 3.9.1.4"},
	{"close()", "a socket call: CLOSE", "The system sends FIN after all that was written; or RST if the program left bytes unread, or has set SO_LINGER with 0 s.", "RFC 9293, section 3.9.1.4"},
	{"setsockopt()", "a socket call: set an option", "It changes how the system treats the socket, and sends nothing. SO_REUSEADDR: bind() may take a port in TIME-WAIT. TCP_NODELAY: small pieces go at once. SO_LINGER, 0 s: close() sends RST.", ""},
}
