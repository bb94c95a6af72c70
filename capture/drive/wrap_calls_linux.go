//go:build amd64 || arm64

package drive

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// callKind is what a system call does to a socket.
type callKind uint8

const (
	kindNone callKind = iota
	kindSocket
	kindBind
	kindListen
	kindAccept
	kindConnect
	kindSend
	kindRecv
	kindShutdown
	kindClose
	kindCloseRange
	kindReplace // dup2, dup3: closes what the second descriptor was
	kindSet     // setsockopt
	kindGet     // getsockopt
	kindFcntl
	kindIoctl
	kindExec
	kindRing    // io_uring
	kindReceive // recvmsg of another socket, which may bring descriptors
)

// tracedCall returns what a system call does, and its name.
func tracedCall(nr uint64) (callKind, string) {
	switch nr {
	case unix.SYS_READ:
		return kindRecv, "read"
	case unix.SYS_WRITE:
		return kindSend, "write"
	case unix.SYS_CLOSE:
		return kindClose, "close"
	case unix.SYS_READV:
		return kindRecv, "readv"
	case unix.SYS_WRITEV:
		return kindSend, "writev"
	case unix.SYS_PREADV2:
		return kindRecv, "preadv2"
	case unix.SYS_PWRITEV2:
		return kindSend, "pwritev2"
	case unix.SYS_RECVFROM:
		return kindRecv, "recvfrom"
	case unix.SYS_SENDTO:
		return kindSend, "sendto"
	case unix.SYS_RECVMSG:
		return kindRecv, "recvmsg"
	case unix.SYS_SENDMSG:
		return kindSend, "sendmsg"
	case unix.SYS_RECVMMSG:
		return kindRecv, "recvmmsg"
	case unix.SYS_SENDMMSG:
		return kindSend, "sendmmsg"
	case unix.SYS_SENDFILE:
		return kindSend, "sendfile"
	case unix.SYS_SPLICE:
		return kindSend, "splice" // or recv; see entered
	case unix.SYS_SOCKET:
		return kindSocket, "socket"
	case unix.SYS_BIND:
		return kindBind, "bind"
	case unix.SYS_LISTEN:
		return kindListen, "listen"
	case unix.SYS_ACCEPT:
		return kindAccept, "accept"
	case unix.SYS_ACCEPT4:
		return kindAccept, "accept4"
	case unix.SYS_CONNECT:
		return kindConnect, "connect"
	case unix.SYS_SHUTDOWN:
		return kindShutdown, "shutdown"
	case unix.SYS_CLOSE_RANGE:
		return kindCloseRange, "close_range"
	case sysDup2:
		return kindReplace, "dup2"
	case unix.SYS_DUP3:
		return kindReplace, "dup3"
	case unix.SYS_SETSOCKOPT:
		return kindSet, "setsockopt"
	case unix.SYS_GETSOCKOPT:
		return kindGet, "getsockopt"
	case unix.SYS_FCNTL:
		return kindFcntl, "fcntl"
	case unix.SYS_IOCTL:
		return kindIoctl, "ioctl"
	case unix.SYS_EXECVE:
		return kindExec, "execve"
	case unix.SYS_EXECVEAT:
		return kindExec, "execveat"
	case unix.SYS_IO_URING_SETUP:
		return kindRing, "io_uring_setup"
	}
	return kindNone, ""
}

// ioctlNonblock is FIONBIO of asm-generic/ioctls.h: switch O_NONBLOCK on or off.
const ioctlNonblock = 0x5421

// pendingCall is a call between its entry and its return.
type pendingCall struct {
	nr      uint64
	args    [6]uint64
	sp      uint64 // the thread's stack pointer
	kind    callKind
	c       Call // as it will be reported
	began   time.Time
	socket  *wrappedSocket
	buffers []buffer
	told    bool          // the Entry has been reported
	late    bool          // the Entry is reported with the Return (non-blocking accept and recv)
	over    chan struct{} // closed when a connect has returned
	left    chan struct{} // closed when nobody else holds its socket any more
	ranged  []heldSocket  // what close_range closes
}

// syscall handles a stop at the entry or at the return of a system call.
func (t *tracing) syscall(k *task) {
	var info syscallInfo
	if _, err := ptrace(unix.PTRACE_GET_SYSCALL_INFO, k.tid, unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info))); err != nil {
		return // killed meanwhile
	}
	switch info.op {
	case unix.PTRACE_SYSCALL_INFO_ENTRY:
		if info.arch != nativeArch || info.union[0]&x32Bit != 0 {
			t.notice(fmt.Sprintf("%s[%d] makes system calls of another architecture (a 32-bit program): these are not seen", k.p.program, k.p.pid))
			k.call = nil
			return
		}
		t.entered(k, info.union[0], [6]uint64(info.union[1:7]), info.sp)
	case unix.PTRACE_SYSCALL_INFO_EXIT:
		k.p.closing = 0
		k.handlerOver(info.sp)
		if k.call != nil && !k.interrupted {
			t.returned(k, int64(info.union[0]), byte(info.union[1]) != 0)
		}
	}
}

// entered handles the entry of a system call.
func (t *tracing) entered(k *task, nr uint64, args [6]uint64, sp uint64) {
	if t.resumed(k, nr, args, sp) {
		return
	}
	k.call = nil
	kind, name := tracedCall(nr)
	if kind == kindNone {
		return
	}
	p := &pendingCall{nr: nr, args: args, sp: sp, kind: kind, began: time.Now()}
	p.c = Call{Syscall: name, FD: int(int32(args[0]))}
	if t.prepare(k, p) {
		k.call = p
		if !p.told {
			t.untold = append(t.untold, k)
		}
	}
}

// resumed deals with the call that a signal has interrupted, if there is one,
// as the thread enters another. It says whether there is no more to that than
// that the interrupted one goes on. Until the signal's handler is over nobody
// knows whether the kernel makes the call again or ends it as EINTR
// (sigaction(2), SA_RESTART): the handler's own calls lie in between.
func (t *tracing) resumed(k *task, nr uint64, args [6]uint64, sp uint64) bool {
	switch {
	case nr == unix.SYS_RT_SIGRETURN: // the end of a handler
		k.returning, k.handled = !k.interrupted, k.interrupted
		return k.interrupted
	case !k.interrupted:
		t.leave(k, sp)
		return false
	case nr == k.call.nr && args == k.call.args, nr == unix.SYS_RESTART_SYSCALL:
		k.interrupted = false
		return true
	case k.handled:
		t.conclude(k, 0, unix.EINTR)
	default:
		if len(k.suspended) == maxSuspended {
			k.suspended = k.suspended[1:]
		}
		k.suspended = append(k.suspended, k.call)
	}
	k.interrupted = false
	t.leave(k, sp)
	return false
}

// leave ends the calls whose signal's handler was left by longjmp(3), which is
// known once the thread's stack is no deeper than at the call: the handler's own
// part of it lies below.
func (t *tracing) leave(k *task, sp uint64) {
	for n := len(k.suspended); n > 0 && k.suspended[n-1].above(sp); n = len(k.suspended) {
		k.call, k.suspended = k.suspended[n-1], k.suspended[:n-1]
		t.conclude(k, 0, unix.EINTR)
	}
}

// above reports whether a stack pointer lies where the caller's is, or that of
// who called that, and not on a stack of its own for handlers (sigaltstack(2)).
func (p *pendingCall) above(sp uint64) bool {
	const nearby = 1 << 20
	return sp >= p.sp && sp-p.sp < nearby
}

// handlerOver notes, as a call returns, that it was the end of a handler, and
// which of the interrupted calls the thread is back at: that made with the same
// stack pointer, if any.
func (k *task) handlerOver(sp uint64) {
	if !k.returning {
		return
	}
	k.returning = false
	for i := len(k.suspended) - 1; i >= 0; i-- {
		if k.suspended[i].sp == sp {
			k.call, k.suspended, k.interrupted, k.handled = k.suspended[i], k.suspended[:i], true, true
			return
		}
	}
}

// maxSuspended bounds the calls of a thread that wait for handlers to end.
const maxSuspended = 8

// prepare takes note of a call before it is made, and reports its entry. It
// says whether the return is of interest.
func (t *tracing) prepare(k *task, p *pendingCall) bool {
	switch p.kind {
	case kindSocket:
		p.c.Name, p.c.FD = "socket", -1
		p.c.Args = socketArgs(p.args)
		if !t.datagrams && isDatagram(p.args) {
			t.datagrams = true
			t.h.report.send(wireMessage{Kind: wireUDP})
		}
		return p.c.Args != ""
	case kindExec:
		k.p.before = closings(k.tid, t.sockets.heldBy(k.tid))
		return false
	case kindRing:
		t.notice(fmt.Sprintf("%s[%d] uses io_uring: calls made through it are not seen", k.p.program, k.p.pid))
		return false
	case kindCloseRange:
		return t.prepareRange(k, p)
	case kindFcntl:
		if p.args[1] != unix.F_SETFL {
			return false
		}
	case kindIoctl:
		if p.args[1] != ioctlNonblock {
			return false
		}
	case kindGet:
		if p.args[1] != unix.SOL_SOCKET || p.args[2] != unix.SO_ERROR {
			return false
		}
	case kindReplace:
		if p.args[0] == p.args[1] {
			return false
		}
		p.c.FD = int(int32(p.args[1]))
	}
	if p.nr == unix.SYS_SPLICE {
		if p.socket = t.sockets.at(k.tid, int(int32(p.args[2]))); p.socket != nil {
			p.c.FD = int(int32(p.args[2]))
		} else {
			p.kind = kindRecv
		}
	}
	if p.socket == nil {
		p.socket = t.sockets.at(k.tid, p.c.FD)
	}
	switch {
	case p.socket != nil:
		return t.prepareOn(k, p)
	case p.nr == unix.SYS_SENDMSG:
		t.passed(k, p.args[1], true)
	case p.nr == unix.SYS_RECVMSG:
		p.kind, p.told = kindReceive, true // there is nothing to tell
		return true
	}
	return false
}

// prepareOn is prepare for a call on a TCP socket.
func (t *tracing) prepareOn(k *task, p *pendingCall) bool {
	s, a := p.socket, p.args
	switch p.kind {
	case kindBind:
		_, at := readSockaddr(k.tid, a[1], a[2])
		p.c.Name, p.c.Args = "bind", addressText(at)
		p.c.Local = at
	case kindListen:
		p.c.Name, p.c.Args = "listen", "backlog "+strconv.Itoa(int(int32(a[1])))
	case kindAccept:
		p.c.Name, p.late = "accept", s.nonblock
		t.entry(k, p, false)
	case kindConnect:
		t.prepareConnect(k, p)
	case kindSend:
		t.prepareSend(k, p)
	case kindRecv:
		t.prepareRecv(k, p)
	case kindShutdown:
		p.c.Name, p.c.Args = "shutdown", shutdownText(a[1])
	case kindClose, kindReplace:
		p.c.Name, p.c.Closing = "close", Closing{Shared: t.shared(k, s, uint64(p.c.FD), uint64(p.c.FD))}
		if !p.c.Closing.Shared {
			p.c.Closing = closingOf(k.tid, p.c.FD)
		}
		k.p.closing = p.c.FD + 1
		p.c.Args = p.c.Closing.args()
		if p.kind == kindClose {
			// Told before it is made, as a socket's close does not fail: what
			// it sends is on the wire before it returns.
			p.c.Time = p.began
			t.send(k, s, p.c, false)
			return false
		}
	case kindSet:
		p.c.Name, p.c.Args = "setsockopt", optionText(k.tid, a[1], a[2], a[3], a[4])
		return p.c.Args != ""
	case kindGet:
		p.c.Name, p.c.Args = "getsockopt", "SO_ERROR"
		return s.connecting
	}
	return true
}

func (t *tracing) prepareConnect(k *task, p *pendingCall) {
	s := p.socket
	family, to := readSockaddr(k.tid, p.args[1], p.args[2])
	p.c.Name, p.c.Args, p.c.Remote = "connect", addressText(to), to
	if family == unix.AF_UNSPEC {
		p.c.Args = "AF_UNSPEC: disconnect" // connect(2)
	}
	if !s.connecting { // else it only asks again how the first went
		s.end, s.remote, s.local, s.by = Client, to, netip.AddrPort{}, whose{k.p.pid, k.p.program}
		s.inspect(k.tid, p.c.FD)
	}
	t.entry(k, p, true)
	if s.local.Port() == 0 && to.IsValid() {
		dup, err := duplicate(k.tid, p.c.FD)
		if err != nil {
			dup = -1
		}
		p.over, p.left = make(chan struct{}), make(chan struct{})
		own := wireMessage{Kind: wireOwn, Remote: to, PID: s.by.pid, Text: s.by.program}
		go awaitPort(t.h.report, own, k.tid, p.c.FD, dup, s.inode, p.over, p.left)
	}
	t.sockets.own(s)
}

func (t *tracing) prepareSend(k *task, p *pendingCall) {
	a := p.args
	p.c.Name = "send"
	n := 0
	switch p.nr {
	case unix.SYS_WRITE, unix.SYS_SENDTO:
		p.buffers = []buffer{{a[1], a[2]}}
	case unix.SYS_WRITEV, unix.SYS_PWRITEV2:
		p.buffers = readVectors(k.tid, a[1], a[2])
	case unix.SYS_SENDMSG:
		p.buffers, _ = readMessage(k.tid, a[1])
	case unix.SYS_SENDMMSG:
		p.buffers = readMessages(k.tid, a[1], a[2])
	case unix.SYS_SENDFILE:
		n = int(min(a[3], 1<<31-1))
	case unix.SYS_SPLICE:
		n = int(min(a[4], 1<<31-1))
	}
	n += total(p.buffers)
	p.c.Args = byteCount(n) + flagNames(p)
	p.c.Data = readData(k.tid, p.buffers, n)
	t.entry(k, p, false)
}

func (t *tracing) prepareRecv(k *task, p *pendingCall) {
	a := p.args
	p.c.Name = "recv"
	n := 0
	switch p.nr {
	case unix.SYS_READ, unix.SYS_RECVFROM:
		p.buffers = []buffer{{a[1], a[2]}}
	case unix.SYS_READV, unix.SYS_PREADV2:
		p.buffers = readVectors(k.tid, a[1], a[2])
	case unix.SYS_RECVMSG:
		p.buffers, _ = readMessage(k.tid, a[1])
	case unix.SYS_RECVMMSG:
		p.buffers = readMessages(k.tid, a[1], a[2])
	case unix.SYS_SPLICE:
		n = int(min(a[4], 1<<31-1))
	}
	p.c.Args = "up to " + byteCount(n+total(p.buffers)) + flagNames(p)
	p.late = p.socket.nonblock || callFlags(p)&unix.MSG_DONTWAIT != 0
	t.entry(k, p, false)
}

// callFlags returns the MSG_ flags of a call that has such.
func callFlags(p *pendingCall) uint64 {
	switch p.nr {
	case unix.SYS_SENDTO, unix.SYS_RECVFROM, unix.SYS_SENDMMSG, unix.SYS_RECVMMSG:
		return p.args[3]
	case unix.SYS_SENDMSG, unix.SYS_RECVMSG:
		return p.args[2]
	}
	return 0
}

// flagNames names those of a call's MSG_ flags without which its bytes would be
// taken for others: ", MSG_PEEK".
func flagNames(p *pendingCall) string {
	var text string
	flags := callFlags(p)
	for _, f := range [...]struct {
		kind callKind
		flag uint64
		name string
	}{
		{kindRecv, unix.MSG_PEEK, "MSG_PEEK"},         // they stay
		{kindRecv, unix.MSG_OOB, "MSG_OOB"},           // the urgent one
		{kindRecv, unix.MSG_ERRQUEUE, "MSG_ERRQUEUE"}, // the system's messages: 0 is no end
		{kindSend, unix.MSG_OOB, "MSG_OOB"},
		{kindSend, unix.MSG_MORE, "MSG_MORE"}, // they are held back
		{kindSend, unix.MSG_FASTOPEN, "MSG_FASTOPEN"},
	} {
		if p.kind == f.kind && flags&f.flag != 0 {
			text += ", " + f.name
		}
	}
	return text
}

// prepareRange notes which sockets close_range will close.
func (t *tracing) prepareRange(k *task, p *pendingCall) bool {
	const closeOnExec = 4 // CLOSE_RANGE_CLOEXEC: marks, closes nothing
	if p.args[2]&closeOnExec != 0 {
		return false
	}
	for _, s := range t.sockets.heldBy(k.tid) {
		if fd := uint64(s.fd); fd >= p.args[0]&0xffffffff && fd <= p.args[1]&0xffffffff {
			p.ranged = append(p.ranged, s)
		}
	}
	closings(k.tid, p.ranged)
	for i := range p.ranged {
		if h := &p.ranged[i]; t.shared(k, h.socket, p.args[0]&0xffffffff, p.args[1]&0xffffffff) {
			h.closing = Closing{Shared: true}
		}
	}
	return len(p.ranged) > 0
}

// entry reports the entry of a call, unless that waits for its return.
func (t *tracing) entry(k *task, p *pendingCall, ack bool) {
	if p.late {
		return
	}
	c := p.c
	c.Phase, c.Time = Entry, p.began
	t.send(k, p.socket, c, ack)
	p.told = true
}

// returned handles the return of the call that the thread is in.
func (t *tracing) returned(k *task, value int64, failed bool) {
	var errno unix.Errno
	if failed {
		errno, value = unix.Errno(-value), 0
	}
	switch errno {
	case restartSys, restartNoInt, restartNoHnd, restartBlock:
		k.interrupted, k.handled = true, false
		return
	}
	t.conclude(k, int(value), errno)
}

// conclude reports the return of the call that the thread is in.
func (t *tracing) conclude(k *task, n int, errno unix.Errno) {
	p := k.call
	k.call = nil
	now := time.Now()
	p.c.Took = now.Sub(p.began)
	if errno != 0 {
		p.c.Err = errno
	}
	switch p.kind {
	case kindAccept, kindConnect, kindSend, kindRecv:
		p.c.Phase, p.c.Time = Return, now
		t.concludeWaiting(k, p, n, errno)
	default:
		p.c.Phase, p.c.Time = Whole, p.began
		t.concludeWhole(k, p, n, errno)
	}
}

// concludeWhole is conclude for calls that do not wait.
func (t *tracing) concludeWhole(k *task, p *pendingCall, n int, errno unix.Errno) {
	s, ack := p.socket, false
	switch p.kind {
	case kindSocket:
		if errno == 0 {
			p.c.FD = n
			s = t.sockets.at(k.tid, n)
		}
	case kindBind, kindListen:
		if errno == 0 {
			p.c.Local = netip.AddrPort{}
			t.sockets.refresh(s, k.tid, p.c.FD)
		}
		ack = true
	case kindCloseRange:
		for _, held := range p.ranged {
			c := p.c
			c.Name, c.FD, c.Closing, c.Args = "close", held.fd, held.closing, held.closing.args()
			t.send(k, held.socket, c, false)
		}
		return
	case kindReceive:
		if errno == 0 {
			t.passed(k, p.args[1], false)
		}
		return
	case kindFcntl:
		s.nonblock = errno == 0 && p.args[2]&unix.O_NONBLOCK != 0 || errno != 0 && s.nonblock
		return
	case kindIoctl:
		if errno == 0 {
			s.nonblock = readInt(k.tid, p.args[2]) != 0
		}
		return
	case kindGet:
		s.connecting = false
		if e := readInt(k.tid, p.args[3]); errno == 0 && e != 0 {
			p.c.Err = unix.Errno(e)
		}
		t.sockets.refresh(s, k.tid, p.c.FD)
	}
	t.send(k, s, p.c, ack)
}

// concludeWaiting is conclude for calls that may wait.
func (t *tracing) concludeWaiting(k *task, p *pendingCall, n int, errno unix.Errno) {
	if p.late {
		if errno == unix.EAGAIN {
			return // it would have waited, and the program asks again
		}
		c := p.c
		c.Phase, c.Time, c.Took, c.Err = Entry, p.began, 0, nil
		t.send(k, p.socket, c, false)
	}
	s := p.socket
	switch {
	case p.kind == kindConnect:
		if p.over != nil {
			close(p.over)
			<-p.left // nobody holds the command's socket from here on
		}
		t.sockets.refresh(s, k.tid, p.c.FD)
		s.connecting = errno == unix.EINPROGRESS || errno == unix.EALREADY
	case p.kind == kindAccept && errno == 0:
		p.c.FD = n
		if c := t.sockets.at(k.tid, n); c != nil {
			c.end = Server
			p.c.Args = addressText(c.remote)
			s = c
		}
	case errno == 0:
		t.concludeMoved(k, p, n)
	}
	t.send(k, s, p.c, false)
}

// concludeMoved fills in what a send or recv has moved.
func (t *tracing) concludeMoved(k *task, p *pendingCall, n int) {
	if p.nr == unix.SYS_SENDMMSG || p.nr == unix.SYS_RECVMMSG {
		n = sumMessages(k.tid, p.args[1], n)
	}
	p.c.N, p.c.Args = n, byteCount(n)+flagNames(p)
	if p.kind == kindSend {
		p.c.Data = p.c.Data[:min(n, len(p.c.Data))]
	} else {
		p.c.Data = readData(k.tid, p.buffers, n)
	}
	if p.kind == kindSend && callFlags(p)&unix.MSG_FASTOPEN != 0 {
		t.sockets.refresh(p.socket, k.tid, p.c.FD) // it has connected too
	}
}

// isDatagram reports whether socket(2) makes a socket of UDP.
func isDatagram(a [6]uint64) bool {
	return (a[0] == unix.AF_INET || a[0] == unix.AF_INET6) && a[1]&socketTypes == unix.SOCK_DGRAM && (a[2] == 0 || a[2] == unix.IPPROTO_UDP)
}

// socketTypes masks the flags of socket(2) away.
const socketTypes = 0xf

// socketArgs says what socket(2) makes, if that is TCP.
func socketArgs(a [6]uint64) string {
	family := "AF_INET"
	switch {
	case a[0] != unix.AF_INET && a[0] != unix.AF_INET6, a[1]&socketTypes != unix.SOCK_STREAM,
		a[2] != 0 && a[2] != unix.IPPROTO_TCP && a[2] != unix.IPPROTO_MPTCP:
		return ""
	case a[0] == unix.AF_INET6:
		family = "AF_INET6"
	}
	text := family + ", SOCK_STREAM"
	if a[2] == unix.IPPROTO_MPTCP {
		text += ", IPPROTO_MPTCP"
	}
	return text
}

// shutdownText names the second argument of shutdown(2).
func shutdownText(how uint64) string {
	names := [...]string{"SHUT_RD", "SHUT_WR", "SHUT_RDWR"}
	if how < uint64(len(names)) {
		return names[how]
	}
	return strconv.FormatUint(how, 10)
}

func addressText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
