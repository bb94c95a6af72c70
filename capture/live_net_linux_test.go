package capture

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newNamespace puts the test into a network namespace of its own, with
// nothing but a loopback interface that is up. The test's goroutine stays on
// its thread, which ends with it; sockets must be made on this goroutine.
func newNamespace(t testing.TB) {
	t.Helper()
	runtime.LockOSThread() // for good
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		t.Skipf("needs a network namespace of its own (root): %v", err)
	}
	setUp(t, "lo", true)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Skipf("needs packet sockets: %v", err)
	}
	unix.Close(fd)
}

// setUp switches an interface on or off.
func setUp(t testing.TB, name string, up bool) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, ifr); err != nil {
		t.Fatalf("flags of %s: %v", name, err)
	}
	flags := ifr.Uint16() &^ unix.IFF_UP
	if up {
		flags |= unix.IFF_UP
	}
	ifr.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		t.Fatalf("set flags of %s: %v", name, err)
	}
}

// attr is a netlink attribute: length 2, type 2, value, padding to 4.
func attr(kind uint16, value []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// netlink sends one request with an acknowledgement asked for.
func netlink(t testing.TB, kind, flags uint16, body []byte) error {
	t.Helper()
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = binary.NativeEndian.AppendUint32(b, 1) // sequence number
	b = binary.NativeEndian.AppendUint32(b, 0) // port: the kernel's choice
	_, err := askRoute(append(b, body...))
	var errno unix.Errno
	if errors.As(err, &errno) && errno == 0 {
		return nil // NLMSG_ERROR with code 0 is the acknowledgement
	}
	return err
}

// newVeth makes a pair of virtual Ethernet interfaces, both up.
func newVeth(t testing.TB, a, b string) {
	t.Helper()
	info := make([]byte, unix.SizeofIfInfomsg)
	const vethInfoPeer = 1
	peer := attr(vethInfoPeer, append(info, attr(unix.IFLA_IFNAME, []byte(b+"\x00"))...))
	body := make([]byte, unix.SizeofIfInfomsg)
	body = append(body, attr(unix.IFLA_IFNAME, []byte(a+"\x00"))...)
	body = append(body, attr(unix.IFLA_LINKINFO, append(
		attr(unix.IFLA_INFO_KIND, []byte("veth\x00")),
		attr(unix.IFLA_INFO_DATA, peer)...))...)
	if err := netlink(t, unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body); err != nil {
		t.Skipf("needs veth interfaces: %v", err)
	}
	setUp(t, a, true)
	setUp(t, b, true)
}

// removeInterface deletes an interface.
func removeInterface(t testing.TB, name string) {
	t.Helper()
	body := append(make([]byte, unix.SizeofIfInfomsg), attr(unix.IFLA_IFNAME, []byte(name+"\x00"))...)
	if err := netlink(t, unix.RTM_DELLINK, 0, body); err != nil {
		t.Fatalf("remove %s: %v", name, err)
	}
}

// addAddress gives an interface an address.
func addAddress(t testing.TB, name string, p netip.Prefix) {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	family := byte(unix.AF_INET)
	if p.Addr().Is6() {
		family = unix.AF_INET6
	}
	body := []byte{family, byte(p.Bits()), unix.IFA_F_NODAD, 0}
	body = binary.NativeEndian.AppendUint32(body, uint32(i.Index))
	body = append(body, attr(unix.IFA_LOCAL, p.Addr().AsSlice())...)
	body = append(body, attr(unix.IFA_ADDRESS, p.Addr().AsSlice())...)
	if err := netlink(t, unix.RTM_NEWADDR, unix.NLM_F_CREATE, body); err != nil {
		t.Fatalf("address %s of %s: %v", p, name, err)
	}
}

// newTun makes a tun interface that is up; flags go beside IFF_TUN.
func newTun(t testing.TB, name string, flags uint16) *os.File {
	t.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("needs /dev/net/tun: %v", err)
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		t.Fatal(err)
	}
	ifr.SetUint16(unix.IFF_TUN | flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		t.Skipf("needs a tun interface: %v", err)
	}
	setUp(t, name, true)
	f := os.NewFile(uintptr(fd), name)
	t.Cleanup(func() { f.Close() })
	return f
}

// rawSender returns a function that puts frames on an interface as they are.
func rawSender(t testing.TB, name string) func(frame []byte) {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	to := &unix.SockaddrLinklayer{Ifindex: i.Index}
	return func(frame []byte) {
		if err := unix.Sendto(fd, frame, 0, to); err != nil {
			t.Errorf("send on %s: %v", name, err)
		}
	}
}

// udpSocket returns a connected UDP socket over loopback and what its
// datagrams' receiving end is bound to. Nothing reads them.
func udpSocket(t testing.TB) (fd int, port uint16) {
	t.Helper()
	sink, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(sink) })
	if err := unix.Bind(sink, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(sink)
	if err != nil {
		t.Fatal(err)
	}
	at := sa.(*unix.SockaddrInet4)
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Connect(fd, at); err != nil {
		t.Fatal(err)
	}
	return fd, uint16(at.Port)
}

// sendMany sends n datagrams of the same bytes with sendmmsg(2).
func sendMany(fd int, payload []byte, n int) error {
	var msgs [64]mmsghdr
	vec := unix.Iovec{Base: &payload[0]}
	vec.SetLen(len(payload))
	for i := range msgs {
		msgs[i].hdr.Iov = &vec
		msgs[i].hdr.SetIovlen(1)
	}
	for n > 0 {
		sent, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd),
			uintptr(unsafe.Pointer(&msgs[0])), uintptr(min(n, len(msgs))), 0, 0, 0)
		if errno != 0 {
			return errno
		}
		n -= int(sent)
	}
	runtime.KeepAlive(payload)
	return nil
}
