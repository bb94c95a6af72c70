package conn

import (
	"net/netip"
	"time"

	"tcpsee/capture"
)

// facts is what the tracker has seen of one connection and a verdict may rest
// on. Places are 0 where there was no such frame.
type facts struct {
	files               fileFacts
	first, last         place    // segments
	synFirst, synLast   place    // SYNs of the client
	synHops             uint8    // hop limit of a SYN of the client; 0 is not known
	synAck              place    // first SYN-ACK
	synAcks             uint32   // how many
	handshake           place    // the ACK that completed the handshake
	dataFirst, dataLast [2]place // by sender
	fin                 [2]place // first FIN by sender
	finAcked            [2]place // the segment that acknowledged that FIN
	finOrder            Side     // who sent FIN first, where there is one
	rst                 place    // first RST
	rstBy               Side
	rstTook             bool // it ended the connection at the other end
	refusal             bool // the RST answers a SYN that was not captured
	turnedBack          bool // and was sent by this machine itself, in the name of another
	stray               strayFact
	hops                [2]uint8 // hop limits of the SYN or SYN-ACK of who sent the RST, or of the answer that disproves it, and of the RST; 0 is not known
	otherRST            place    // an RST in the name of the end that rstBy is not, with a hop limit that is not that of its handshake; 0 is none
	otherHops           [2]uint8 // the hop limits of that handshake and of that RST
	back                place    // the first frame after time went back by backBy
	backBy              time.Duration
	replaced            place  // a SYN with another number and the same ports, which ended it; 0 is none
	unfitACK            place  // an RST that the server sent since the client's ACK fitted no SYN-ACK of it; 0 is none
	unfitACKs           uint32 // what that acknowledged, relative to the server's number
	silenceEnd          place  // of the longest silence, with Options.Measures
	rivals              rivalFacts
	outside             outsideFacts
	simultaneous        bool     // both ends sent SYN
	midstream           bool     // no SYN seen
	illegible           bool     // none of its segments could be judged
	noAck               bool     // the client has sent no segment with ACK
	zeroWindow          [2]place // since which the window is zero, by sender; 0 once it opened again
	probes              [2]uint32
	inVain              [2]uint32 // of these, the last ones that nothing has answered
	outstanding         [2]uint32 // bytes sent and not acknowledged at the end, by sender
	missing             [2]uint32 // of these, where a gap was left before the last that is known: up to so many never came
	acked               [2]uint32 // bytes of the other end, and its FIN, that an end has acknowledged at last; by who acknowledges
	fastOpen            bool      // data went with the SYN
	unseen              [2]uint32 // bytes that numbers prove were sent, of an end of which no data was captured
	resendsAtEnd        [2]uint32 // times that the oldest of them was sent again
	resendBytes         [2]uint32 // largest segment among those resends
	resendFrame         [2]place  // the last of those resends
	heardSince          [2]place  // with resendFrame: the other end's last segment since the second of those resends
	unheard             [2]uint32 // times in a row that an end sent again what the other had acknowledged
	unheardLast         [2]place  // the last of those segments
	answered            [2]place  // the other end's last ACK since the first of them
	lastBy              Side      // who sent the last segment
	lastDataAt          [2]capture.Stamp
	newestAt            [2]capture.Stamp // when an end's highest number was sent; 0 is not known
	establishedAt       capture.Stamp
	endedAt             capture.Stamp // first FIN or RST
	icmp                icmpFact
	unresolved          netip.Addr // asked for by ARP or neighbour discovery, and never answered
	asked               []place    // frames of those questions
	callError           string     // errno name that a driven end's call gave: "ECONNREFUSED"
	callName            string
	gaveUp              bool          // the client's program closed its socket before the SYN was answered
	closing             [2]Closing    // by end: what its system said of the socket when it was closed
	beganAt             capture.Stamp // time of synFirst, where something of an older connection came before it; 0 where nothing did
	synLastAt           capture.Stamp // time of synLast; filled by the tracker, 0 is not known
	until               capture.Stamp // how far the capture has come; NoTime is not known
	siblings            uint32        // connections of others to the same server address and port whose handshake was completed, before or since; filled by the tracker
	boundTo             netip.Addr    // the only address at which the server's port is open on this machine, where local socket data shows it; filled by the tracker where it is told, else invalid
	mine                bool          // the server's address is one of this machine, and SYNs to it went unanswered, where local socket data shows it
	own                 bool          // the server's address is one of this machine, and refused, where local socket data shows it
	listens             bool          // a program listens on the server's port, by now where it was refused
	full                bool          // the queue of the server's port was full while a SYN went unanswered, where local socket data shows it
	waiting, room       uint32        // with full: connections that wait to be accepted, and the program's limit
	udp                 bool          // a socket of UDP has a port with the server's number, where local socket data shows it
	stayed              string        // the program that went on after the FIN of rstBy, where it is known; filled by the tracker
	app                 appFacts

	older     place         // ACK of an older connection that answered the SYN
	cleared   place         // RST that told the other end to forget that
	rstBare   bool          // rst had no ACK
	silent    time.Duration // how long its sender had not been heard
	keeps     [2]uint32     // keep-alives in a row that nothing but RST has answered, by sender
	keepFrame [2]place      // the last of them
}

// icmpFact is the last ICMP error that quoted the connection.
type icmpFact struct {
	frame      place
	version    uint8
	kind, code uint8
	mtu        uint32
	from       netip.Addr
	via        netip.Addr // end of the tunnel whose packet the error quotes; zero where none carried it
	count      uint32
}
