//go:build amd64 || arm64

package drive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// traceOptions follow all threads and children, tell system calls from other
// traps, and let nothing traced outlive a tracer that crashes.
const traceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
	unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACEEXIT | unix.PTRACE_O_EXITKILL

// syscallStop is the signal of a stop at a system call (TRACESYSGOOD).
const syscallStop = unix.SIGTRAP | 0x80

// What the kernel returns inside for a call that a signal interrupts and that
// will be made again or end as EINTR (include/linux/errno.h). Programs never
// see these.
const (
	restartSys   = 512
	restartNoInt = 513
	restartNoHnd = 514
	restartBlock = 516
)

// tracing is the state of the thread that traces.
type tracing struct {
	h       *helper
	root    int
	held    bool // the SIGCONT that released the command is still to come
	tasks   map[int]*task
	procs   map[int]*process
	sockets *socketTable
	noted   map[string]bool
	untold  []*task // that may be in a call which has not been told yet

	datagrams bool // a socket of UDP was made, and that has been told

	freed map[int]bool // threads that have been let go
	early map[int]bool // threads that have ended and whose birth is still to be told
	over  bool         // the command has ended

	// leaves: the command, which leads the session of a terminal of its own, ends
	// or has ended. The kernel then sends SIGHUP to the children that it has
	// there, as it does not where the session is a shell's: they do not get it.
	leaves bool

	session int    // the command's, at first
	family  family // procs, for other threads
}

// process is a traced process: threads share it.
type process struct {
	pid     int
	program string
	threads int          // that are known
	alive   int          // of them those that have not begun to end
	closing int          // the descriptor that it is about to close, plus one; 0 for none
	before  []heldSocket // the TCP sockets that it had when it began to execute another program
}

// task is a traced thread.
type task struct {
	tid         int
	p           *process
	call        *pendingCall   // a call of interest that has been entered
	interrupted bool           // call was interrupted and may be restarted
	handled     bool           // and the handler of the signal that did it has ended
	suspended   []*pendingCall // such calls during whose handler other calls were made
	returning   bool           // a handler ends whose signal has interrupted no call, or one of those
	born        bool           // its birth has been told
}

// syscallInfo is struct ptrace_syscall_info of linux/ptrace.h (Linux 5.3), the
// same on all architectures.
type syscallInfo struct {
	op   uint8
	_    [3]uint8
	arch uint32
	ip   uint64
	sp   uint64
	// At entry: the number and the six arguments. At exit: the returned value
	// and, in the lowest byte, whether it is an error.
	union [8]uint64
}

func ptrace(request, pid int, addr, data uintptr) (uintptr, error) {
	r, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(pid), addr, data, 0, 0)
	if errno != 0 {
		return r, errno
	}
	return r, nil
}

// wait4 waits for pid and goes on after a signal.
func wait4(pid int, status *unix.WaitStatus, options int) (int, error) {
	for {
		got, err := unix.Wait4(pid, status, options, nil)
		if err != unix.EINTR {
			return got, err
		}
	}
}

// trace starts the command and traces it to its end. Where this system does
// not allow that, it returns why, and nothing has been started.
func (h *helper) trace(path string) (why string, err error) {
	attr := h.commandAttr()
	attr.Sys.Ptrace = true
	p, err := h.start(path, attr)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		return tracingRefused(err), nil
	}
	if err != nil {
		return "", err
	}
	if err := seize(p.Pid); err != nil {
		h.setRoot(nil)
		_ = p.Kill()
		_, _ = wait4(p.Pid, nil, unix.WALL)
		return tracingRefused(err), nil
	}
	h.letGo()
	t := &tracing{
		h: h, root: p.Pid, held: true, noted: make(map[string]bool), freed: make(map[int]bool), early: make(map[int]bool),
		tasks: make(map[int]*task), procs: make(map[int]*process), sockets: newSocketTable(h.report),
	}
	t.session, _ = unix.Getsid(p.Pid)
	root := t.task(p.Pid)
	for _, s := range t.sockets.heldBy(p.Pid) {
		t.sockets.own(s.socket)
	}
	h.report.send(wireMessage{Kind: wireHeld, PID: p.Pid})
	t.noteRights(root.p)
	select {
	case <-h.released:
		_ = unix.Kill(p.Pid, unix.SIGCONT)
		t.resume(p.Pid, 0)
		t.loop()
	case <-h.detach:
		abandonTraced(p)
	case <-h.deserted:
		abandonTraced(p)
	}
	return "", nil
}

// abandonTraced ends a command that was never released.
func abandonTraced(p *os.Process) {
	_ = p.Kill()
	for {
		var ws unix.WaitStatus
		if _, err := wait4(p.Pid, &ws, unix.WALL); err != nil || !ws.Stopped() {
			return
		}
		_, _ = ptrace(unix.PTRACE_CONT, p.Pid, 0, 0) // it stops once more on its way out
	}
}

// tracingRefused says why a command is not traced.
func tracingRefused(err error) string {
	text := fmt.Sprintf("this system does not allow tracing (ptrace: %v)", err)
	switch b, _ := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); strings.TrimSpace(string(b)) {
	case "2":
		text += "; kernel.yama.ptrace_scope is 2, which leaves it to root"
	case "3":
		text += "; kernel.yama.ptrace_scope is 3, which forbids it to all until the next start"
	}
	return text
}

// seize turns the tracing that PTRACE_TRACEME began, which has stopped the
// command after its exec, into that of PTRACE_SEIZE, with which a command can
// be stopped and continued as without a tracer. The command is left in a
// group-stop.
func seize(pid int) error {
	var ws unix.WaitStatus
	if _, err := wait4(pid, &ws, unix.WALL); err != nil {
		return err
	}
	if !ws.Stopped() {
		return fmt.Errorf("the command ended at once")
	}
	var info syscallInfo
	if _, err := ptrace(unix.PTRACE_GET_SYSCALL_INFO, pid, unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info))); err != nil {
		return fmt.Errorf("needs Linux 5.3: %w", err)
	}
	if _, err := ptrace(unix.PTRACE_DETACH, pid, 0, uintptr(unix.SIGSTOP)); err != nil {
		return err
	}
	if _, err := wait4(pid, &ws, unix.WALL|unix.WUNTRACED); err != nil {
		return err
	}
	if _, err := ptrace(unix.PTRACE_SEIZE, pid, 0, traceOptions); err != nil {
		return err
	}
	_, err := wait4(pid, &ws, unix.WALL)
	return err
}

// loop handles what happens until nothing is traced any more.
func (t *tracing) loop() {
	letting := false
	for {
		var ws unix.WaitStatus
		tid, err := wait4(-1, &ws, unix.WALL)
		if err != nil {
			break // ECHILD: all have ended
		}
		if isClosed(t.h.deserted) {
			t.kill(tid, ws)
			continue
		}
		if isClosed(t.h.detach) && !letting {
			letting = true
			t.interruptAll()
		}
		t.begin()
		switch {
		case ws.Exited() || ws.Signaled():
			t.ended(tid, ws)
		case ws.Stopped() && letting:
			t.letGo(tid, ws)
		case ws.Stopped():
			t.stopped(tid, ws)
		}
		t.end()
		if letting && len(t.tasks) == 0 {
			break
		}
	}
	t.h.announcing.Wait()
	t.h.report.send(wireMessage{Kind: wireGone})
}

// interruptAll stops all threads, so that they can be let go.
func (t *tracing) interruptAll() {
	for tid := range t.tasks {
		_, _ = ptrace(unix.PTRACE_INTERRUPT, tid, 0, 0)
	}
}

// kill ends everything that is traced, and lets the thread that has stopped
// go to its end.
func (t *tracing) kill(tid int, ws unix.WaitStatus) {
	for pid := range t.procs {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	for pid := range t.procs {
		t.family.remove(pid)
	}
	clear(t.procs)
	if ws.Stopped() {
		_ = unix.Kill(tid, unix.SIGKILL) // perhaps a child that has just been born
		_, _ = ptrace(unix.PTRACE_CONT, tid, 0, 0)
	}
}

// letGo ends the tracing of a thread that has stopped. A signal that it was
// about to get it gets.
func (t *tracing) letGo(tid int, ws unix.WaitStatus) {
	sig := uintptr(0)
	if ws>>16 == 0 && ws.StopSignal() != syscallStop && ws.StopSignal() != unix.SIGTRAP {
		sig = uintptr(ws.StopSignal())
	}
	if isBirth(int(ws >> 16)) {
		// A child that was born traced; its first stop is still to come, or
		// has been handled here already.
		if child, err := unix.PtraceGetEventMsg(tid); err == nil && !t.freed[int(child)] {
			t.task(int(child))
		}
	}
	_, _ = ptrace(unix.PTRACE_DETACH, tid, 0, sig)
	t.freed[tid] = true
	delete(t.tasks, tid)
}

// isBirth reports whether an event is of a thread that has made a thread or a
// process.
func isBirth(event int) bool {
	return event == unix.PTRACE_EVENT_FORK || event == unix.PTRACE_EVENT_VFORK || event == unix.PTRACE_EVENT_CLONE
}

// resume lets a thread go on to its next system call, with a signal.
func (t *tracing) resume(tid int, sig unix.Signal) {
	// ESRCH: it was killed meanwhile, and its end is the next event.
	_, _ = ptrace(unix.PTRACE_SYSCALL, tid, 0, uintptr(sig))
}

// task returns the state of a thread, and makes it when it is first seen,
// which may be before its parent is seen to have made it.
func (t *tracing) task(tid int) *task {
	if k := t.tasks[tid]; k != nil {
		return k
	}
	pid := groupOf(tid)
	p := t.procs[pid]
	if p == nil {
		p = &process{pid: pid, program: programOf(pid)}
		t.procs[pid] = p
		t.family.add(pid, p.program)
	}
	p.threads++
	p.alive++
	k := &task{tid: tid, p: p}
	t.tasks[tid] = k
	return k
}

// stopped handles the stop of one thread and lets it go on.
func (t *tracing) stopped(tid int, ws unix.WaitStatus) {
	k := t.task(tid)
	sig, event := ws.StopSignal(), int(ws>>16)
	switch {
	case sig == syscallStop:
		t.syscall(k)
	case event == unix.PTRACE_EVENT_STOP && stops(sig):
		// A group-stop (Ctrl-Z): it stays stopped, and is watched.
		_, _ = ptrace(unix.PTRACE_LISTEN, tid, 0, 0)
		return
	case event == unix.PTRACE_EVENT_EXEC:
		t.executed(k)
	case event == unix.PTRACE_EVENT_EXIT:
		t.exiting(k)
	case isBirth(event):
		if child, err := unix.PtraceGetEventMsg(tid); err == nil {
			t.birth(int(child))
		}
	case event != 0: // the first stop of a new thread or process
	case sig == unix.SIGCONT && t.held && tid == t.root:
		t.held = false // ours, which the command need not see
	case sig == unix.SIGHUP && t.leaves && fromKernel(tid): // see leaves
	default:
		t.resume(tid, sig)
		return
	}
	t.resume(tid, 0)
}

// fromKernel reports whether the signal that a thread is about to get is the
// kernel's own (sigaction(2), SI_KERNEL).
func fromKernel(tid int) bool {
	var info [128]byte // siginfo_t: three int32 begin it, the number, an error and the code
	const siKernel = 0x80
	_, err := ptrace(unix.PTRACE_GETSIGINFO, tid, 0, uintptr(unsafe.Pointer(&info)))
	return err == nil && binary.NativeEndian.Uint32(info[8:]) == siKernel
}

func stops(s unix.Signal) bool {
	return s == unix.SIGSTOP || s == unix.SIGTSTP || s == unix.SIGTTIN || s == unix.SIGTTOU
}

// birth notes a thread as its parent tells of it: before its own first stop as a
// rule, or when it has ended already. That one's process may still be there, until
// its parent has waited for it.
func (t *tracing) birth(tid int) {
	switch {
	case t.early[tid]:
		delete(t.early, tid)
	case unix.Kill(tid, 0) == nil:
		t.task(tid).born = true
	}
}

// ended forgets a thread, and reports the end of the command.
func (t *tracing) ended(tid int, ws unix.WaitStatus) {
	if k := t.tasks[tid]; k != nil {
		if !k.born && tid != t.root {
			t.early[tid] = true
		}
		t.forget(k)
	}
	switch {
	case tid != t.root && t.over:
		t.h.report.send(wireMessage{Kind: wireEnded, PID: tid})
		return
	case tid != t.root:
		return
	}
	t.over = true
	status := ws.ExitStatus()
	if ws.Signaled() {
		status = statusSignal + int(ws.Signal())
	}
	t.h.announce(status, t.session, t.family.list)
}

func (t *tracing) forget(k *task) {
	k.call = nil
	delete(t.tasks, k.tid)
	if k.p.threads--; k.p.threads <= 0 && t.procs[k.p.pid] == k.p {
		delete(t.procs, k.p.pid)
		t.family.remove(k.p.pid)
	}
}

// executed takes note of a new program. Of the process only the thread that
// called execve is left, and has the process's ID now (ptrace(2), "execve(2)
// under ptrace").
func (t *tracing) executed(k *task) {
	p := k.p
	for _, other := range t.tasks {
		if other.p == p && other != k {
			t.forget(other)
		}
	}
	k.call, k.interrupted, k.suspended, k.returning, p.alive = nil, false, nil, false, 1
	p.program = programOf(p.pid)
	t.family.add(p.pid, p.program)
	t.dropped(k, p.before, "execve", "at exec")
	p.before = nil
	t.noteRights(p)
}

// noteRights says where a process's program would have rights of its own.
func (t *tracing) noteRights(p *process) {
	if why := privileged(p.pid); why != "" {
		t.notice(fmt.Sprintf("%s is %s: it runs without these rights while it is traced (--no-trace leaves that out)", p.program, why))
	}
}

// exiting reports the sockets that the end of a process closes. Threads end
// one by one; the last one takes the descriptors with it.
func (t *tracing) exiting(k *task) {
	k.call = nil
	t.leaves = t.leaves || t.h.tty && k.tid == t.root
	if k.p.alive--; k.p.alive <= 0 {
		t.dropped(k, closings(k.tid, t.sockets.heldBy(k.tid)), "exit", "at exit")
	}
}

// dropped reports as closed those of a process's sockets that no traced
// process has any longer.
func (t *tracing) dropped(k *task, had []heldSocket, syscall, args string) {
	if len(had) == 0 {
		return
	}
	still := make(map[uint64]bool)
	for pid := range t.procs {
		if pid == k.p.pid && syscall == "exit" {
			continue
		}
		for _, s := range t.sockets.heldBy(pid) {
			still[s.socket.inode] = true
		}
	}
	now := time.Now()
	for _, s := range had {
		if still[s.socket.inode] {
			continue
		}
		still[s.socket.inode] = true
		c := Call{Name: "close", Syscall: syscall, Time: now, FD: s.fd, Args: args, Closing: s.closing}
		if unread := s.closing.args(); unread != "" {
			c.Args += ", " + unread
		}
		t.send(k, s.socket, c, false)
	}
}

// send reports a call of k on s. With ack the command waits until the other
// side has taken it.
func (t *tracing) send(k *task, s *wrappedSocket, c Call, ack bool) {
	c.PID, c.Program = k.p.pid, k.p.program
	if s != nil {
		c.End = s.end
		if c.Name == "close" && s.listening {
			c.Args = strings.TrimSuffix(listeningSocket+", "+c.Args, ", ") // which may be empty
		}
		if !c.Local.IsValid() {
			c.Local = s.local
		}
		if !c.Remote.IsValid() {
			c.Remote = s.remote
		}
	}
	if !t.h.report.send(wireMessage{Kind: wireCall, Call: toWire(c), Ack: ack}) || !ack {
		return
	}
	select {
	case <-t.h.acks:
	case <-t.h.deserted:
	case <-t.h.detach:
	}
}

// maxNotices bounds how much is said about what cannot be seen.
const maxNotices = 32

// notice says something once.
func (t *tracing) notice(text string) {
	if !t.noted[text] && len(t.noted) < maxNotices {
		t.noted[text] = true
		t.h.report.send(wireMessage{Kind: wireNotice, Text: text})
	}
}

// groupOf returns the process that a thread belongs to.
func groupOf(tid int) int {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "Tgid:"); ok {
			if pid, err := strconv.Atoi(strings.TrimSpace(v)); err == nil {
				return pid
			}
		}
	}
	return tid
}

// programOf returns the name of a process's program: that of its file, cut to
// 15 bytes by the kernel.
func programOf(pid int) string {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSuffix(string(b), "\n")
}

// privileged says which rights of its own a process's program has and does
// not get because it is traced.
func privileged(pid int) string {
	if os.Geteuid() == 0 {
		return ""
	}
	exe := "/proc/" + strconv.Itoa(pid) + "/exe"
	var st unix.Stat_t
	if unix.Stat(exe, &st) != nil {
		return ""
	}
	var caps [64]byte
	n, _ := unix.Getxattr(exe, "security.capability", caps[:])
	switch {
	case st.Mode&unix.S_ISUID != 0 && int(st.Uid) != os.Geteuid():
		return "setuid"
	case st.Mode&unix.S_ISGID != 0 && int(st.Gid) != os.Getegid():
		return "setgid"
	case n > 0:
		return "given file capabilities"
	}
	return ""
}
