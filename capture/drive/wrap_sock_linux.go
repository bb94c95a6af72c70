//go:build amd64 || arm64

package drive

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// maxSockets is how many sockets the tracer remembers. Beyond it all are
// forgotten, and looked up again when they are next used.
const maxSockets = 1 << 14

// maxDescriptors is how many descriptors of one process are looked through.
const maxDescriptors = 1 << 16

// wrappedSocket is a socket of the command's processes. Descriptors that are
// duplicates of each other, also in other processes, are one of these: what
// tells sockets apart is the inode.
type wrappedSocket struct {
	inode      uint64
	tcp        bool
	end        string
	local      netip.AddrPort
	remote     netip.AddrPort
	listening  bool
	nonblock   bool
	connecting bool  // a connect has returned EINPROGRESS
	by         whose // who connects
	passed     bool  // a descriptor was sent to another process (unix(7), SCM_RIGHTS)
	underway   bool  // and is still to be received there
}

// heldSocket is a TCP socket and a descriptor of it.
type heldSocket struct {
	fd      int
	socket  *wrappedSocket
	closing Closing // see closings
}

// socketTable knows sockets by their inodes. It belongs to one goroutine.
type socketTable struct {
	known  map[uint64]*wrappedSocket
	told   map[uint64]pairOfEnds // what has been said of a socket's ends
	report *wireWriter
}

func newSocketTable(report *wireWriter) *socketTable {
	return &socketTable{known: make(map[uint64]*wrappedSocket), told: make(map[uint64]pairOfEnds), report: report}
}

// at returns the TCP socket behind a descriptor, and nil if there is none.
func (t *socketTable) at(tid, fd int) *wrappedSocket {
	if fd < 0 {
		return nil
	}
	inode, ok := inodeAt(tid, fd)
	if !ok {
		return nil
	}
	s := t.known[inode]
	if s == nil {
		if len(t.known) >= maxSockets {
			clear(t.known)
			clear(t.told)
		}
		s = &wrappedSocket{inode: inode}
		t.known[inode] = s
		s.inspect(tid, fd)
	}
	if !s.tcp {
		return nil
	}
	t.own(s)
	return s
}

// refresh asks for the ends of s again.
func (t *socketTable) refresh(s *wrappedSocket, tid, fd int) {
	s.inspect(tid, fd)
	t.own(s)
}

// own tells whose s is, where something new is known.
func (t *socketTable) own(s *wrappedSocket) {
	now := pairOfEnds{s.local, s.remote}
	if !s.tcp || s.local.Port() == 0 || t.told[s.inode] == now {
		return
	}
	t.told[s.inode] = now
	t.report.send(wireMessage{Kind: wireOwn, Local: s.local, Remote: s.remote, PID: s.by.pid, Text: s.by.program})
}

// heldBy returns the TCP sockets that a process has, each with one descriptor.
func (t *socketTable) heldBy(tid int) []heldSocket {
	var held []heldSocket
	seen := make(map[uint64]bool)
	for _, fd := range descriptorsOf(tid) {
		if s := t.at(tid, fd); s != nil && !seen[s.inode] {
			seen[s.inode] = true
			held = append(held, heldSocket{fd: fd, socket: s})
		}
	}
	return held
}

// descriptorsOf returns the descriptors that a process has open.
func descriptorsOf(tid int) []int {
	dir, err := os.Open("/proc/" + strconv.Itoa(tid) + "/fd")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxDescriptors)
	var list []int
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil {
			list = append(list, fd)
		}
	}
	return list
}

// passed notes the TCP sockets that a message of a socket of another kind
// carries along: it is sent, or else it has been received.
func (t *tracing) passed(k *task, message uint64, sent bool) {
	for _, fd := range readRights(k.tid, message) {
		if s := t.sockets.at(k.tid, fd); s != nil {
			s.passed, s.underway = true, sent
		}
	}
}

// closingOf asks the system what a socket that is about to be closed is like,
// where it lets a descriptor of another process be duplicated.
func closingOf(tid, fd int) (c Closing) {
	dup, err := duplicate(tid, fd)
	if err != nil {
		return c
	}
	defer unix.Close(dup) // before the process goes on: its own close is the last
	if l, err := unix.GetsockoptLinger(dup, unix.SOL_SOCKET, unix.SO_LINGER); err == nil {
		c.Linger0 = l.Onoff != 0 && l.Linger == 0
	}
	c.Unread = unreadAt(dup)
	return c
}

// Where another descriptor of a socket is looked for that was not passed on, at
// most: among so many of
// the process itself from 0 on, and in so many others under the same number, which
// fork gives it there, and as standard input, output and error.
const (
	sharedOwn    = 16
	sharedOthers = 32
)

// shared reports whether the socket s stays open when k closes its descriptors
// first to last: another descriptor of the process, or another process of the
// command, has it too.
func (t *tracing) shared(k *task, s *wrappedSocket, first, last uint64) bool {
	has := func(p *process, fd uint64) bool {
		inode, ok := inodeAt(p.pid, int(fd))
		return ok && inode == s.inode && p.closing != int(fd)+1
	}
	if s.underway {
		return true
	}
	if s.passed { // under any number
		for _, p := range t.procs {
			for _, fd := range descriptorsOf(p.pid) {
				if n := uint64(fd); (p != k.p || n < first || n > last) && has(p, n) {
					return true
				}
			}
		}
		return false
	}
	for fd := range uint64(sharedOwn) {
		if (fd < first || fd > last) && has(k.p, fd) {
			return true
		}
	}
	looked := 0
	for _, p := range t.procs {
		if p == k.p {
			continue
		}
		if has(p, first) || has(p, 0) || has(p, 1) || has(p, 2) {
			return true
		}
		if looked++; looked == sharedOthers {
			break
		}
	}
	return false
}

// closings asks the same of all sockets of a list.
func closings(tid int, held []heldSocket) []heldSocket {
	for i := range held {
		held[i].closing = closingOf(tid, held[i].fd)
	}
	return held
}

// inodeAt returns the inode of the socket behind a descriptor.
func inodeAt(tid, fd int) (uint64, bool) {
	var path [64]byte
	p := append(path[:0], "/proc/"...)
	p = strconv.AppendInt(p, int64(tid), 10)
	p = append(p, "/fd/"...)
	p = strconv.AppendInt(p, int64(fd), 10)
	var link [64]byte
	n, err := unix.Readlink(string(p), link[:])
	if err != nil {
		return 0, false
	}
	digits, ok := bytes.CutPrefix(link[:n], []byte("socket:["))
	if !ok {
		return 0, false
	}
	inode, err := strconv.ParseUint(string(bytes.TrimSuffix(digits, []byte("]"))), 10, 64)
	return inode, err == nil
}

// inspect asks the kernel what the socket is: through a duplicate of the
// descriptor, which is closed at once, or else through /proc.
func (s *wrappedSocket) inspect(tid, fd int) {
	dup, err := duplicate(tid, fd)
	if err != nil {
		s.inspectProc(tid, fd)
		return
	}
	defer unix.Close(dup)
	s.inspectDuplicate(dup)
}

// duplicate returns a descriptor for the file behind fd of another process.
func duplicate(tid, fd int) (int, error) {
	pid, err := unix.PidfdOpen(tid, unix.PIDFD_THREAD) // Linux 6.9
	if err != nil {
		pid, err = unix.PidfdOpen(groupOf(tid), 0)
	}
	if err != nil {
		return -1, err
	}
	defer unix.Close(pid)
	return unix.PidfdGetfd(pid, fd, 0)
}

func (s *wrappedSocket) inspectDuplicate(fd int) {
	s.tcp = isTCP(fd)
	if !s.tcp {
		return
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err == nil {
		s.nonblock = flags&unix.O_NONBLOCK != 0
	}
	if n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && n != 0 {
		s.listening, s.end = true, Server
	}
	if a, ok := addressOf(unix.Getsockname(fd)); ok && a.Port() != 0 {
		s.local = a
	}
	if a, ok := addressOf(unix.Getpeername(fd)); ok {
		s.remote = a
	}
}

// isTCP reports whether fd is a socket of TCP, or of MPTCP, which speaks TCP
// on the wire.
func isTCP(fd int) bool {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil || domain != unix.AF_INET && domain != unix.AF_INET6 {
		return false
	}
	proto, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	return err == nil && (proto == unix.IPPROTO_TCP || proto == unix.IPPROTO_MPTCP)
}

func addressOf(sa unix.Sockaddr, err error) (netip.AddrPort, bool) {
	if err != nil {
		return netip.AddrPort{}, false
	}
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)), true
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port)), true
	}
	return netip.AddrPort{}, false
}

// inspectProc is inspect where a descriptor of another process cannot be
// duplicated (before Linux 5.6, or forbidden in a container).
func (s *wrappedSocket) inspectProc(tid, fd int) {
	proc := "/proc/" + strconv.Itoa(tid)
	var name [32]byte
	n, err := unix.Getxattr(proc+"/fd/"+strconv.Itoa(fd), "system.sockprotoname", name[:])
	if err != nil {
		return
	}
	protocol := strings.TrimRight(string(name[:n]), "\x00")
	if s.tcp = strings.HasPrefix(protocol, "TCP") || strings.HasPrefix(protocol, "MPTCP"); !s.tcp {
		return
	}
	s.nonblock = procNonblock(proc + "/fdinfo/" + strconv.Itoa(fd))
	for _, table := range [...]string{"/net/tcp", "/net/tcp6"} {
		b, err := os.ReadFile(proc + table)
		if err != nil {
			continue
		}
		if e, ok := findSocket(b, s.inode); ok {
			s.local = e.local
			if e.listening {
				s.listening, s.end = true, Server
			} else {
				s.remote = e.remote
			}
			return
		}
	}
}

// procNonblock reads the flags of a descriptor, which stand in octal in a line
// of its own (proc(5), /proc/pid/fdinfo).
func procNonblock(path string) bool {
	b, _ := os.ReadFile(path)
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, _ := strconv.ParseInt(strings.TrimSpace(v), 8, 64)
			return flags&unix.O_NONBLOCK != 0
		}
	}
	return false
}

// How the local port of a connect is waited for: the kernel chooses it as the
// first thing in the call.
const (
	portFirstPause = 20 * time.Microsecond
	portLastPause  = 2 * time.Millisecond
	portPatience   = time.Second
)

// awaitPort completes own with the local port of a socket that is being
// connected, as soon as the kernel has chosen it and long before the call
// returns, and tells it. It has a goroutine of its own. It stops when over is
// closed, and closes left as its last act. dup is a duplicate of the socket's
// descriptor, -1 where there is none. As long as it is open a close of the
// command's sends no FIN, so that the command must not go on before left is
// closed.
func awaitPort(report *wireWriter, own wireMessage, tid, fd, dup int, inode uint64, over <-chan struct{}, left chan<- struct{}) {
	defer close(left)
	if dup >= 0 {
		defer unix.Close(dup)
	}
	s := wrappedSocket{inode: inode}
	pause := portFirstPause
	for end := time.Now().Add(portPatience); time.Now().Before(end) && !isClosed(over); pause = min(2*pause, portLastPause) {
		if dup >= 0 {
			s.inspectDuplicate(dup)
		} else {
			s.inspectProc(tid, fd)
		}
		if s.local.Port() != 0 {
			own.Local = s.local
			report.send(own)
			return
		}
		select {
		case <-over:
		case <-time.After(pause):
		}
	}
}

// procSocket is a line of /proc/net/tcp or tcp6.
type procSocket struct {
	local, remote netip.AddrPort
	listening     bool
}

// findSocket looks for an inode in the text of /proc/net/tcp or tcp6.
func findSocket(table []byte, inode uint64) (procSocket, bool) {
	for line := range bytes.Lines(table) {
		f := bytes.Fields(line)
		// sl, local, remote, state, queues, timer, retransmits, uid, timeout, inode
		if len(f) < 10 {
			continue
		}
		if n, err := strconv.ParseUint(string(f[9]), 10, 64); err != nil || n != inode {
			continue
		}
		local, ok1 := procAddress(f[1])
		remote, ok2 := procAddress(f[2])
		return procSocket{local, remote, string(f[3]) == procListen}, ok1 && ok2
	}
	return procSocket{}, false
}

// procListen is TCP_LISTEN of linux/net/tcp_states.h as the table has it.
const procListen = "0A"

// procAddress reads "0100007F:0BB8": the address as words of the machine's
// byte order in hexadecimal, the port in plain hexadecimal.
func procAddress(text []byte) (netip.AddrPort, bool) {
	words, port, ok := bytes.Cut(text, []byte(":"))
	if !ok || len(words) != 8 && len(words) != 32 {
		return netip.AddrPort{}, false
	}
	p, err := strconv.ParseUint(string(port), 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	var raw []byte
	for ; len(words) > 0; words = words[8:] {
		w, err := strconv.ParseUint(string(words[:8]), 16, 32)
		if err != nil {
			return netip.AddrPort{}, false
		}
		raw = binary.NativeEndian.AppendUint32(raw, uint32(w))
	}
	a, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), ok
}
