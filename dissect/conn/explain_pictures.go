package conn

// Way is where a stroke of a picture goes.
type Way byte

// The ways.
const (
	WayNone      Way = ' ' // words only
	WayRight     Way = '>' // from client to server
	WayLeft      Way = '<'
	WayRightLost Way = 'x' // towards the server, and never there
	WayLeftLost  Way = 'y'
)

// Stroke is a line of a picture: a segment between two ends, whose states, or
// what else is to be said of them, stand at its sides.
type Stroke struct {
	Client string
	Way    Way
	Text   string
	Server string
}

// Picture returns the strokes that show what an entry means, nil where a
// picture would not help. All text is ASCII.
func (e Entry) Picture() []Stroke {
	for _, p := range pictures {
		for _, t := range p.terms {
			if t == e.Term {
				return p.strokes
			}
		}
	}
	return nil
}

// picture shows one thing, for several entries.
type picture struct {
	terms   []string
	strokes []Stroke
}

var pictures = [...]picture{
	{[]string{"handshake", "LISTEN", "SYN", "SYN-ACK", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED"}, []Stroke{
		{"SYN-SENT", '>', "SYN      seq=0", "LISTEN"},
		{"ESTABLISHED", '<', "SYN-ACK  seq=0 ack=1", "SYN-RECEIVED"},
		{"", '>', "ACK      ack=1", "ESTABLISHED"},
	}},
	{[]string{"seq", "ack number", "DATA", "ACK"}, []Stroke{
		{"", '>', "DATA 5 B seq=1 \"Hello\"", "bytes 1 to 5"},
		{"", '<', "ACK      ack=6", "6 is next"},
		{"", '>', "DATA 3 B seq=6 \"Bob\"", "bytes 6 to 8"},
		{"", '<', "ACK      ack=9", "9 is next"},
	}},
	{[]string{"FIN", "closed", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK", "TIME-WAIT"}, []Stroke{
		{"FIN-WAIT-1", '>', "FIN      seq=7 ack=7", "CLOSE-WAIT"},
		{"FIN-WAIT-2", '<', "ACK      ack=8", ""},
		{"TIME-WAIT", '<', "FIN      seq=7 ack=8", "LAST-ACK"},
		{"60 s on", '>', "ACK      ack=8", "CLOSED"},
	}},
	{[]string{"CLOSING"}, []Stroke{
		{"FIN-WAIT-1", '>', "FIN", "FIN-WAIT-1"},
		{"CLOSING", '<', "FIN      both at once", "CLOSING"},
		{"TIME-WAIT", '<', "ACK", ""},
		{"", '>', "ACK", "TIME-WAIT"},
	}},
	{[]string{"half-close", "half-closed"}, []Stroke{
		{"FIN-WAIT-1", '>', "FIN      all is sent", "CLOSE-WAIT"},
		{"FIN-WAIT-2", '<', "ACK", ""},
		{"", '<', "DATA     still allowed", ""},
		{"", '>', "ACK", ""},
	}},
	{[]string{"RST", "reset"}, []Stroke{
		{"ESTABLISHED", '>', "DATA 6 B seq=1", "ESTABLISHED"},
		{"CLOSED", '<', "RST      it is over", "CLOSED"},
	}},
	{[]string{"refused", "ECONNREFUSED"}, []Stroke{
		{"SYN-SENT", '>', "SYN      seq=0", "nobody listens"},
		{"CLOSED", '<', "RST      ack=1", "CLOSED"},
	}},
	{[]string{"no-answer", "ETIMEDOUT"}, []Stroke{
		{"SYN-SENT", 'x', "SYN      seq=0", ""},
		{"1 s later", 'x', "SYN      once more", ""},
		{"2 s later", 'x', "SYN      and so on", ""},
	}},
	{[]string{"retransmission", "RTO"}, []Stroke{
		{"", 'x', "DATA 6 B seq=1", ""},
		{"RTO passes", ' ', "no ACK", ""},
		{"", '>', "DATA 6 B seq=1 again", "bytes 1 to 6"},
		{"", '<', "ACK      ack=7", ""},
	}},
	{[]string{"spurious-retransmission"}, []Stroke{
		{"", '>', "DATA 6 B seq=1", "bytes 1 to 6"},
		{"", 'y', "ACK      ack=7", ""},
		{"", '>', "DATA 6 B seq=1 again", "has them"},
	}},
	{[]string{"dup-ack", "fast-retransmission", "lost-segment"}, []Stroke{
		{"", 'x', "DATA     seq=1", ""},
		{"", '>', "DATA     seq=1449", "1 is missing"},
		{"", '<', "ACK      ack=1 dup-ack", ""},
		{"", '>', "DATA     seq=2897", "1 is missing"},
		{"", '<', "ACK      ack=1 dup-ack", ""},
		{"", '>', "DATA     seq=1 again", "all is there"},
		{"", '<', "ACK      ack=4345", ""},
	}},
	{[]string{"out-of-order"}, []Stroke{
		{"sent 2nd", '>', "DATA     seq=1449", "comes first"},
		{"sent 1st", '>', "DATA     seq=1", "comes second"},
	}},
	{[]string{"zero-window", "zero-window-probe", "zero-window-probe-ack", "window-update", "window-full", "window", "stalled"}, []Stroke{
		{"", '>', "DATA     window-full", "no room left"},
		{"must wait", '<', "ACK      win=0", ""},
		{"", '>', "zero-window-probe", "still none"},
		{"", '<', "ACK      win=0", ""},
		{"goes on", '<', "ACK      win=65536", "program reads"},
	}},
	{[]string{"keep-alive", "keep-alive-ack"}, []Stroke{
		{"2 h silence", ' ', "", ""},
		{"", '>', "ACK      seq=6, not 7", "still there?"},
		{"yes", '<', "ACK      ack=7", ""},
	}},
	{[]string{"simultaneous-open", "self-connect"}, []Stroke{
		{"SYN-SENT", '>', "SYN      both at once", "SYN-SENT"},
		{"SYN-RECEIVED", '<', "SYN", "SYN-RECEIVED"},
		{"ESTABLISHED", '<', "SYN-ACK", ""},
		{"", '>', "SYN-ACK", "ESTABLISHED"},
	}},
	{[]string{"half-open", "SYN cookie"}, []Stroke{
		{"", '>', "SYN      seq=0", "LISTEN"},
		{"", '<', "SYN-ACK  seq=0 ack=1", "SYN-RECEIVED"},
		{"silence", ' ', "no ACK comes", "SYN-RECEIVED"},
	}},
	{[]string{"TCP Fast Open", "tfo-syn", "tfo-ack"}, []Stroke{
		{"SYN-SENT", '>', "SYN 6 B  seq=0 cookie", "LISTEN"},
		{"ESTABLISHED", '<', "SYN-ACK  seq=0 ack=7", "has 6 bytes"},
	}},
	{[]string{"RTT"}, []Stroke{
		{"clock starts", '>', "SYN      seq=0", ""},
		{"stops: RTT", '<', "SYN-ACK  seq=0 ack=1", ""},
	}},
	{[]string{"iRTT"}, []Stroke{
		{"clock starts", '>', "SYN      seq=0", ""},
		{"", '<', "SYN-ACK  seq=0 ack=1", ""},
		{"stops: iRTT", '>', "ACK      ack=1", ""},
	}},
	{[]string{"backlog"}, []Stroke{
		{"1st client", '>', "SYN, ACK", "accept()ed"},
		{"2nd client", '>', "SYN, ACK", "in the queue"},
		{"3rd client", 'x', "SYN", "queue full"},
	}},
	{[]string{"challenge-ack"}, []Stroke{
		{"a forger", '>', "RST      seq=guessed", "ESTABLISHED"},
		{"the peer", '<', "ACK      prove it", "ESTABLISHED"},
	}},
	{[]string{"ARP", "no-neighbour"}, []Stroke{
		{"", '>', "ARP who has 10.0.0.2?", "everybody"},
		{"", '<', "ARP it is at 02:..:02", "10.0.0.2"},
		{"SYN-SENT", '>', "SYN      now it can go", ""},
	}},
	{[]string{"OSI", "segment"}, []Stroke{
		{"7 application", ' ', "", "Hello"},
		{"4 transport", ' ', "", "[TCP|Hello]"},
		{"3 network", ' ', "", "[IP|TCP|Hello]"},
		{"2 data link", ' ', "", "[Ethernet|IP|TCP|Hello]"},
		{"1 physical", ' ', "", "bits, on wire or air"},
	}},
}
