package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// RouteInterface returns the interface over which this machine reaches dst,
// and the source address that it uses for that. The way to one's own address
// is the loopback interface. The kernel is asked (RTM_GETROUTE of
// rtnetlink(7)); where it knows no way the error wraps its errno
// (unix.ENETUNREACH, unix.EHOSTUNREACH, …).
func RouteInterface(dst netip.Addr) (name string, src netip.Addr, err error) {
	if !dst.IsValid() {
		return "", netip.Addr{}, errors.New("route: no address given")
	}
	dst = connectable(dst)
	req, err := routeRequest(dst)
	if err != nil {
		return "", netip.Addr{}, fmt.Errorf("route to %s: %w", dst, err)
	}
	m, err := askRoute(req)
	if err != nil {
		return "", netip.Addr{}, fmt.Errorf("route to %s: %w", dst, err)
	}
	name, src, err = parseRoute(m)
	if err != nil {
		return "", netip.Addr{}, fmt.Errorf("route to %s: %w", dst, err)
	}
	return name, src, nil
}

// OwnAddress reports whether a is an address of this machine: whether the
// kernel would deliver here what is sent to it. A process needs nothing for
// that but a netlink socket that it neither binds nor keeps.
func OwnAddress(a netip.Addr) bool {
	req, err := routeRequest(a.Unmap())
	if err != nil {
		return false
	}
	m, err := askRoute(req)
	return err == nil && m.Header.Type == unix.RTM_NEWROUTE && len(m.Data) >= unix.SizeofRtMsg && m.Data[7] == unix.RTN_LOCAL
}

// routeRequest builds nlmsghdr (16 bytes), struct rtmsg (12) and attributes.
func routeRequest(dst netip.Addr) ([]byte, error) {
	family := byte(unix.AF_INET)
	if dst.Is6() {
		family = unix.AF_INET6
	}
	ip := dst.AsSlice()
	b := make([]byte, unix.SizeofNlMsghdr+unix.SizeofRtMsg, 64)
	b[16], b[17] = family, byte(len(ip)*8)
	b = appendAttr(b, unix.RTA_DST, ip)
	if dst.Zone() != "" {
		index, err := zoneIndex(dst.Zone())
		if err != nil {
			return nil, err
		}
		b = appendAttr(b, unix.RTA_OIF, binary.NativeEndian.AppendUint32(nil, uint32(index)))
	}
	binary.NativeEndian.PutUint32(b[0:], uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], unix.RTM_GETROUTE)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST)
	binary.NativeEndian.PutUint32(b[8:], 1) // sequence number
	return b, nil
}

// appendAttr appends one attribute whose value is a multiple of four bytes.
func appendAttr(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(unix.SizeofRtAttr+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	return append(b, value...)
}

// zoneIndex returns the interface number of an IPv6 zone, a name or a number.
func zoneIndex(zone string) (int, error) {
	if i, err := net.InterfaceByName(zone); err == nil {
		return i.Index, nil
	}
	n, err := strconv.Atoi(zone)
	if err != nil {
		return 0, fmt.Errorf("no interface %q", zone)
	}
	return n, nil
}

// askRoute sends a request to the kernel and returns the first message of
// its answer.
func askRoute(req []byte) (*syscall.NetlinkMessage, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("netlink send: %w", err)
	}
	buf := make([]byte, 16<<10)
	n, err := recvRetry(fd, buf)
	if err != nil {
		return nil, fmt.Errorf("netlink receive: %w", err)
	}
	msgs, err := syscall.ParseNetlinkMessage(buf[:n])
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	if len(msgs) == 0 {
		return nil, errors.New("netlink: empty answer")
	}
	m := &msgs[0]
	if m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4 {
		errno := -int32(binary.NativeEndian.Uint32(m.Data))
		return nil, syscall.Errno(errno)
	}
	return m, nil
}

// recvRetry receives one datagram, again after signals.
func recvRetry(fd int, buf []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// parseRoute reads struct rtmsg (12 bytes: family, dst_len, src_len, tos,
// table, protocol, scope, type, flags 4) and its attributes.
func parseRoute(m *syscall.NetlinkMessage) (string, netip.Addr, error) {
	if m.Header.Type != unix.RTM_NEWROUTE || len(m.Data) < unix.SizeofRtMsg {
		return "", netip.Addr{}, errors.New("netlink: not a route")
	}
	attrs, err := syscall.ParseNetlinkRouteAttr(m)
	if err != nil {
		return "", netip.Addr{}, fmt.Errorf("netlink: %w", err)
	}
	var src netip.Addr
	oif := 0
	for _, a := range attrs {
		switch a.Attr.Type {
		case unix.RTA_OIF:
			if len(a.Value) >= 4 {
				oif = int(binary.NativeEndian.Uint32(a.Value))
			}
		case unix.RTA_PREFSRC:
			src, _ = netip.AddrFromSlice(a.Value)
		}
	}
	switch m.Data[7] {
	case unix.RTN_BLACKHOLE:
		return "", src, unix.EINVAL
	case unix.RTN_UNREACHABLE:
		return "", src, unix.EHOSTUNREACH
	case unix.RTN_PROHIBIT:
		return "", src, unix.EACCES
	case unix.RTN_LOCAL:
		// For IPv6 the kernel names the device that has the address, yet
		// sends over loopback.
		name, err := loopbackName()
		return name, src, err
	}
	list, err := Interfaces()
	if err != nil {
		return "", src, err
	}
	for _, i := range list {
		if i.Index == oif {
			return i.Name, src, nil
		}
	}
	return "", src, fmt.Errorf("interface %d is not there", oif)
}
