package drive

import "time"

// TCPInfo is the kernel's own view of a connection (tcp(7), TCP_INFO).
type TCPInfo struct {
	State           string        // of this end, RFC 9293's name: "ESTABLISHED"
	RTT             time.Duration // smoothed round trip time
	RTTVar          time.Duration // its mean deviation
	RTO             time.Duration // retransmission time-out now
	SendMSS         int           // largest payload sent in a segment, bytes
	ReceiveMSS      int           // largest payload received, as estimated, bytes
	CongestionWin   int           // congestion window, in segments
	SlowStartThresh int           // in segments; 0 where none is set yet
	Unacked         int           // segments sent and not acknowledged
	Retransmits     int           // of the segment at the front, now
	TotalRetrans    int           // segments retransmitted so far
	PathMTU         int           // bytes
	BytesAcked      uint64        // of ours that the other end has; Linux counts an active OPEN's SYN as one
	BytesReceived   uint64        // of the other end's that we have; Linux counts its FIN as one
}
