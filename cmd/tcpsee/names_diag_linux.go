package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// diag asks the kernel for sockets by their ends (sock_diag(7)).
type diag struct {
	fd  int
	seq uint32
	buf [4096]byte
}

// Of linux/sock_diag.h, linux/inet_diag.h and net/tcp_states.h.
const (
	sockDiagByFamily = 20
	diagRequestSize  = 16 + 56 // struct nlmsghdr, struct inet_diag_req_v2
	diagMessageSize  = 72      // struct inet_diag_msg
	noCookie         = 1<<32 - 1
	stateListen      = 10
)

// maxScopes is how many interfaces are tried for a link-local address, which
// packets carry without the interface that it belongs to.
const maxScopes = 64

func openDiag() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	d := &diag{fd: fd}
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	// Asking once makes the kernel load the module that answers.
	if _, err := d.ask(ends{netip.AddrPortFrom(loopback, 0), netip.AddrPortFrom(loopback, 0)}, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		unix.Close(fd)
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	return d, nil
}

// socketState is what the kernel says of a socket.
type socketState struct {
	inode uint32 // 0 for one that no process holds: not accepted yet, or closed
	state uint8
}

// find returns the socket with these ends, else the one that listens at the
// local end.
func (d *diag) find(e ends) (socketState, bool) {
	s, err := d.ask(e, 0)
	if err == nil {
		return s, true
	}
	if e.local.Addr().IsLinkLocalUnicast() && e.local.Addr().Is6() {
		for index := uint32(1); index <= maxScopes; index++ {
			if s, err := d.ask(e, index); err == nil {
				return s, true
			}
		}
	}
	return socketState{}, false
}

// ask sends one request and reads its answer, which is there when sending
// returns.
func (d *diag) ask(e ends, ifindex uint32) (socketState, error) {
	d.seq++
	if err := unix.Sendto(d.fd, diagRequest(e, ifindex, d.seq), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return socketState{}, err
	}
	for {
		n, _, err := unix.Recvfrom(d.fd, d.buf[:], 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return socketState{}, err
		}
		if s, done, err := parseDiag(d.buf[:n], d.seq); done {
			return s, err
		}
	}
}

// diagRequest builds a struct nlmsghdr and a struct inet_diag_req_v2.
func diagRequest(e ends, ifindex, seq uint32) []byte {
	b := make([]byte, diagRequestSize)
	binary.NativeEndian.PutUint32(b[0:], diagRequestSize)
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	binary.NativeEndian.PutUint32(b[8:], seq)
	r := b[16:]
	r[0], r[1] = unix.AF_INET, unix.IPPROTO_TCP
	if e.local.Addr().Is6() {
		r[0] = unix.AF_INET6
	}
	binary.NativeEndian.PutUint32(r[4:], 1<<32-1) // any state
	binary.BigEndian.PutUint16(r[8:], e.local.Port())
	binary.BigEndian.PutUint16(r[10:], e.remote.Port())
	copy(r[12:28], e.local.Addr().AsSlice())
	copy(r[28:44], e.remote.Addr().AsSlice())
	binary.NativeEndian.PutUint32(r[44:], ifindex)
	binary.NativeEndian.PutUint32(r[48:], noCookie)
	binary.NativeEndian.PutUint32(r[52:], noCookie)
	return b
}

// parseDiag reads an answer; done is false for one to another request.
func parseDiag(b []byte, seq uint32) (s socketState, done bool, err error) {
	if len(b) < unix.SizeofNlMsghdr || binary.NativeEndian.Uint32(b[8:]) != seq {
		return s, false, nil
	}
	body := b[unix.SizeofNlMsghdr:]
	switch binary.NativeEndian.Uint16(b[4:]) {
	case unix.NLMSG_ERROR:
		if len(body) < 4 {
			return s, true, unix.EBADMSG
		}
		return s, true, unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
	case sockDiagByFamily:
		if len(body) < diagMessageSize {
			return s, true, unix.EBADMSG
		}
		return socketState{inode: binary.NativeEndian.Uint32(body[68:]), state: body[1]}, true, nil
	}
	return s, false, nil
}
