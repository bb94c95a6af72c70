package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Of net/tcp_states.h.
const (
	stateEstablished = 1
	stateFinWait2    = 5
	stateTimeWait    = 6
	stateClose       = 7 // of UDP: bound, and not connected
	stateCloseWait   = 8
)

// Limits of an answer.
const (
	maxSockets  = 1 << 16
	dumpTimeout = 200 * time.Millisecond
)

// diagDump lists sockets (sock_diag(7)).
type diagDump struct {
	fd  int
	seq uint32
	buf []byte
}

func openDiagDump() (*diagDump, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	timeout := unix.NsecToTimeval(int64(dumpTimeout))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return &diagDump{fd: fd, buf: make([]byte, 32<<10)}, nil
}

func (d *diagDump) close() { unix.Close(d.fd) }

// all lists the sockets of TCP in some states, a set of 1<<state, and with a
// local port, where that is not 0.
func (d *diagDump) all(states uint32, port uint16) (list []socketInfo, err error) {
	return d.both(unix.IPPROTO_TCP, states, port)
}

// datagrams lists the sockets of UDP.
func (d *diagDump) datagrams() (list []socketInfo, err error) {
	return d.both(unix.IPPROTO_UDP, 1<<stateClose|1<<stateEstablished, 0)
}

// both lists sockets of IPv4 and IPv6.
func (d *diagDump) both(protocol uint8, states uint32, port uint16) (list []socketInfo, err error) {
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		d.seq++
		if list, err = d.family(list, dumpRequest(family, protocol, states, port, d.seq)); err != nil {
			return list, fmt.Errorf("sock_diag: %w", err)
		}
	}
	return list, nil
}

func (d *diagDump) family(list []socketInfo, request []byte) ([]socketInfo, error) {
	if err := unix.Sendto(d.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return list, err
	}
	for len(list) < maxSockets {
		n, _, err := unix.Recvfrom(d.fd, d.buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return list, err
		}
		var done bool
		if list, done, err = parseDump(list, d.buf[:n], d.seq); done || err != nil {
			return list, err
		}
	}
	return list, nil
}

// dumpRequest is diagRequest for many sockets.
func dumpRequest(family, protocol uint8, states uint32, port uint16, seq uint32) []byte {
	zero := netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	b := diagRequest(ends{netip.AddrPortFrom(netip.IPv6Unspecified(), port), zero}, 0, seq)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b[16], b[17] = family, protocol
	binary.NativeEndian.PutUint32(b[20:], states)
	return b
}

// parseDump reads one datagram of the answer to request seq; done is whether
// that was all of it.
func parseDump(list []socketInfo, b []byte, seq uint32) (_ []socketInfo, done bool, err error) {
	for len(b) >= unix.SizeofNlMsghdr {
		n := binary.NativeEndian.Uint32(b)
		if n < unix.SizeofNlMsghdr || int64(n) > int64(len(b)) {
			return list, true, unix.EBADMSG
		}
		if binary.NativeEndian.Uint32(b[8:]) == seq {
			body := b[unix.SizeofNlMsghdr:n]
			switch binary.NativeEndian.Uint16(b[4:]) {
			case unix.NLMSG_DONE:
				return list, true, nil
			case unix.NLMSG_ERROR:
				if len(body) < 4 {
					return list, true, unix.EBADMSG
				}
				return list, true, unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
			case sockDiagByFamily:
				if s, ok := parseSocket(body); ok && len(list) < maxSockets {
					list = append(list, s)
				}
			}
		}
		b = b[min(uint32(len(b)), (n+3)&^3):]
	}
	return list, false, nil
}

// parseSocket reads a struct inet_diag_msg.
func parseSocket(b []byte) (s socketInfo, ok bool) {
	if len(b) < diagMessageSize {
		return s, false
	}
	address := func(at int) netip.Addr {
		if b[0] == unix.AF_INET {
			return netip.AddrFrom4([4]byte(b[at : at+4]))
		}
		return netip.AddrFrom16([16]byte(b[at : at+16])).Unmap()
	}
	s.state = b[1]
	s.local = netip.AddrPortFrom(address(8), binary.BigEndian.Uint16(b[4:]))
	s.remote = netip.AddrPortFrom(address(24), binary.BigEndian.Uint16(b[6:]))
	switch s.state {
	case stateListen:
		s.waiting, s.room = binary.NativeEndian.Uint32(b[56:]), binary.NativeEndian.Uint32(b[60:])
	case stateTimeWait:
		s.left = time.Duration(binary.NativeEndian.Uint32(b[52:])) * time.Millisecond
	}
	return s, true
}
