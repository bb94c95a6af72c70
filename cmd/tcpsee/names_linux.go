package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"tcpsee/capture"
	"tcpsee/capture/drive"
)

// namesFD is where the helper has its end of the socket pair.
const namesFD = 3

// namesCapabilities are what the helper keeps: the right to see what sockets
// the processes of other users have open, and the right to pass the folders in
// which that is written. Both are needed for /proc/PID/fd (proc_pid_fd(5)).
const namesCapabilities = 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_DAC_READ_SEARCH

// startNames starts the helper. It must come before confine, which would keep
// the helper from /proc, and before becomeUser, after which only the user's own
// processes can be named. The helper takes some 10 ms to be ready, in which
// other things can be opened; see wait.
func startNames(o namesOptions) (*names, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the name helper: %w", err)
	}
	cmd := exec.Command(exe, namesWord)
	cmd.Args[0] = "tcpsee"
	if o.command != nil {
		cmd = exec.Command(o.command[0], o.command[1:]...)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("start the name helper: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "names")
	defer theirs.Close()
	if err := unix.SetNonblock(pair[0], true); err != nil {
		unix.Close(pair[0])
		return nil, fmt.Errorf("start the name helper: %w", err)
	}
	ours := os.NewFile(uintptr(pair[0]), "names")
	cmd.Dir = "/"
	cmd.Env = append(namesEnvironment(), o.env...)
	cmd.ExtraFiles = []*os.File{theirs}
	// In a session of its own Ctrl-C does not reach it: it ends when its
	// socket does, after the last name has been asked for.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the name helper: %w", errors.Join(err, ours.Close()))
	}
	n := newNames(ours, cmd.Wait)
	go n.receive()
	return n, nil
}

// namesEnvironment is all that the helper is told: whose process to become.
func namesEnvironment() []string {
	env := []string{"GOMAXPROCS=1"}
	for _, name := range []string{"SUDO_UID", "SUDO_GID"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// nameServer is the helper.
type nameServer struct {
	socket int // its end of the pair
	diag   *diag
	procs  *procs
	trace  *trace // nil where the kernel does not tell who connects
}

// serveNames is the helper's main function.
func serveNames() error {
	if kind, err := unix.GetsockoptInt(namesFD, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_SEQPACKET {
		return usagef("%s is a part of tcpsee that it starts itself", namesWord)
	}
	unix.CloseOnExec(namesFD)
	s := &nameServer{socket: namesFD}
	if err := s.open(); err != nil {
		return err
	}
	ready, err := s.giveUpRights()
	if err != nil {
		return err
	}
	if _, err := unix.Write(s.socket, []byte{byte(ready)}); err != nil {
		return err
	}
	return s.serve()
}

// open opens what takes rights that the helper will not keep.
func (s *nameServer) open() error {
	var err error
	if s.diag, err = openDiag(); err != nil {
		return fmt.Errorf("ask the kernel for sockets: %w", err)
	}
	if s.procs, err = openProcs(); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if t, err := openTrace(); err == nil { // without it names are found as far as processes live
			s.trace = t
		}
	}
	return nil
}

// giveUpRights leaves the helper two capabilities, where it had them, and a
// few system calls.
func (s *nameServer) giveUpRights() (hello, error) {
	have, err := ownCapabilities()
	if err != nil {
		return 0, err
	}
	keep := have & namesCapabilities
	if err := dropBounding(); err != nil {
		return 0, err
	}
	if err := becomeUserKeeping(); err != nil {
		return 0, err
	}
	if err := drive.KeepCapabilities(keep); err != nil {
		return 0, err
	}
	if err := noNewPrivileges(); err != nil {
		return 0, err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return 0, err
	}
	var ready hello
	if keep == namesCapabilities {
		ready |= helloAll
	}
	if s.trace != nil {
		ready |= helloTrace
	}
	switch err := limitCalls(); {
	case err == nil:
		ready |= helloSeccomp
	case !errors.Is(err, errNoSeccomp):
		return 0, err
	}
	return ready, nil
}

// becomeUserKeeping is becomeUser for a process that keeps capabilities. Under
// plain root it keeps its number.
func becomeUserKeeping() error {
	who, err := sudoAccount()
	if errors.Is(err, errNoAccount) || os.Geteuid() != 0 || err == nil && !mapsAccount(who) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := allThreadsPrctl(unix.PR_SET_KEEPCAPS, 1, 0); err != nil {
		return fmt.Errorf("keep capabilities: %w", err)
	}
	who.groups = []int{who.gid}
	return switchTo(who)
}

// serve answers until the other end closes.
func (s *nameServer) serve() error {
	fds := []unix.PollFd{{Fd: int32(s.socket), Events: unix.POLLIN}}
	if s.trace != nil {
		for _, fd := range s.trace.descriptors() {
			fds = append(fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
	}
	buf, out := make([]byte, 256), make([]byte, 0, foundSize)
	for {
		if _, err := unix.Ppoll(fds, s.trace.pause(), nil); err != nil && err != unix.EINTR {
			return err
		}
		s.trace.read(s.procs)
		if fds[0].Revents == 0 {
			continue
		}
		n, err := unix.Read(s.socket, buf)
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil || n == 0 {
			return nil
		}
		q, ok := parseQuestion(buf[:n])
		if !ok {
			continue
		}
		f := s.answer(q.ends)
		f.id = q.id
		if _, err := unix.Write(s.socket, f.append(out[:0])); err != nil {
			return nil
		}
	}
}

// answer finds the process at the local of two ends: by the socket that the
// kernel has for them, by what it told when the connection was made, or by the
// socket that listens there.
func (s *nameServer) answer(e ends) found {
	sock, ok := s.diag.find(e)
	if ok && sock.inode != 0 && sock.state != stateListen {
		if h, ok := s.procs.holder(sock.inode); ok {
			return found{pid: h.pid, name: h.name}
		}
	}
	// What the trace tells may be of another network namespace, whose process
	// ended before that was looked up.
	if !isOwn(e.local.Addr()) {
		return found{}
	}
	if f, ok := s.trace.find(e); ok {
		return f
	}
	if !ok || sock.state != stateListen { // not accepted yet, or closed
		sock, ok = s.diag.find(ends{local: e.local, remote: netip.AddrPortFrom(unspecified(e.local.Addr()), 0)})
	}
	if ok && sock.inode != 0 {
		if h, ok := s.procs.holder(sock.inode); ok {
			return found{pid: h.pid, name: h.name}
		}
	}
	return found{}
}

// unspecified returns the address of a's family that stands for none.
func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// isOwn reports whether a is an address of this machine. A socket that listens
// on all addresses would otherwise be found for the port of any other machine.
func isOwn(a netip.Addr) bool { return a.IsLoopback() || capture.OwnAddress(a) }
