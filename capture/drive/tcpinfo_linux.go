//go:build !netdrive

package drive

import (
	"time"

	"golang.org/x/sys/unix"
)

// stateName turns the numbers of linux/net/tcp_states.h into RFC 9293's names.
func stateName(n uint8) string {
	names := [...]string{1: "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
		"CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED"}
	if int(n) < len(names) {
		return names[n]
	}
	return ""
}

// infiniteThreshold is what the kernel starts the slow start threshold with.
const infiniteThreshold = 0x7fffffff

func (s *sock) tcpInfo() (TCPInfo, error) {
	var in *unix.TCPInfo
	err := s.control(func(fd int) (err error) {
		in, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		return err
	})
	if err != nil {
		return TCPInfo{}, err
	}
	info := TCPInfo{
		State:           stateName(in.State),
		RTT:             time.Duration(in.Rtt) * time.Microsecond,
		RTTVar:          time.Duration(in.Rttvar) * time.Microsecond,
		RTO:             time.Duration(in.Rto) * time.Microsecond,
		SendMSS:         int(in.Snd_mss),
		ReceiveMSS:      int(in.Rcv_mss),
		CongestionWin:   int(in.Snd_cwnd),
		SlowStartThresh: int(in.Snd_ssthresh),
		Unacked:         int(in.Unacked),
		Retransmits:     int(in.Retransmits),
		TotalRetrans:    int(in.Total_retrans),
		PathMTU:         int(in.Pmtu),
		BytesAcked:      in.Bytes_acked,
		BytesReceived:   in.Bytes_received,
	}
	if in.Snd_ssthresh >= infiniteThreshold {
		info.SlowStartThresh = 0
	}
	return info, nil
}
