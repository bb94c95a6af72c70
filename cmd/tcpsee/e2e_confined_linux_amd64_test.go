package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What a process may still do is asked of the process itself: it is stopped,
// and made to do one system call (ptrace(2)), so that nothing stands between
// what the product does and what is tested.

// puppet is a thread of another process, stopped, that does what it is told.
type puppet struct {
	t       *testing.T
	pid     int
	saved   unix.PtraceRegs
	syscall uint64        // where the process has a syscall instruction
	page    uint64        // a page of its memory, for arguments
	held    []unix.Signal // that came meanwhile
}

// within stops a process's first thread for the time that f takes. It is no
// child of this one, of whose stops cmd.Wait would hear.
func within(t *testing.T, pid int, f func(in *puppet)) {
	t.Helper()
	runtime.LockOSThread() // ptrace knows threads
	defer runtime.UnlockOSThread()
	in := &puppet{t: t, pid: pid, syscall: syscallIn(t, pid)}
	if err := unix.PtraceSeize(pid); err != nil {
		t.Fatalf("trace %d: %v", pid, err)
	}
	if err := unix.PtraceInterrupt(pid); err != nil {
		t.Fatalf("stop %d: %v", pid, err)
	}
	in.stopped(func(ws unix.WaitStatus) bool { return ws>>16 == unix.PTRACE_EVENT_STOP })
	if err := unix.PtraceGetRegs(pid, &in.saved); err != nil {
		t.Fatal(err)
	}
	in.page = uint64(in.call(unix.SYS_MMAP, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uint64(0), 0))
	f(in)
	in.call(unix.SYS_MUNMAP, in.page, 4096)
	if err := unix.PtraceSetRegs(pid, &in.saved); err != nil {
		t.Fatal(err)
	}
	if err := unix.PtraceDetach(pid); err != nil {
		t.Fatal(err)
	}
	for _, s := range in.held {
		_ = unix.Tgkill(pid, pid, s)
	}
}

// stopped waits for a stop of a kind. Signals that come first are held back.
func (in *puppet) stopped(wanted func(unix.WaitStatus) bool) {
	in.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(in.pid, &ws, unix.WALL|unix.WNOHANG, nil)
		switch {
		case err != nil:
			in.t.Fatalf("wait for %d: %v", in.pid, err)
		case pid == 0:
			time.Sleep(50 * time.Microsecond)
			continue
		case !ws.Stopped():
			in.t.Fatalf("process %d ended: %v", in.pid, ws)
		case wanted(ws):
			return
		}
		in.held = append(in.held, ws.StopSignal())
		resume := unix.PtraceSingleStep
		if in.saved.Rip == 0 {
			resume = func(pid int) error { return unix.PtraceCont(pid, 0) }
		}
		if err := resume(in.pid); err != nil {
			in.t.Fatal(err)
		}
	}
	in.t.Fatalf("process %d does not stop", in.pid)
}

// call makes the process do a system call, and returns what that returns.
func (in *puppet) call(nr uint64, args ...uint64) int64 {
	r := in.saved
	r.Rip, r.Rax, r.Orig_rax = in.syscall, nr, ^uint64(0) // no call is to be done again
	for i, to := range []*uint64{&r.Rdi, &r.Rsi, &r.Rdx, &r.R10, &r.R8, &r.R9} {
		*to = 0
		if i < len(args) {
			*to = args[i]
		}
	}
	if err := unix.PtraceSetRegs(in.pid, &r); err != nil {
		in.t.Fatal(err)
	}
	if err := unix.PtraceSingleStep(in.pid); err != nil {
		in.t.Fatal(err)
	}
	in.stopped(func(ws unix.WaitStatus) bool { return ws.StopSignal() == unix.SIGTRAP })
	if err := unix.PtraceGetRegs(in.pid, &r); err != nil {
		in.t.Fatal(err)
	}
	return int64(r.Rax)
}

// open opens a file as open(2), and says how that went, in a word.
func (in *puppet) open(path string, flags int) string {
	if _, err := unix.PtracePokeData(in.pid, uintptr(in.page), append([]byte(path), 0)); err != nil {
		in.t.Fatal(err)
	}
	at := int64(unix.AT_FDCWD)
	fd := in.call(unix.SYS_OPENAT, uint64(at), in.page, uint64(flags), 0o644)
	if fd < 0 {
		return text(syscall.Errno(-fd))
	}
	in.call(unix.SYS_CLOSE, uint64(fd))
	return "done"
}

// syscallIn finds a syscall instruction in the code of a process.
func syscallIn(t *testing.T, pid int) uint64 {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || rights != "r-xp" {
			continue
		}
		code := make([]byte, to-from)
		if _, err := mem.ReadAt(code, int64(from)); err != nil {
			continue
		}
		if i := bytes.Index(code, []byte{0x0f, 0x05}); i >= 0 {
			return from + uint64(i)
		}
	}
	t.Fatalf("process %d has no syscall instruction", pid)
	return 0
}

// checkCannot: a confined process opens none of the files that everybody may,
// makes none where everybody may, and captures nothing anew. dirs are where it
// may make files, for a rotation.
func checkCannot(t *testing.T, pid int, openDir string, dirs ...string) {
	t.Helper()
	exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	within(t, pid, func(in *puppet) {
		for what, got := range map[string]string{
			"read /etc/passwd":    in.open("/etc/passwd", unix.O_RDONLY),
			"read its own binary": in.open(exe, unix.O_RDONLY),
			"read its environ":    in.open("/proc/self/environ", unix.O_RDONLY),
			"list /":              in.open("/", unix.O_RDONLY|unix.O_DIRECTORY),
			"make a file":         in.open(openDir+"/forbidden", unix.O_WRONLY|unix.O_CREAT),
			"open a terminal":     in.open("/dev/ptmx", unix.O_RDWR),
		} {
			if got != "refused" {
				t.Errorf("%s in process %d, %s: %s, want refused", what, pid, exe, got)
			}
		}
		if got := in.call(unix.SYS_SOCKET, unix.AF_PACKET, unix.SOCK_RAW, 0); got != -int64(unix.EPERM) {
			t.Errorf("process %d opens a packet socket: %d", pid, got)
		}
		for _, dir := range dirs {
			if got := in.open(dir+"/rotated", unix.O_WRONLY|unix.O_CREAT); got != "done" {
				t.Errorf("process %d makes a file of its rotation: %s", pid, got)
			}
			if got := in.open(dir+"/rotated", unix.O_RDONLY); got != "refused" {
				t.Errorf("process %d reads a file of its rotation: %s", pid, got)
			}
		}
	})
}

// TestE2EConfined looks at the processes of every command that reads what
// strangers sent, live and saved: they have the user's ids, no capability, no
// new privileges, and open no file that the command was not told. Commands
// that read files wait for the first byte of a pipe then: not one was parsed.
func TestE2EConfined(t *testing.T) {
	t.Parallel()
	haveLandlock(t, 1)
	needsOf(t, []string{"nc.openbsd"}, []string{"setpriv"})
	l := newLab(t)
	rotated := openDir(t)
	// What connects stays connected while it is looked at: refused, it would end.
	l.listener(l.client, "4000", "nc.openbsd", "-l", "-k", "127.0.0.1", "4000")
	pipe := func(name string) string {
		path := filepath.Join(l.dir, name)
		if err := unix.Mkfifo(path, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sudo := func(args ...string) []string {
		return append([]string{"env", "SUDO_UID=65534", "SUDO_GID=65534", builtBinary(t)}, args...)
	}
	user := func(args ...string) []string { return append(ordinaryUser(builtBinary(t)), args...) }
	saved, err := filepath.Abs(filepath.Join("..", "..", "testdata", "s01-chat.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, pipe string // what is read
		args       []string
		dirs       []string
		processes  int // that are confined
		shows      string
	}{
		{"watch", "", sudo("watch", "port", "3000"), nil, 1, ""},
		{"watch, rotating", "", sudo("watch", "-w", rotated+"/x.pcapng", "-C", "1", "port", "3000"), []string{rotated}, 1, ""},
		{"listen", "", sudo("listen", "3001"), nil, 1, ""},
		{"listen --tls", "", sudo("listen", "--tls", "3002"), nil, 1, ""},
		{"connect", "", sudo("connect", "127.0.0.1", "4000"), nil, 1, ""},
		{"run", "", sudo("run", "nc.openbsd", "127.0.0.1", "4000"), nil, 1, ""},
		{"run --no-trace", "", sudo("run", "--no-trace", "nc.openbsd", "127.0.0.1", "4000"), nil, 1, ""},
		{"demo", "", sudo("demo", "--step"), nil, 1, ""},
		{"demo, isolated", "", user("demo", "--step"), nil, 2, ""},
		{"run --isolated", "", user("run", "--isolated", "sleep", "60"), nil, 2, ""},
		{"replay", pipe("a"), user("replay", l.dir+"/a"), nil, 1, "closed by the client"},
		{"replay under sudo", pipe("b"), sudo("replay", l.dir+"/b"), nil, 1, "closed by the client"},
		{"replay and export", pipe("c"), sudo("replay", "-q", "-o", rotated+"/c.html", "-w", rotated+"/c.pcapng", l.dir+"/c"), nil, 1, ""},
		{"explain", pipe("d"), user("explain", l.dir+"/d#4"), nil, 1, "Hello"},
		{"explain under sudo", pipe("e"), sudo("explain", l.dir+"/e#4"), nil, 1, "Hello"},
		{"quiz", pipe("f"), user("replay", "--quiz", l.dir+"/f"), nil, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Contains(c.name, "isolated") && exec.Command("setpriv", append(ordinaryUser("unshare")[1:], "-Un", "true")...).Run() != nil {
				t.Skip("user namespaces are not allowed here")
			}
			// Below a shell: what waits for one's own child is told of its stops.
			p := l.start(l.client, append([]string{"sh", "-c", `"$@"; exit $?`, "sh"}, c.args...)...)
			var feed *os.File
			if c.pipe != "" {
				feed = openPipe(t, c.pipe)
			}
			if strings.HasPrefix(c.name, "demo") { // both ends are bound before the filter is set
				p.say(t, "\n\n\n")
			}
			confined := awaitLandlock(t, p, c.processes)
			for _, pid := range confined {
				want := map[string]string{"Uid": "65534 65534 65534 65534", "Gid": "65534 65534 65534 65534",
					"CapInh": noCapability, "CapPrm": noCapability, "CapEff": noCapability, "CapAmb": noCapability, "NoNewPrivs": "1"}
				checkStatus(t, pid, want)
				checkCannot(t, pid, l.dir, c.dirs...)
			}
			if feed == nil {
				if err := syscall.Kill(confined[0], syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				over(t, p)
				return
			}
			if p.out.String() != "" {
				t.Errorf("something is drawn before a byte was read:\n%s", p.out)
			}
			b, err := os.ReadFile(saved)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = feed.Write(b)
			feed.Close()
			p.in.Close()
			if status := p.end(t); status != 0 || !strings.Contains(p.out.String(), c.shows) {
				t.Errorf("status %d\n%s%s", status, p.out, p.err)
			}
		})
	}
}

// openPipe opens a named pipe once somebody reads it.
func openPipe(t *testing.T, path string) *os.File {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0); err == nil {
			return f
		}
	}
	t.Fatalf("nobody reads %s", path)
	return nil
}

// awaitLandlock waits until n processes of a command are confined, and returns
// them. The name helper, the tracer and what is wrapped are none of them.
func awaitLandlock(t *testing.T, p *program, n int) []int {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		var confined []int
		for _, pid := range childrenOf(t, p.cmd.Process.Pid) {
			cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
			other := bytes.Contains(cmdline, []byte(namesWord)) || bytes.Contains(cmdline, []byte("tracer")) || filepath.Base(exe) != "tcpsee"
			if !other && bytes.Contains(status, []byte("NoNewPrivs:\t1")) {
				confined = append(confined, pid)
			}
		}
		if len(confined) == n {
			awaitRefusal(t, confined)
			return confined
		}
	}
	t.Fatalf("%v is not confined in %d processes\n%s%s", p.cmd.Args, n, p.out, p.err)
	return nil
}

// awaitRefusal waits for Landlock, which comes right after no_new_privs and is
// seen nowhere in /proc.
func awaitRefusal(t *testing.T, pids []int) {
	t.Helper()
	time.Sleep(20 * time.Millisecond) // most often enough: threads that are stopped keep others waiting
	for _, pid := range pids {
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			var got string
			within(t, pid, func(in *puppet) { got = in.open("/etc/passwd", unix.O_RDONLY) })
			if got == "refused" {
				break
			}
		}
	}
}

// TestE2EHelperSeesNoPacket: what a packet carries is in the memory of the
// process that draws it, and not in that of the name helper.
func TestE2EHelperSeesNoPacket(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"nc.openbsd"})
	l := newLab(t)
	w := l.watch(l.client, "lo", nil, "port", "3000")
	secret := fmt.Sprintf("secret-%d", time.Now().UnixNano())
	s := l.listener(l.client, "3000", "nc.openbsd", "-l", "127.0.0.1", "3000")
	c := l.start(l.client, "nc.openbsd", "127.0.0.1", "3000")
	c.say(t, secret+"\n")
	w.out.await(t, secret)
	found := map[string]bool{}
	for _, pid := range append([]int{w.cmd.Process.Pid}, childrenOf(t, w.cmd.Process.Pid)...) {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		found[map[bool]string{true: "helper", false: "main"}[bytes.Contains(cmdline, []byte(namesWord))]] = holds(t, pid, []byte(secret))
	}
	if !found["main"] {
		t.Error("the process that draws a payload does not hold it: this test cannot find it")
	}
	if helper, ok := found["helper"]; helper || !ok {
		t.Errorf("the name helper holds what a packet carried: %v, helper there: %v", helper, ok)
	}
	c.signal(t, syscall.SIGINT)
	over(t, c, s)
	w.finish([]outcome{{"closed", "client", ""}}, "closed by the client")
}

// holds looks for bytes in the writable memory of a process.
func holds(t *testing.T, pid int, what []byte) bool {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") {
			continue
		}
		const piece = 1 << 20
		b := make([]byte, piece+len(what))
		for at := from; at < to; at += piece {
			n, err := mem.ReadAt(b[:min(int64(len(b)), to-at)], at)
			if bytes.Contains(b[:n], what) {
				return true
			}
			if err != nil && err != io.EOF {
				break
			}
		}
	}
	return false
}
