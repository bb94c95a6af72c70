//go:build amd64 || arm64

package drive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wrapPatience is how long a wrapped command may take on a busy machine.
const wrapPatience = 60 * time.Second

func TestMain(m *testing.M) {
	if status, ok := WrapHelper(os.Args); ok {
		os.Exit(status)
	}
	if os.Getenv(innerVariable) != "" {
		os.Exit(inner())
	}
	os.Exit(m.Run())
}

// innerVariable makes this binary a program that wraps another.
const innerVariable = "WRAP_INNER"

// noTraceVariable makes it wrap without tracing.
const noTraceVariable = "WRAP_UNTRACED"

func inner() int {
	w, err := Wrap(WrapOptions{Command: os.Args[1:], Stdout: os.Stdout, NoTrace: os.Getenv(noTraceVariable) != ""}, nil)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer w.Close()
	fmt.Printf("missing: %s\n", w.Missing())
	_ = w.Release()
	status, _ := w.Wait()
	return status
}

// TestWrapInWrap wraps what wraps: a process has one tracer, so the inner one
// has to do without, and says so.
func TestWrapInWrap(t *testing.T) {
	traceable(t)
	at, clients := echoServer(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := WrapOptions{Env: append(os.Environ(), innerVariable+"=1")}
	x := runWrapped(t, o, self, "sh", "-c", "nc.openbsd -z 127.0.0.1 "+port(at)+"; exit 5")
	if x.status != 5 || !strings.Contains(x.output, "missing: this system does not allow tracing") {
		t.Errorf("status %d, output %q", x.status, x.output)
	}
	if c := x.find(t, "connect", Return); c.Local != <-clients || c.Program != "nc.openbsd" {
		t.Errorf("connect is %+v", c)
	}
}

// wrapped runs a command under Wrap to its end.
type wrapped struct {
	record
	w      *Wrapped
	status int
	err    error
	output string
}

// traceable skips the test where commands cannot be traced.
func traceable(t *testing.T) {
	t.Helper()
	w, err := Wrap(WrapOptions{Command: []string{"/bin/true"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Missing() != "" {
		t.Skip("cannot trace here: " + w.Missing())
	}
}

func program(t *testing.T, name string) string {
	t.Helper()
	// What stands in PATH may be a script that looks for the real one.
	if path := "/usr/bin/" + name; executable(path) == nil {
		return path
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

// begin wraps a command whose output is collected, and leaves it held.
func begin(t *testing.T, o WrapOptions, command ...string) *wrapped {
	t.Helper()
	o.Command = command
	x := &wrapped{}
	w, err := Wrap(o, x.report)
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	x.w = w
	t.Cleanup(func() { w.Close() })
	return x
}

func (x *wrapped) end(t *testing.T) *wrapped {
	t.Helper()
	if err := x.w.Release(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		x.status, x.err = x.w.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(wrapPatience):
		t.Fatalf("the command does not end; calls: %s", x.names(""))
	}
	return x
}

// runWrapped runs a command and returns with what it wrote.
func runWrapped(t *testing.T, o WrapOptions, command ...string) *wrapped {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	o.Stdout, o.Stderr = w, w
	x := begin(t, o, command...)
	w.Close()
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		r.Close()
		text <- string(b)
	}()
	x.end(t)
	x.w.Close()
	x.output = <-text
	return x
}

// python runs a script.
func python(t *testing.T, script string, args ...string) *wrapped {
	t.Helper()
	return runWrapped(t, WrapOptions{}, append([]string{program(t, "python3"), "-c", script}, args...)...)
}

// echoServer answers each client's first words with "Hello Client", and tells
// the clients' addresses.
func echoServer(t *testing.T) (at netip.AddrPort, clients <-chan netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	seen := make(chan netip.AddrPort, 1000)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			seen <- c.RemoteAddr().(*net.TCPAddr).AddrPort()
			go func() {
				defer c.Close()
				b := make([]byte, 1<<16)
				if n, _ := c.Read(b); n > 0 {
					_, _ = c.Write([]byte("Hello Client"))
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort(), seen
}

func (x *wrapped) find(t *testing.T, name string, phase Phase) Call {
	t.Helper()
	for _, c := range x.all() {
		if c.Name == name && c.Phase == phase {
			return c
		}
	}
	t.Fatalf("no %s %v in %s\noutput: %s", name, phase, x.names(""), x.output)
	panic("unreachable")
}

const pythonClient = `
import socket, sys
s = socket.socket()
s.connect(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"Hello Server")
print(s.recv(256))
s.close()
`

func TestWrapClient(t *testing.T) {
	traceable(t)
	at, clients := echoServer(t)
	x := python(t, pythonClient, port(at))
	if x.status != 0 || x.err != nil || !strings.Contains(x.output, "Hello Client") {
		t.Fatalf("status %d, %v, output %q", x.status, x.err, x.output)
	}
	want := "socket connect( )connect send( )send recv( )recv close"
	if got := x.names(""); got != want {
		t.Errorf("calls:\n got %s\nwant %s", got, want)
	}
	client := <-clients
	ret := x.find(t, "connect", Return)
	if ret.Local != client || ret.Remote != at || ret.End != Client || ret.Err != nil {
		t.Errorf("connect returned as %+v, the server saw %v", ret, client)
	}
	if !x.w.Owns(client, at) || x.w.Owns(at, client) || x.w.Pending(at) {
		t.Errorf("owns %v, reverse %v, pending %v", x.w.Owns(client, at), x.w.Owns(at, client), x.w.Pending(at))
	}
	x.connects(t, client, at)
	if name, pid, ok := x.w.Program(at, client); ok {
		t.Errorf("the other end is named %s[%d]", name, pid)
	}
	sent, got := x.find(t, "send", Return), x.find(t, "recv", Return)
	if string(sent.Data) != "Hello Server" || sent.N != 12 || sent.Syscall != "sendto" {
		t.Errorf("send is %+v", sent)
	}
	if string(got.Data) != "Hello Client" || got.N != 12 || got.Syscall != "recvfrom" || got.Local != client {
		t.Errorf("recv is %+v", got)
	}
	if got.PID == 0 || !strings.HasPrefix(got.Program, "python") {
		t.Errorf("recv by %d %q", got.PID, got.Program)
	}
	inOrder(t, x.all())
}

// inOrder checks that each return comes after its entry.
func inOrder(t *testing.T, calls []Call) {
	t.Helper()
	entered := make(map[string]Call)
	for _, c := range calls {
		key := fmt.Sprint(c.PID, c.Name)
		switch c.Phase {
		case Entry:
			entered[key] = c
		case Return:
			e, ok := entered[key]
			if d := c.Time.Sub(e.Time); !ok || d < 0 || c.Took <= 0 {
				t.Errorf("%s returns %v after its entry (%v), Took is %v", c.Name, d, ok, c.Took)
			}
		}
	}
}

const pythonInterrupted = `
import ctypes, os, signal, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(1)
here, there = os.pipe()
os.set_blocking(there, False)
signal.set_wakeup_fd(there)                    # the handler calls write
signal.signal(signal.SIGALRM, lambda *x: None)
again = sys.argv[1] == "again"
signal.siginterrupt(signal.SIGALRM, not again) # SA_RESTART
if os.fork() == 0:
    for _ in range(2 if again else 1):
        while open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()[0] != "S":
            pass
        os.kill(os.getppid(), signal.SIGALRM)
        os.read(here, 1)
    if not again:
        os.read(here, 1)                       # that the call has failed
    socket.create_connection(s.getsockname()).close()
    os._exit(0)
if not again:
    print(ctypes.CDLL(None).accept(s.fileno(), None, None))
    os.write(there, b"x")
c, _ = s.accept()
c.close()
s.close()
os.wait()
`

// TestWrapInterrupted: a call that a signal interrupts goes on where the kernel
// makes it again, and fails where it does not, whatever the handler called.
// TestWrapClosesListener: a close that ends no connection says so, also where
// the end of the process makes it.
func TestWrapClosesListener(t *testing.T) {
	traceable(t)
	const serve = `
import socket
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname())
a, _ = s.accept()
a.close()
c.close()
`
	for last, want := range map[string]string{
		"s.close()":              "the listening socket",
		"import os; os._exit(0)": "the listening socket, at exit",
	} {
		x := python(t, serve+last)
		var args []string
		for _, c := range x.all() {
			if c.Name == "close" && c.Args != "still open elsewhere" && c.Args != "the listening socket, still open elsewhere" {
				args = append(args, c.Args)
			}
		}
		if !slices.Equal(args, []string{"", "", want}) {
			t.Errorf("%s: closes with %q\n%s", last, args, x.output)
		}
	}
}

func TestWrapInterrupted(t *testing.T) {
	traceable(t)
	for how, want := range map[string]string{
		"again": "accept( )accept",
		"fails": "accept( )accept accept( )accept",
	} {
		x := python(t, pythonInterrupted, how)
		if x.status != 0 {
			t.Fatalf("%s: status %d, output %q", how, x.status, x.output)
		}
		var got []string
		for _, c := range x.all() {
			if c.Name != "accept" {
				continue
			}
			if c.Phase == Entry {
				got = append(got, "accept(")
				continue
			}
			got = append(got, ")accept")
			if first := len(got) == 2; (c.Err != nil) != (first && how == "fails") {
				t.Errorf("%s: accept returns %v", how, c.Err)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", how, got, want)
		}
	}
}

const pythonFlags = `
import select, socket
s = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(s.getsockname())
a, _ = s.accept()
c.send(b"Hello ", socket.MSG_MORE)
c.send(b"Server")
a.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL)
a.recv(12)
c.send(b"!", socket.MSG_OOB)
select.select([], [], [a])
a.recv(1, socket.MSG_OOB)
`

// TestWrapFlags holds that the flags are told without which bytes would be taken
// for others, before a call returns as after.
func TestWrapFlags(t *testing.T) {
	traceable(t)
	x := python(t, pythonFlags)
	if x.status != 0 {
		t.Fatalf("status %d, output %q", x.status, x.output)
	}
	var got []string
	for _, c := range x.all() {
		if c.Name == "send" || c.Name == "recv" {
			got = append(got, c.Args)
		}
	}
	want := []string{
		"6 bytes, MSG_MORE", "6 bytes, MSG_MORE", "6 bytes", "6 bytes",
		"up to 12 bytes, MSG_PEEK", "12 bytes, MSG_PEEK", "up to 12 bytes", "12 bytes",
		"1 byte, MSG_OOB", "1 byte, MSG_OOB", "up to 1 byte, MSG_OOB", "1 byte, MSG_OOB",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

const pythonServer = `
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 0))
s.listen(1)
print(s.getsockname()[1], flush=True)
c, a = s.accept()
print(c.recv(256))
c.send(b"Hello Client")
c.shutdown(socket.SHUT_WR)
c.close()
s.close()
`

func TestWrapServer(t *testing.T) {
	traceable(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x := begin(t, WrapOptions{Stdout: w}, program(t, "python3"), "-c", pythonServer)
	w.Close()
	if err := x.w.Release(); err != nil {
		t.Fatal(err)
	}
	var number int
	if _, err := fmt.Fscan(r, &number); err != nil {
		t.Fatal(err)
	}
	server := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(number))
	if !x.w.Owns(server, netip.MustParseAddrPort("127.0.0.1:1")) {
		t.Error("does not own what it listens on, before a client comes")
	}
	c, err := net.Dial("tcp", server.String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "Hello Server")
	answer, err := io.ReadAll(c)
	if err != nil || string(answer) != "Hello Client" {
		t.Errorf("answer %q, %v", answer, err)
	}
	client := c.LocalAddr().(*net.TCPAddr).AddrPort()
	c.Close()
	x.end(t)
	want := "socket setsockopt bind listen accept( )accept recv( )recv send( )send shutdown close close"
	if got := x.names(""); got != want {
		t.Errorf("calls:\n got %s\nwant %s", got, want)
	}
	accepted := x.find(t, "accept", Return)
	if accepted.Local != server || accepted.Remote != client || accepted.End != Server {
		t.Errorf("accept returned as %+v", accepted)
	}
	if b := x.find(t, "bind", Whole); b.Local != server {
		t.Errorf("bind reported %v, want %v", b.Local, server)
	}
	if s := x.find(t, "setsockopt", Whole); s.Args != "SO_REUSEADDR on" {
		t.Errorf("setsockopt args %q", s.Args)
	}
	if l := x.find(t, "listen", Whole); l.Args != "backlog 1" || l.End != Server {
		t.Errorf("listen is %+v", l)
	}
}

// closedPort returns a port of 127.0.0.1 on which nothing listens.
func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// TestWrapRefused also checks that the local port of a connect that failed at
// once is known.
func TestWrapRefused(t *testing.T) {
	traceable(t)
	at := closedPort(t)
	x := python(t, pythonClient, port(at))
	if x.status != 1 {
		t.Errorf("status %d", x.status)
	}
	ret := x.find(t, "connect", Return)
	wantName(t, ret.Err, "ECONNREFUSED")
	if ret.Local.Port() == 0 {
		t.Error("the local port of a refused connect is not known")
	}
	from := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), ret.Local.Port())
	if !x.w.Owns(from, at) {
		t.Errorf("does not own %v to %v", from, at)
	}
}

// TestWrapNonblocking connects as an event loop does.
func TestWrapNonblocking(t *testing.T) {
	traceable(t)
	at, clients := echoServer(t)
	x := python(t, `
import socket, sys, select, errno
s = socket.socket()
s.setblocking(False)
print(errno.errorcode[s.connect_ex(("127.0.0.1", int(sys.argv[1])))])
select.select([], [s], [])
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
try: s.recv(10)
except BlockingIOError: print("would wait")
s.send(b"Hello Server")
select.select([s], [], [])
print(s.recv(256))
s.close()
`, port(at))
	want := "socket connect( )connect=EINPROGRESS getsockopt send( )send recv( )recv close"
	if got := x.names(""); got != want {
		t.Errorf("calls:\n got %s\nwant %s\noutput %s", got, want, x.output)
	}
	c := x.find(t, "connect", Return)
	if c.Local != <-clients {
		t.Errorf("connect returned with local %v", c.Local)
	}
	x.connects(t, c.Local, at)
}

// connects checks who is said to have made a connection: the process that made
// the call.
func (x *wrapped) connects(t *testing.T, local, remote netip.AddrPort) {
	t.Helper()
	call := x.find(t, "connect", Entry)
	if name, pid, ok := x.w.Program(local, remote); !ok || name == "" || name != call.Program || pid != call.PID {
		t.Errorf("%v is of %q[%d] (%v), not of %s[%d]", local, name, pid, ok, call.Program, call.PID)
	}
}

// TestWrapPending connects to an address that does not answer: the local port
// must be known while the call waits.
func TestWrapPending(t *testing.T) {
	traceable(t)
	l := listen(t, ListenOptions{Host: "127.0.0.1", Backlog: -1}, nil) // never accepts, and takes one in
	first, err := net.Dial("tcp", l.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	x := begin(t, WrapOptions{}, program(t, "python3"), "-c", pythonClient, port(l.Addr))
	if err := x.w.Release(); err != nil {
		t.Fatal(err)
	}
	own := func() (n int) {
		x.w.owned.mu.RLock()
		defer x.w.owned.mu.RUnlock()
		return len(x.w.owned.pairs)
	}
	for end := time.Now().Add(wrapPatience); own() == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if own() != 1 || !x.w.Pending(l.Addr) {
		t.Fatalf("owns %d, pending %v; calls %s", own(), x.w.Pending(l.Addr), x.names(""))
	}
	if err := x.w.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if x.end(t).status != statusSignal+int(syscall.SIGTERM) {
		t.Errorf("status %d", x.status)
	}
}

func TestWrapNetcat(t *testing.T) {
	traceable(t)
	for _, name := range []string{"nc.openbsd", "nc.traditional", "ncat"} {
		t.Run(name, func(t *testing.T) {
			at, _ := echoServer(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			fmt.Fprintln(w, "Hello")
			args := []string{program(t, name), "127.0.0.1", port(at)}
			if name == "nc.traditional" {
				args = append(args[:1], append([]string{"-q", "1"}, args[1:]...)...)
			}
			time.AfterFunc(150*time.Millisecond, func() { w.Close() })
			x := runWrapped(t, WrapOptions{Stdin: r}, args...)
			if x.status != 0 || !strings.Contains(x.output, "Hello Client") {
				t.Errorf("status %d, output %q", x.status, x.output)
			}
			sent, got := x.find(t, "send", Return), x.find(t, "recv", Return)
			if string(sent.Data) != "Hello\n" || string(got.Data) != "Hello Client" {
				t.Errorf("sent %q by %s, got %q by %s", sent.Data, sent.Syscall, got.Data, got.Syscall)
			}
			x.find(t, "close", Whole)
		})
	}
}

// TestWrapNetcatListens wraps the other side of the exercise.
func TestWrapNetcatListens(t *testing.T) {
	traceable(t)
	at := closedPort(t)
	x := begin(t, WrapOptions{}, program(t, "nc.openbsd"), "-l", "127.0.0.1", port(at))
	if err := x.w.Release(); err != nil {
		t.Fatal(err)
	}
	x.await(t, "accept or poll", func(c Call) bool { return c.Name == "listen" })
	c, err := net.Dial("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "Hello\n")
	x.await(t, "recv", func(c Call) bool { return c.Name == "recv" && string(c.Data) == "Hello\n" && c.Syscall == "read" })
	c.Close()
	x.end(t)
	if !strings.Contains(x.names(""), "listen accept( )accept") {
		t.Errorf("calls %s", x.names(""))
	}
}

func TestWrapCurl(t *testing.T) {
	traceable(t)
	at, clients := echoServer(t)
	x := runWrapped(t, WrapOptions{}, program(t, "curl"), "-s", "--http0.9", "http://"+at.String()+"/")
	if x.output != "Hello Client" {
		t.Errorf("status %d, output %q", x.status, x.output)
	}
	client := <-clients
	if s := x.find(t, "send", Return); !strings.HasPrefix(string(s.Data), "GET / HTTP/1.1\r\n") || s.Local != client {
		t.Errorf("send is %+v", s)
	}
	if !x.w.Owns(client, at) {
		t.Error("does not own its connection")
	}
}

// TestWrapThreadsAndChildren has connections made by threads, by a forked
// child on its parent's socket, by a duplicate, and by a program that inherits
// the socket over execve.
func TestWrapThreadsAndChildren(t *testing.T) {
	traceable(t)
	at, _ := echoServer(t)
	x := python(t, `
import os, socket, subprocess, sys, threading
to = ("127.0.0.1", int(sys.argv[1]))
def one(text):
    s = socket.create_connection(to)
    s.sendall(text)
    s.recv(99)
    s.close()
threads = [threading.Thread(target=one, args=(b"thread %d" % i,)) for i in range(8)]
for t in threads: t.start()
for t in threads: t.join()
s = socket.create_connection(to)
if os.fork() == 0:
    s.sendall(b"fork")
    os._exit(0)
os.wait()
s.close()
s = socket.create_connection(to)
os.dup2(s.fileno(), 77)
s.close()
os.write(77, b"duplicate")
os.close(77)
s = socket.create_connection(to)
subprocess.run(["/bin/sh", "-c", "echo exec >&%d" % s.fileno()], pass_fds=[s.fileno()])
s.close()
`, port(at))
	if x.status != 0 {
		t.Fatalf("status %d: %s", x.status, x.output)
	}
	count := make(map[string]int)
	sent := make(map[string]Call)
	for _, c := range x.all() {
		if c.Phase != Entry && c.Err == nil {
			count[c.Name]++
		}
		if c.Name == "send" && c.Phase == Return {
			sent[string(c.Data)] = c
			if c.Remote != at || c.Local.Port() == 0 {
				t.Errorf("send %q is from %v to %v", c.Data, c.Local, c.Remote)
			}
		}
	}
	for _, text := range []string{"thread 0", "thread 7", "fork", "duplicate", "exec\n"} {
		if _, ok := sent[text]; !ok {
			t.Errorf("%q is not reported: %v", text, sent)
		}
	}
	if sent["fork"].PID == x.w.PID() || sent["exec\n"].Program != "sh" || sent["thread 0"].PID != x.w.PID() {
		t.Errorf("by whom: fork %d, exec %q, thread %d of %d", sent["fork"].PID, sent["exec\n"].Program, sent["thread 0"].PID, x.w.PID())
	}
	if count["connect"] != 11 || count["socket"] != 11 {
		t.Errorf("counts %v", count)
	}
}

// TestWrapExecOfThread has a thread that is not the first execute another
// program, which closes the socket that is close-on-exec.
func TestWrapExecOfThread(t *testing.T) {
	traceable(t)
	at, _ := echoServer(t)
	x := python(t, `
import os, socket, sys, threading, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
threading.Thread(target=lambda: os.execv("/bin/sh", ["sh", "-c", "exit 7"])).start()
time.sleep(99)
`, port(at))
	if x.status != 7 {
		t.Errorf("status %d, output %s", x.status, x.output)
	}
	if c := x.find(t, "close", Whole); c.Syscall != "execve" || c.Remote != at {
		t.Errorf("close is %+v", c)
	}
}

// TestWrapInherited gives the command a connection as its standard input, and
// another beyond the first three.
func TestWrapInherited(t *testing.T) {
	traceable(t)
	client, server := pair(t, "127.0.0.1", nil)
	f := os.NewFile(dupInheritable(t, server.s.fd), "socket")
	defer f.Close()
	x := begin(t, WrapOptions{}, program(t, "python3"), "-c", fmt.Sprintf(`
import os
os.write(%d, b"inherited")
`, f.Fd()))
	f.Close()
	if !x.w.Owns(server.Local(), server.Remote()) {
		t.Error("does not own what it inherits")
	}
	x.end(t)
	b := make([]byte, 99)
	if n, err := client.Read(b); err != nil || string(b[:n]) != "inherited" {
		t.Errorf("read %q, %v", b[:n], err)
	}
	if s := x.find(t, "send", Return); s.Local != server.Local() || s.Remote != server.Remote() || string(s.Data) != "inherited" {
		t.Errorf("send is %+v", s)
	}
	if c := x.find(t, "close", Whole); c.Syscall != "exit" {
		t.Errorf("close is %+v", c)
	}
}

// TestWrapManyBuffers: what a call gathers from more buffers, or messages, than
// programs mostly give is counted to the last byte.
func TestWrapManyBuffers(t *testing.T) {
	traceable(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	at := l.Addr().(*net.TCPAddr).AddrPort()
	const messages = `
import ctypes, os, socket, sys
class iovec(ctypes.Structure): _fields_ = [("base", ctypes.c_char_p), ("len", ctypes.c_size_t)]
class mmsghdr(ctypes.Structure): _fields_ = [
	("name", ctypes.c_void_p), ("namelen", ctypes.c_uint), ("iov", ctypes.POINTER(iovec)), ("iovlen", ctypes.c_size_t),
	("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t), ("flags", ctypes.c_long), ("len", ctypes.c_ulong)]
def sendmmsg(s, n):
	v = iovec(b"abc", 3)
	ctypes.CDLL(None).sendmmsg(s.fileno(), (mmsghdr * n)(*[mmsghdr(iov=ctypes.pointer(v), iovlen=1) for _ in range(n)]), n, 0)
`
	for _, c := range []struct{ syscall, call string }{
		{"writev", "os.writev(s.fileno(), [b'abc'] * 100)"},
		{"pwritev2", "os.pwritev(s.fileno(), [b'abc'] * 100, -1, 0)"},
		{"sendmmsg", "sendmmsg(s, 100)"},
	} {
		x := python(t, messages+"s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"+c.call+"\n", port(at))
		began, ended := x.find(t, "send", Entry), x.find(t, "send", Return)
		if began.Syscall != c.syscall || began.Args != "300 bytes" || ended.N != 300 || len(ended.Data) != min(300, MaxCallData) {
			t.Errorf("%s: %+v, then %+v\n%s", c.syscall, began, ended, x.output)
		}
	}
}

// dupInheritable duplicates fd to a descriptor that programs inherit.
func dupInheritable(t *testing.T, fd int) uintptr {
	t.Helper()
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, 40)
	if err != nil {
		t.Fatal(err)
	}
	return uintptr(n)
}

func TestWrapStatus(t *testing.T) {
	traceable(t)
	for _, c := range []struct {
		script string
		status int
	}{
		{"exit 0", 0},
		{"exit 7", 7},
		{"kill -KILL $$", 128 + 9},
		{"kill -TERM $$", 128 + 15},
		{"sleep 0.05 & wait; kill -STOP $$; exit 3", 3},
		{"trap 'exit 5' USR1; kill -USR1 $$; exit 1", 5},
	} {
		for _, untraced := range []bool{false, true} {
			x := begin(t, WrapOptions{NoTrace: untraced}, "sh", "-c", c.script)
			if strings.Contains(c.script, "STOP") {
				go func() {
					awaitStopped(x.w.PID())
					_ = x.w.Signal(syscall.SIGCONT)
				}()
			}
			if x.end(t); x.status != c.status || x.err != nil {
				t.Errorf("%q (untraced %v): status %d, %v, want %d", c.script, untraced, x.status, x.err, c.status)
			}
			x.w.Close()
		}
	}
}

// awaitStopped waits until a process is in a group-stop, which with a tracer
// shows as "t", as any other of its stops.
func awaitStopped(pid int) {
	for quiet := 0; quiet < 20; time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if quiet++; !strings.HasPrefix(rest, "t") && !strings.HasPrefix(rest, "T") {
			quiet = 0
		}
	}
}

func TestWrapCannotStart(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("exit 4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("exit 4\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, untraced := range []bool{false, true} {
		for _, c := range []struct {
			command string
			status  int
			is      error
		}{
			{"no-such-command-here", StatusNotFound, ErrNotInPath},
			{dir + "/nothing", StatusNotFound, syscall.ENOENT},
			{plain, StatusCannotRun, syscall.EACCES},
			{dir, StatusCannotRun, syscall.EACCES},
		} {
			_, err := Wrap(WrapOptions{Command: []string{c.command}, NoTrace: untraced}, nil)
			var cannot *StartError
			if !errors.As(err, &cannot) || cannot.Status != c.status || !errors.Is(err, c.is) {
				t.Errorf("%s (untraced %v): %v, want status %d and %v", c.command, untraced, err, c.status, c.is)
			}
		}
		// A script without #! is the shell's, as execvp(3) has it.
		x := begin(t, WrapOptions{NoTrace: untraced}, script)
		if x.end(t); x.status != 4 {
			t.Errorf("script (untraced %v): status %d", untraced, x.status)
		}
		x.w.Close()
	}
	if _, err := Wrap(WrapOptions{}, nil); err == nil {
		t.Error("no command, and no error")
	}
}

// TestWrapHeld checks that nothing happens before Release.
func TestWrapHeld(t *testing.T) {
	for _, untraced := range []bool{false, true} {
		mark := filepath.Join(t.TempDir(), "mark")
		x := begin(t, WrapOptions{NoTrace: untraced}, "sh", "-c", ": > "+mark)
		time.Sleep(50 * time.Millisecond)
		if _, err := os.Stat(mark); err == nil {
			t.Error("ran before it was released")
		}
		x.end(t)
		if _, err := os.Stat(mark); err != nil {
			t.Error("did not run after it was released")
		}
		held := begin(t, WrapOptions{NoTrace: untraced}, "sleep", "99")
		pid := held.w.PID()
		held.w.Close()
		if err := syscall.Kill(pid, 0); err == nil {
			t.Error("a held command lives on after Close")
		}
	}
}

// TestWrapLetsGo checks that children that outlive the command go on when the
// tracing ends, and are not left stopped.
func TestWrapLetsGo(t *testing.T) {
	for _, untraced := range []bool{false, true} {
		mark := filepath.Join(t.TempDir(), "mark")
		x := begin(t, WrapOptions{NoTrace: untraced}, "sh", "-c", "(sleep 0.4; (: > "+mark+"); sleep 0.1) & exit 6")
		if x.end(t); x.status != 6 {
			t.Errorf("status %d", x.status)
		}
		if isClosed(x.w.Done()) {
			t.Error("done before the children are")
		}
		x.w.Close()
		for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(mark); err == nil {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("untraced %v: the child did not go on", untraced)
			}
		}
	}
}

// TestWrapUntraced checks what is known of a command that is not traced.
func TestWrapUntraced(t *testing.T) {
	at, clients := echoServer(t)
	x := begin(t, WrapOptions{NoTrace: true}, program(t, "python3"), "-c", `
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
time.sleep(0.5)
`, port(at))
	if x.w.Missing() == "" {
		t.Error("does not say what is missing")
	}
	x.end(t)
	if client := <-clients; !x.w.Owns(client, at) {
		t.Errorf("does not own %v", client)
	}
	if len(x.all()) != 0 {
		t.Errorf("calls %s", x.names(""))
	}
}

// TestWrapUntracedLooks holds that once the looks have come past a moment, the
// command's sockets of that moment are known.
func TestWrapUntracedLooks(t *testing.T) {
	at, clients := echoServer(t)
	x := begin(t, WrapOptions{NoTrace: true}, program(t, "python3"), "-c", `
import socket, sys
here = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(50)]
for s in here:
    s.recv(1)
`, port(at))
	if err := x.w.Release(); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		var client netip.AddrPort
		select {
		case client = <-clients:
		case <-time.After(patience):
			t.Fatalf("%d connections came", i)
		}
		for now := time.Now(); x.w.Looking(now); {
			time.Sleep(100 * time.Microsecond)
		}
		if !x.w.Owns(client, at) {
			t.Errorf("connection %d: does not own %v", i+1, client)
		}
	}
	_ = x.w.Signal(syscall.SIGKILL)
	x.end(t)
}

// TestWrapMany wraps two hundred commands: each reports its connect, and
// nothing is left behind.
func TestWrapMany(t *testing.T) {
	traceable(t)
	if testing.Short() {
		t.Skip("many commands")
	}
	at, clients := echoServer(t)
	client := program(t, "nc.openbsd")
	before := openDescriptors(t)
	const commands = 200
	for i := range commands {
		x := begin(t, WrapOptions{}, client, "-z", "127.0.0.1", port(at))
		x.end(t)
		c := x.find(t, "connect", Return)
		if x.status != 0 || c.Local.Port() == 0 || !x.w.Owns(c.Local, at) {
			t.Fatalf("command %d: status %d, calls %s", i, x.status, x.names(""))
		}
		if from := <-clients; from != c.Local {
			t.Fatalf("command %d connected from %v, reported %v", i, from, c.Local)
		}
		x.w.Close()
	}
	if after := openDescriptors(t); after > before+2 {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if n := zombies(t); n > 0 {
		t.Errorf("%d zombies", n)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

func zombies(t *testing.T) (n int) {
	t.Helper()
	for _, pid := range childrenOf(os.Getpid()) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, rest, _ := strings.Cut(string(b), ") "); strings.HasPrefix(rest, "Z") {
			n++
		}
	}
	return n
}

// TestWrapUser runs a command as somebody else, with nothing held back.
func TestWrapUser(t *testing.T) {
	traceable(t)
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	at, clients := echoServer(t)
	o := WrapOptions{User: &WrapUser{UID: 65534, GID: 65534}, Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin", "A=b"}, Dir: "/"}
	x := runWrapped(t, o, "sh", "-c", "id -u; id -G; echo $A; pwd; grep -E 'NoNewPrivs|CapEff' /proc/self/status; nc.openbsd -z 127.0.0.1 "+port(at))
	want := "65534\n65534\nb\n/\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n"
	if x.output != want {
		t.Errorf("output %q, want %q", x.output, want)
	}
	c := x.find(t, "connect", Return)
	if c.Local != <-clients {
		t.Errorf("connect is %+v", c)
	}
}

// TestWrapTerminal gives a command a terminal of its own, on a terminal that
// stands in for the user's.
func TestWrapTerminal(t *testing.T) {
	users, err := openTerminal(WrapOptions{TTY: os.Stdin})
	if err != nil {
		t.Skip(err)
	}
	defer users.end()
	if err := unix.IoctlSetWinsize(int(users.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 77}); err != nil {
		t.Fatal(err)
	}
	for _, untraced := range []bool{false, true} {
		before, err := unix.IoctlGetTermios(int(users.slave.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		o := WrapOptions{TTY: users.slave, TTYOutput: &out, NoTrace: untraced}
		x := begin(t, o, "sh", "-c", "test -t 0 && stty size; tty >/dev/tty; trap 'echo interrupted; exit 9' INT; read line; echo got $line; sleep 99 & wait")
		if err := x.w.Release(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(users.master, "Hello\r")
		time.Sleep(200 * time.Millisecond)
		fmt.Fprint(users.master, "\x03") // Ctrl-C
		x.end(t)
		x.w.Close()
		text := out.String()
		for _, want := range []string{"33 77\r\n", "/dev/pts/", "got Hello\r\n", "interrupted\r\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("untraced %v: no %q in %q", untraced, want, text)
			}
		}
		if x.status != 9 {
			t.Errorf("untraced %v: status %d", untraced, x.status)
		}
		after, err := unix.IoctlGetTermios(int(users.slave.Fd()), unix.TCGETS)
		if err != nil || *after != *before {
			t.Errorf("the terminal is left as %+v, was %+v (%v)", after, before, err)
		}
	}
}

// TestWrapJobControl stops and continues a job of an interactive shell that is
// wrapped: its group-stops must be those of an untraced one.
func TestWrapJobControl(t *testing.T) {
	traceable(t)
	bash := program(t, "bash")
	users, err := openTerminal(WrapOptions{TTY: os.Stdin})
	if err != nil {
		t.Skip(err)
	}
	defer users.end()
	out := &awaited{}
	x := begin(t, WrapOptions{TTY: users.slave, TTYOutput: out}, bash, "--norc", "--noprofile", "-i")
	if err := x.w.Release(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ typed, await string }{
		{"PS1='>'; sleep 99\r", "sleep 99\r\n"},
		{"\x1a", "Stopped"}, // Ctrl-Z
		{"fg\r", "sleep 99\r\n"},
		{"\x03", ">"}, // Ctrl-C
		{"echo status $?\r", "status 130"},
		{"sleep 98 &\r", "[1]"},
		{"kill -STOP %1; sleep 0.1; jobs -s\r", "Stopped"},
		{"kill -CONT %1; kill -TERM %1; wait %1; echo status $?\r", "status 143"},
		{"exit 3\r", "exit"},
	} {
		from := out.len()
		time.Sleep(50 * time.Millisecond) // for the job to have the terminal
		fmt.Fprint(users.master, step.typed)
		if !out.await(from, step.await) {
			t.Fatalf("typed %q: no %q in %q", step.typed, step.await, out.from(0))
		}
	}
	if x.end(t); x.status != 3 {
		t.Errorf("status %d", x.status)
	}
}

// awaited collects output and waits for words in it.
type awaited struct {
	mu sync.Mutex
	b  []byte
}

func (a *awaited) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.b = append(a.b, p...)
	return len(p), nil
}

func (a *awaited) from(n int) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return string(a.b[n:])
}

func (a *awaited) len() int { return len(a.from(0)) }

func (a *awaited) await(from int, text string) bool {
	for end := time.Now().Add(2 * patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if strings.Contains(a.from(from), text) {
			return true
		}
	}
	return false
}

func TestWrapNotices(t *testing.T) {
	traceable(t)
	var mu sync.Mutex
	var said []string
	o := WrapOptions{Notice: func(s string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, s)
	}}
	x := runWrapped(t, o, program(t, "python3"), "-c", `
import ctypes, mmap, platform
ctypes.CDLL(None).syscall(425, 1, 0) # io_uring_setup
if platform.machine() == "x86_64":
    m = mmap.mmap(-1, 4096, prot=7)
    m.write(b"\\xb8\\x14\\0\\0\\0" + # mov eax, 20 (getpid)
            b"\\xcd\\x80" +           # int 0x80: the 32-bit way into the kernel
            b"\\xc3")                # ret
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
`)
	mu.Lock()
	defer mu.Unlock()
	if len(said) == 1 && x.status == statusSignal+int(syscall.SIGSEGV) {
		t.Skip("this kernel runs no 32-bit programs")
	}
	if x.status != 0 || len(said) < 1 || !strings.Contains(said[0], "io_uring") {
		t.Errorf("status %d, said %q", x.status, said)
	}
	if runtime.GOARCH == "amd64" && (len(said) != 2 || !strings.Contains(said[1], "32-bit")) {
		t.Errorf("said %q", said)
	}
}

// TestWrapDeserted checks that a command does not outlive, unwatched, a caller
// that crashes.
func TestWrapDeserted(t *testing.T) {
	for _, untraced := range []bool{false, true} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		x := begin(t, WrapOptions{NoTrace: untraced, Stdout: w}, "sh", "-c", "sleep 99; true")
		w.Close()
		if err := x.w.Release(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		x.w.control.Close() // as the end of this process would
		soon(t, "the end of the tracer", func() bool { <-x.w.Done(); return true })
		for end := time.Now().Add(patience); syscall.Kill(x.w.PID(), 0) == nil; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("untraced %v: the command lives on", untraced)
			}
		}
		// Its child holds the pipe as long as it lives.
		soon(t, "the end of the command's child", func() error { _, err := r.Read(make([]byte, 1)); return err })
	}
}

// TestWrapBothEnds is a lesson's server and client in one command: which call
// returns when.
func TestWrapBothEnds(t *testing.T) {
	traceable(t)
	x := python(t, `
import os, socket
l = socket.create_server(("127.0.0.1", 0), backlog=1)
if os.fork() == 0:
    c = socket.create_connection(l.getsockname())
    c.sendall(b"Hello Server")
    c.recv(99)
    os._exit(0)
s, a = l.accept()
s.recv(99)
s.sendall(b"Hello Client")
s.close()
os.wait()
`)
	accepted, connected := x.find(t, "accept", Return), x.find(t, "connect", Return)
	if accepted.Local != connected.Remote || accepted.Remote != connected.Local || accepted.End != Server || connected.End != Client {
		t.Errorf("accepted %v from %v (%s), connected %v to %v (%s)", accepted.Local, accepted.Remote, accepted.End,
			connected.Local, connected.Remote, connected.End)
	}
	if !x.w.Owns(accepted.Local, accepted.Remote) || !x.w.Owns(accepted.Remote, accepted.Local) {
		t.Error("does not own both ends")
	}
	if before := x.find(t, "connect", Entry).Time; accepted.Time.Before(before) {
		t.Error("accept returns before connect is called")
	}
	for _, c := range x.all() {
		if c.Name == "recv" && c.Phase == Return && c.N != 12 {
			t.Errorf("%s got %q", c.End, c.Data)
		}
	}
	// The client's end of the connection ends with its process.
	if !strings.Contains(x.names(Client), ")recv close") {
		t.Errorf("the client's calls are %s", x.names(Client))
	}
}

// TestWrapSignals interrupts calls: one that the kernel restarts, and one
// that the program sees fail and makes again.
func TestWrapSignals(t *testing.T) {
	traceable(t)
	at, _ := echoServer(t)
	for _, restarts := range []string{"True", "False"} {
		x := python(t, `
import ctypes, os, signal, socket, sys, threading, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
signal.signal(signal.SIGUSR1, lambda *a: None)
signal.siginterrupt(signal.SIGUSR1, not `+restarts+`)
def later():
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGUSR1)
    time.sleep(0.1)
    s.sendall(b"x")
threading.Thread(target=later, daemon=True).start()
print(s.recv(99))
os._exit(0)
`, port(at))
		got := x.find(t, "recv", Entry)
		n := 0
		for _, c := range x.all() {
			if c.Name == "recv" && c.Phase == Entry && c.PID == got.PID {
				n++
			}
		}
		// Python makes the call again where it has failed with EINTR; the
		// kernel, where it restarts it, does so unseen.
		if !strings.Contains(x.output, "Hello Client") || n != 1 && restarts == "True" || n > 2 {
			t.Errorf("restarts %s: %d entries of recv, output %q, calls %s", restarts, n, x.output, x.names(""))
		}
	}
}

// TestInspectProc compares what /proc says of a socket with what the socket
// itself says.
func TestInspectProc(t *testing.T) {
	for _, host := range loopbacks(t) {
		l := listen(t, ListenOptions{Host: host}, nil)
		client, server := pairOf(t, l, nil)
		for _, fd := range []int{l.s.fd, client.s.fd, server.s.fd} {
			inode, ok := inodeAt(os.Getpid(), fd)
			if !ok {
				t.Fatalf("descriptor %d is no socket", fd)
			}
			a, b := wrappedSocket{inode: inode}, wrappedSocket{inode: inode}
			a.inspectDuplicate(fd)
			b.inspectProc(os.Getpid(), fd)
			if a != b || !a.tcp {
				t.Errorf("the socket says %+v\n/proc says %+v", a, b)
			}
		}
	}
	u, err := net.ListenUDP("udp", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	f, err := u.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if held := newSocketTable(newWireWriter(io.Discard)).at(os.Getpid(), int(f.Fd())); held != nil {
		t.Errorf("a UDP socket is taken for TCP: %+v", held)
	}
}

func FuzzParseSockaddr(f *testing.F) {
	f.Add([]byte{2, 0, 0x0b, 0xb8, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0})                            // AF_INET, 127.0.0.1:3000
	f.Add(append([]byte{10, 0, 0x0b, 0xb8, 0, 0, 0, 0}, append(make([]byte, 15), 1, 0, 0, 0, 0)...)) // AF_INET6, [::1]:3000
	f.Add([]byte{1, 0, '/', 'x'})                                                                    // AF_UNIX
	f.Fuzz(func(t *testing.T, b []byte) {
		family, a := parseSockaddr(b)
		if a.IsValid() != (family == unix.AF_INET && len(b) >= 8 || family == unix.AF_INET6 && len(b) >= 24) {
			t.Errorf("family %d, %d bytes: %v", family, len(b), a)
		}
	})
}

func FuzzFindSocket(f *testing.F) {
	f.Add([]byte("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"+
		"   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n"), uint64(4711))
	f.Fuzz(func(t *testing.T, table []byte, inode uint64) {
		if s, ok := findSocket(table, inode); ok && !s.local.IsValid() {
			t.Errorf("found without an address: %+v", s)
		}
	})
}

// BenchmarkWrapCall measures what a system call costs a traced command: the
// same program, with and without.
func BenchmarkWrapCall(b *testing.B) {
	python, err := exec.LookPath("python3")
	if err != nil {
		b.Skip(err)
	}
	script := "import os, socket, time\na, b = socket.socketpair()\n" +
		"l = socket.create_server(('127.0.0.1', 0))\nc = socket.create_connection(l.getsockname())\ns, _ = l.accept()\n" +
		"n = int(os.environ['N'])\n%s\nprint(round((time.time() - t) * 1e9 / n))"
	for _, c := range []struct{ name, loop string }{
		{"getppid", "t = time.time()\nfor i in range(n): os.getppid()"},
		{"write to a file", "t = time.time()\nf = os.open('/dev/null', 1)\nfor i in range(n): os.write(f, b'x')"},
		{"send", "t = time.time()\nfor i in range(n // 2): c.send(b'x'); s.recv(1)"},
	} {
		for _, untraced := range []bool{true, false} {
			name := c.name + "/traced"
			if untraced {
				name = c.name + "/untraced"
			}
			b.Run(name, func(b *testing.B) {
				r, w, _ := os.Pipe()
				o := WrapOptions{Command: []string{python, "-c", fmt.Sprintf(script, c.loop)}, NoTrace: untraced, Stdout: w, Env: append(os.Environ(), fmt.Sprint("N=", b.N+1))}
				x, err := Wrap(o, func(Call) {})
				if err != nil {
					b.Fatal(err)
				}
				w.Close()
				_ = x.Release()
				text, _ := io.ReadAll(r)
				x.Close()
				r.Close()
				var ns float64
				fmt.Sscan(string(text), &ns)
				b.ReportMetric(ns, "ns/call")
			})
		}
	}
}
