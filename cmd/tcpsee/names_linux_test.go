package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func background() context.Context { return context.Background() }

// namesPart is the helper, as the binary's hidden command is.
func namesPart() any {
	return text(serveNames())
}

// startHelper starts the helper from this test binary.
func startHelper(t testing.TB, env ...string) *names {
	noRaceDetector(t)
	t.Helper()
	n, err := startNames(namesOptions{
		command: []string{openBinary(t), "-test.run=^TestPart$"},
		env:     append(env, asPart+"=names"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.wait(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.close(); err != nil {
			t.Errorf("the helper ended with %v", err)
		}
	})
	return n
}

// helperPID finds the helper among this process's children.
func helperPID(t *testing.T) int {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range list {
		b, err := os.ReadFile(path)
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if err == nil && bytes.Contains(b, []byte(asPart+"=names")) && parentOf(filepath.Dir(path)) == os.Getpid() {
			return pid
		}
	}
	t.Fatal("the helper is not there")
	return 0
}

// until looks a name up until it is wanted, or patience ends.
func until(n *names, local, remote netip.AddrPort, want string) string {
	got := ""
	for end := time.Now().Add(patience); got != want && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		got = n.lookup(local, remote)
	}
	return got
}

// unusedPort returns a port that nobody has at any address, not even a closed
// connection in TIME-WAIT: nc -p binds all addresses, with -6 those of IPv4
// too, without SO_REUSEADDR, and is refused ports that Go's listeners are
// given. A thousand driven connections leave many of those behind.
func unusedPort(t *testing.T, host string) netip.AddrPort {
	t.Helper()
	ip := netip.MustParseAddr(host)
	family, at := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{})
	if ip.Is6() {
		family, at = unix.AF_INET6, &unix.SockaddrInet6{}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no %s: %v", host, err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, at); err != nil {
		t.Skipf("no %s: %v", host, err)
	}
	switch bound, err := unix.Getsockname(fd); a := bound.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(ip, uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(ip, uint16(a.Port))
	default:
		t.Fatalf("the port of %s: %v", host, err)
		return netip.AddrPort{}
	}
}

// runningProgram runs a program until the test ends.
func runningProgram(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs %s", name)
	}
	c := exec.Command(path, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c
}

func addr(p netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(p, port) }

// TestNamesOfNc names both ends of a pair, over IPv4 and IPv6, the server's
// already when it listens.
func TestNamesOfNc(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			server, client := unusedPort(t, host), unusedPort(t, host)
			n := startHelper(t)
			listening := runningProgram(t, "nc", "-l", host, strconv.Itoa(int(server.Port())))
			want := processName("nc", int32(listening.Process.Pid))
			if got := until(n, server, client, want); got != want {
				t.Errorf("the listener is %q, want %q", got, want)
			}
			c := runningProgram(t, "nc", "-p", strconv.Itoa(int(client.Port())), host, strconv.Itoa(int(server.Port())))
			want = processName("nc", int32(c.Process.Pid))
			if got := until(n, client, server, want); got != want {
				t.Errorf("the client is %q, want %q", got, want)
			}
			want = processName("nc", int32(listening.Process.Pid))
			if got := until(n, server, client, want); got != want {
				t.Errorf("who has accepted is %q, want %q", got, want)
			}
			// The ends of others are nobody's here, though something listens
			// at that port of all addresses.
			if got := n.lookup(addr(netip.MustParseAddr("192.0.2.1"), server.Port()), client); got != "" {
				t.Errorf("another machine's process is %q", got)
			}
		})
	}
}

// TestNamesOfAllAddresses: a listener on the wildcard address is found for an
// address of this machine, of either family, and for no other.
func TestNamesOfAllAddresses(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := startHelper(t)
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	peer := netip.MustParseAddrPort("127.0.0.1:1")
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	want := processName(strings.TrimSpace(string(comm)), int32(os.Getpid()))
	if got := until(n, addr(netip.MustParseAddr("127.0.0.2"), port), peer, want); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := n.lookup(addr(netip.MustParseAddr("198.51.100.7"), port), peer); got != "" {
		t.Errorf("198.51.100.7 is %q", got)
	}
}

func TestNamesHelperRights(t *testing.T) {
	needRights(t)
	id := strconv.Itoa(nobody)
	for _, c := range []struct {
		name string
		sudo string
		uid  string
	}{{"sudo", id, "65534 65534 65534 65534"}, {"root", "", "0 0 0 0"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("SUDO_UID", c.sudo)
			t.Setenv("SUDO_GID", c.sudo)
			n := startHelper(t)
			if n.ready&(helloAll|helloSeccomp) != helloAll|helloSeccomp {
				t.Errorf("the helper says %b", n.ready)
			}
			const two = "0000000000080004" // CAP_SYS_PTRACE 19, CAP_DAC_READ_SEARCH 2
			pid := helperPID(t)
			checkStatus(t, pid, map[string]string{
				"Uid": c.uid, "CapInh": noCapability, "CapPrm": two, "CapEff": two, "CapBnd": noCapability,
				"CapAmb": noCapability, "NoNewPrivs": "1", "Seccomp": "2",
			})
			checkDescriptors(t, pid)
			// It sees root's processes, whoever it is itself.
			l := listenHere(t)
			own := selfProcess(t)
			if got := until(n, l, netip.MustParseAddrPort("127.0.0.1:1"), own); got != own {
				t.Errorf("this process is %q, want %q", got, own)
			}
		})
	}
}

// checkDescriptors: the helper has no capture open.
func checkDescriptors(t *testing.T, pid int) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	packets, err := os.ReadFile("/proc/net/packet")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		to, _ := os.Readlink(dir + e.Name())
		if inode, ok := strings.CutPrefix(to, "socket:["); ok && strings.Contains(string(packets), " "+strings.TrimSuffix(inode, "]")+"\n") {
			t.Errorf("the helper has a packet socket: %s %s", e.Name(), to)
		}
	}
}

func listenHere(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func selfProcess(t *testing.T) string {
	t.Helper()
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	return processName(strings.TrimSpace(string(comm)), int32(os.Getpid()))
}

// ordinaryPart starts a helper as an ordinary user and names its own process.
func ordinaryPart() any {
	exe, err := os.Executable()
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	n, err := startNames(namesOptions{command: []string{exe, "-test.run=^TestPart$"}, env: []string{asPart + "=names"}})
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	defer n.close()
	ready, err := n.wait()
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	c := exec.Command("nc", "-p", os.Getenv("TCPSEE_TEST_PORT"), "127.0.0.1", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	in, _ := c.StdinPipe()
	defer in.Close()
	if err := c.Start(); err != nil {
		return map[string]string{"failed": err.Error()}
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	conn, err := l.Accept()
	if err != nil {
		return map[string]string{"failed": err.Error()}
	}
	at := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	want := processName("nc", int32(c.Process.Pid))
	got := until(n, at, l.Addr().(*net.TCPAddr).AddrPort(), want)
	foreign, _ := netip.ParseAddrPort(os.Getenv("TCPSEE_TEST_FOREIGN"))
	return map[string]string{"own": strings.Replace(got, want, "found", 1), "all": fmt.Sprint(ready&helloAll != 0),
		"foreign": n.lookup(foreign, at)}
}

// TestNamesWithoutRoot: an ordinary user has the names of their own processes.
func TestNamesWithoutRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to become an ordinary user, and another user's process")
	}
	if _, err := exec.LookPath("nc"); err != nil {
		t.Skip("needs nc")
	}
	foreign := listenHere(t)
	client := unusedPort(t, "127.0.0.1")
	c := startPart(t, "ordinary", []string{
		"TCPSEE_TEST_FOREIGN=" + foreign.String(), "TCPSEE_TEST_PORT=" + strconv.Itoa(int(client.Port()))},
		&syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}})
	var r map[string]string
	c.result(&r)
	if r["failed"] != "" || r["own"] != "found" || r["all"] != "false" || r["foreign"] != "" {
		t.Errorf("got %v", r)
	}
}

// seccompPart limits itself as the helper does and tries other things.
// noRaceDetector skips what runs under the helper's seccomp filter in a binary
// with the race detector: the commands are built without it.
func noRaceDetector(t testing.TB) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector's runtime makes threads that the helper's seccomp filter forbids")
	}
}

func seccompPart() any {
	if err := noNewPrivileges(); err != nil {
		return map[string]string{"failed": err.Error()}
	}
	if err := limitCalls(); err != nil {
		return map[string]string{"failed": err.Error()}
	}
	r := map[string]string{
		"read":    text(opened(os.Open("/proc/self/stat"))),
		"write":   text(opened(os.OpenFile("/tmp/tcpsee-forbidden", os.O_WRONLY|os.O_CREATE, 0o600))),
		"append":  text(opened(os.OpenFile("/dev/null", os.O_RDWR, 0))),
		"start":   text(exec.Command("/bin/true").Run()),
		"kill":    text(unix.Kill(os.Getppid(), 0)),
		"chmod":   text(os.Chmod("/proc/self", 0)),
		"unlink":  text(os.Remove("/tmp/tcpsee-forbidden")),
		"unshare": text(unix.Unshare(unix.CLONE_NEWUSER)),
		"ptrace":  text(unix.PtraceAttach(os.Getppid())),
	}
	_, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	r["tcp"] = text(err)
	_, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	r["packet"] = text(err)
	_, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	r["netlink"] = text(err)
	_, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)
	r["audit"] = text(err)
	_, err = unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
	r["code"] = text(err)
	_, _, errno := unix.Syscall(unix.SYS_CLONE3, 0, 0, 0)
	r["clone3"] = text(errno)
	for range 100 { // the runtime lives on: memory, threads, timers
		done := make(chan []byte)
		go func() {
			runtime.LockOSThread() // a thread of its own, that ends with it
			time.Sleep(time.Microsecond)
			done <- make([]byte, 1<<20)
		}()
		<-done
	}
	return r
}

func TestSeccompForbids(t *testing.T) {
	noRaceDetector(t)
	c := startPart(t, "seccomp", nil, nil)
	var r map[string]string
	c.result(&r)
	if r["failed"] != "" {
		t.Skip(r["failed"])
	}
	for what, got := range r {
		want := "refused"
		switch what {
		case "read", "netlink":
			want = "done"
		case "clone3":
			want = text(unix.ENOSYS)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
}

// TestNamesCommandByHand: the hidden command is refused without its socket.
func TestNamesCommandByHand(t *testing.T) {
	c := startPart(t, "names", nil, nil)
	if got := c.line(); !strings.Contains(got, "starts itself") {
		t.Errorf("got %s", got)
	}
}

// TestNamesOutliveTheirProcess: what was answered once stays.
func TestNamesOutliveTheirProcess(t *testing.T) {
	n := startHelper(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	c := runningProgram(t, "nc", "127.0.0.1", strconv.Itoa(int(at.Port())))
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	peer := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	want := processName("nc", int32(c.Process.Pid))
	if got := until(n, peer, at, want); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	conn.Close()
	n.mu.Lock()
	n.known[ends{peer, at}].at = time.Time{} // as if it were long ago
	n.mu.Unlock()
	for range 5 {
		if got := n.lookup(peer, at); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// TestNamesAfterTheHelper: without the helper nothing waits, nothing fails.
func TestNamesAfterTheHelper(t *testing.T) {
	n := startHelper(t)
	pid := helperPID(t)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		n.mu.Lock()
		broken := n.broken
		n.mu.Unlock()
		if broken {
			break
		}
	}
	l := listenHere(t)
	if got := n.lookup(l, l); got != "" {
		t.Errorf("got %q", got)
	}
	n.end = func() error { return nil }
	var none *names
	if none.lookup(l, l) != "" || none.close() != nil {
		t.Error("a nil *names knows names")
	}
}

// TestStrangeNames: a process may call itself anything.
func TestStrangeNames(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs python3")
	}
	const script = `
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, b"\x1b[31m) S 1\n\xe2\x80\xae", 0, 0, 0)
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True)
sys.stdin.read()`
	c := exec.Command(python, "-c", script)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { in.Close(); _ = c.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	port, err2 := strconv.ParseUint(strings.TrimSpace(line), 10, 16)
	if errors.Join(err, err2) != nil {
		t.Skipf("python3: %q, %v", line, errors.Join(err, err2))
	}
	n := startHelper(t)
	want := fmt.Sprintf(`\x1b[31m) S 1?\u202e[%d]`, c.Process.Pid)
	if got := until(n, addr(netip.MustParseAddr("127.0.0.1"), uint16(port)), netip.MustParseAddrPort("127.0.0.1:1"), want); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// attempts is how often a test tries what the load of a busy machine can spoil:
// the trace rests when there are too many connections, whosever they are.
const attempts = 20

// TestNamesOfShortLived: programs that have ended before anybody asks.
func TestNamesOfShortLived(t *testing.T) {
	n := startHelper(t)
	if n.ready&helloTrace == 0 {
		t.Skip("the kernel does not tell who connects: it takes root and a tracepoint")
	}
	if _, err := exec.LookPath("nc"); err != nil {
		t.Skip("needs nc")
	}
	for _, host := range append([]string{"127.0.0.1", "::1"}, ownAddress()...) {
		var err error
		for range attempts {
			if err = errors.Join(nameRefused(t, n, host), nameClosed(t, n, host)); err == nil {
				break
			}
			time.Sleep(traceInterval / 10)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

// ownAddress is an address of this machine that is seen from outside too, if it
// has one.
func ownAddress() []string {
	list, _ := net.InterfaceAddrs()
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			return []string{p.Addr().String()}
		}
	}
	return nil
}

// nameRefused asks for a program that was refused and has ended.
func nameRefused(t *testing.T, n *names, host string) error {
	t.Helper()
	server, client := unusedPort(t, host), unusedPort(t, host)
	c := exec.Command("nc", "-p", strconv.Itoa(int(client.Port())), host, strconv.Itoa(int(server.Port())))
	if err := c.Run(); err == nil {
		return fmt.Errorf("%s is not closed: the port is another's by now", server)
	}
	want := processName("nc", int32(c.Process.Pid))
	if got := askAnew(n, client, server); got != want {
		return fmt.Errorf("%s: refused, and is %q, want %q", host, got, want)
	}
	return nil
}

// nameClosed asks for both ends of a connection that is over.
func nameClosed(t *testing.T, n *names, host string) error {
	t.Helper()
	server, client := unusedPort(t, host), unusedPort(t, host)
	s := exec.Command("nc", "-N", "-l", host, strconv.Itoa(int(server.Port())))
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	c := untilConnected(host, server, client)
	if c == nil {
		_ = s.Process.Kill()
	}
	_ = s.Wait()
	if c == nil {
		return fmt.Errorf("%s: no connection: the port may be another's by now", host)
	}
	wantClient, wantServer := processName("nc", int32(c.Process.Pid)), processName("nc", int32(s.Process.Pid))
	gotClient, gotServer := askAnew(n, client, server), askAnew(n, server, client)
	if gotClient != wantClient || gotServer != wantServer {
		return fmt.Errorf("%s: over, and is %q and %q, want %q and %q", host, gotClient, gotServer, wantClient, wantServer)
	}
	return nil
}

// askAnew looks a name up until the helper has answered.
func askAnew(n *names, local, remote netip.AddrPort) string {
	n.lookup(local, remote)
	n.mu.Lock()
	a := n.known[ends{local, remote}]
	n.mu.Unlock()
	if a == nil {
		return ""
	}
	select {
	case <-a.done:
	case <-time.After(patience):
	}
	return n.lookup(local, remote)
}

// untilConnected runs nc from a port until its server is there, nil where it
// does not come.
func untilConnected(host string, server, client netip.AddrPort) *exec.Cmd {
	for end := time.Now().Add(patience / 10); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		c := exec.Command("nc", "-N", "-p", strconv.Itoa(int(client.Port())), host, strconv.Itoa(int(server.Port())))
		if c.Run() == nil {
			return c
		}
	}
	return nil
}

// BenchmarkNames asks the helper for the process that listens, over and over.
func BenchmarkNames(b *testing.B) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	n := startHelper(b)
	at, peer := l.Addr().(*net.TCPAddr).AddrPort(), netip.MustParseAddrPort("127.0.0.1:1")
	b.ReportAllocs()
	unnamed := 0
	for b.Loop() {
		n.mu.Lock()
		clear(n.known)
		n.order, n.tokens, n.slow = n.order[:0], namesBurst, time.Time{}
		n.mu.Unlock()
		if n.lookup(at, peer) == "" {
			unnamed++
		}
	}
	b.ReportMetric(float64(unnamed)/float64(b.N), "unnamed/op")
}
