//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a live test waits for what must come.
const patience = 20 * time.Second

// needRoot skips where nobody may capture.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("capturing needs root")
	}
}

// needTool skips where a program is not installed.
func needTool(t *testing.T, names ...string) string {
	t.Helper()
	for _, n := range names {
		if p, err := exec.LookPath(n); err == nil {
			return p
		}
	}
	t.Skipf("needs %s", strings.Join(names, " or "))
	return ""
}

// output collects what a program prints, and waits for words in it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	came []piece // when, for those who measure it
	more chan struct{}
}

// piece is what came at once: the text up to end, at a time.
type piece struct {
	at  time.Time
	end int
}

func newOutput() *output { return &output{more: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	n, err := o.text.Write(p)
	o.came = append(o.came, piece{time.Now(), o.text.Len()})
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until word has been printed.
func (o *output) await(t *testing.T, word string) {
	t.Helper()
	for end := time.After(patience); !strings.Contains(o.String(), word); {
		select {
		case <-o.more:
		case <-end:
			t.Fatalf("%q did not come; there is:\n%s", word, o)
		}
	}
}

// program is a running command with its streams.
type program struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out, err *output
	done     chan error
}

func start(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{cmd: cmd, out: newOutput(), err: newOutput(), done: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = p.out, p.err
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return p
}

func (p *program) say(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(p.in, text); err != nil {
		t.Fatal(err)
	}
}

// end waits for the program's end and returns its exit status.
func (p *program) end(t *testing.T) int {
	t.Helper()
	select {
	case err := <-p.done:
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0
	case <-time.After(patience):
		t.Fatalf("%v does not end; it printed:\n%s\n%s", p.cmd.Args, p.out, p.err)
		return -1
	}
}

func (p *program) interrupt(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	return p.end(t)
}

// freePort returns a port on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// TestWatchBesideNC is the exercise: watch in one terminal, nc in two others.
// Each line is on the screen before the next is typed, and nothing is lost or
// doubled.
func TestWatchBesideNC(t *testing.T) {
	needRoot(t)
	nc := needTool(t, "nc.openbsd", "nc")
	for _, iface := range []string{"lo", "any"} {
		t.Run(iface, func(t *testing.T) {
			port := freePort(t)
			w := start(t, tcpsee("watch", "-i", iface, "-o", t.TempDir()+"/x.ndjson", "--width", "100", "port", port))
			w.err.await(t, "Ctrl-C ends")
			server := start(t, exec.Command(nc, "-l", "127.0.0.1", port))
			awaitListener(t, port)
			client := start(t, exec.Command(nc, "-N", "127.0.0.1", port))
			w.out.await(t, "handshake complete")
			server.say(t, "Hello\n")
			w.out.await(t, `"Hello\n"`)
			client.say(t, "World\n")
			w.out.await(t, `"World\n"`)
			client.in.Close()
			client.end(t)
			server.end(t)
			w.out.await(t, "FIN")
			time.Sleep(100 * time.Millisecond) // the last ACK
			if status := w.interrupt(t); status != 0 {
				t.Errorf("exit status %d\n%s", status, w.err)
			}
			if !strings.Contains(w.out.String(), "closed by the client") {
				t.Errorf("no verdict:\n%s", w.out)
			}
			text, err := os.ReadFile(w.cmd.Args[5])
			if err != nil {
				t.Fatal(err)
			}
			checkWhole(t, rows(t, string(text)), 1)
		})
	}
}

// TestConnThatNeverComes: who asks for a connection that does not come is told
// so at the end, by every command that draws. Ctrl-C is no failure, and the
// status of run is its command's.
func TestConnThatNeverComes(t *testing.T) {
	needRoot(t)
	none, one := "draw connection 9: there is none\n", "draw connection 9: there is only connection 1\n"
	watch := []string{"watch", "-i", "lo", "--conn", "9", "port", freePort(t)}
	for _, c := range []struct {
		args   []string
		said   string
		status int
	}{
		{append(watch, "--duration", "50ms"), "error: " + none, exitFailure},
		{[]string{"demo", "--conn", "9"}, "error: " + one, exitFailure},
		{[]string{"run", "--conn", "9", "true"}, "note: " + none, exitOK},
	} {
		p := start(t, tcpsee(c.args...))
		if status := p.end(t); status != c.status || !strings.Contains(p.err.String(), c.said) {
			t.Errorf("%v: status %d, and says %q", c.args, status, p.err)
		}
	}
	p := start(t, tcpsee(watch...))
	p.err.await(t, "Ctrl-C ends")
	if status := p.interrupt(t); status != exitOK || !strings.Contains(p.err.String(), "note: "+none) {
		t.Errorf("interrupted: status %d, and says %q", status, p.err)
	}
}

// awaitListener waits until somebody listens on a port of 127.0.0.1, without
// connecting.
func awaitListener(t *testing.T, port string) {
	t.Helper()
	var n int
	fmt.Sscan(port, &n)
	want := fmt.Sprintf(":%04X 00000000:0000 0A", n)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if b, err := os.ReadFile("/proc/net/tcp"); err == nil && strings.Contains(string(b), want) {
			return
		}
	}
	t.Fatalf("nobody listens on port %s", port)
}

// checkWhole checks that each connection begins with SYN, SYN-ACK, ACK and
// ends with both FINs acknowledged, that no frame stands twice, and that
// nothing in it looks lost.
func checkWhole(t *testing.T, list []row, conns int) {
	t.Helper()
	kinds := make(map[int][]string)
	seen := make(map[int]bool)
	closed := 0
	for _, r := range list {
		switch r.Type {
		case "segment":
			if seen[r.Frame] {
				t.Errorf("frame %d stands twice", r.Frame)
			}
			seen[r.Frame] = true
			kinds[r.Conn] = append(kinds[r.Conn], r.Kind)
			for _, l := range r.Labels {
				if strings.Contains(l, "lost") || strings.Contains(l, "retransmission") || l == "duplicate-capture" {
					t.Errorf("frame %d of connection %d is labelled %s", r.Frame, r.Conn, l)
				}
			}
		case "connection":
			if r.Verdict != "closed" {
				t.Errorf("connection %d: %v", r.Conn, r.Verdict)
			}
			closed++
		}
	}
	if len(kinds) != conns || closed != conns {
		t.Errorf("%d connections with segments, %d closed, want %d", len(kinds), closed, conns)
	}
	for c, k := range kinds {
		if len(k) < 6 || k[0] != "SYN" || k[1] != "SYN-ACK" || k[2] != "ACK" {
			t.Errorf("connection %d: %v", c, k)
			continue
		}
		fins := 0
		for _, kind := range k {
			if kind == "FIN" {
				fins++
			}
		}
		// Two processors may take two ACKs in the wrong order: the second comes
		// to a server that is closed by then, which answers with RST.
		if n := len(k); k[n-1] == "RST" && k[n-2] == "ACK" && k[n-3] == "ACK" {
			k = k[:n-1]
		}
		if fins != 2 || k[len(k)-1] != "ACK" {
			t.Errorf("connection %d does not end whole: %v", c, k)
		}
	}
}

// TestConnectAndListen makes both ends of the exercise with tcpsee.
func TestConnectAndListen(t *testing.T) {
	needRoot(t)
	for _, c := range []struct{ name, host string }{{"IPv4", "127.0.0.1"}, {"IPv6", "::1"}} {
		t.Run(c.name, func(t *testing.T) {
			if c.host == "::1" {
				l, err := net.Listen("tcp6", "[::1]:0")
				if err != nil {
					t.Skip("no IPv6 loopback")
				}
				l.Close()
			}
			port := freePort(t)
			server := start(t, tcpsee("listen", c.host, port))
			server.err.await(t, "Ctrl-C ends")
			client := start(t, tcpsee("connect", "-N", c.host, port))
			client.err.await(t, "handshake complete")
			server.say(t, "Hello\n")
			client.out.await(t, "Hello\n")
			client.say(t, "World\n")
			server.out.await(t, "World\n")
			client.in.Close()
			for _, p := range []*program{client, server} {
				if status := p.end(t); status != 0 {
					t.Errorf("%v: exit status %d\n%s", p.cmd.Args, status, p.err)
				}
				for _, word := range []string{"SYN-SENT", "ESTABLISHED", "connect()", `"Hello\n"`, `"World\n"`, "closed by the"} {
					if word == "connect()" && p == server {
						word = "accept()"
					}
					if !strings.Contains(p.err.String(), word) {
						t.Errorf("%v: the picture does not show %q:\n%s", p.cmd.Args[1], word, p.err)
					}
				}
			}
			if got := client.out.String(); got != "Hello\n" {
				t.Errorf("the client's standard output is %q", got)
			}
		})
	}
}

// TestConnectInterrupted: Ctrl-C closes cleanly and leaves a complete picture.
func TestConnectInterrupted(t *testing.T) {
	needRoot(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := start(t, tcpsee("connect", "127.0.0.1", port))
	c.err.await(t, "handshake complete")
	c.say(t, "Hello\n")
	c.err.await(t, `"Hello\n"`)
	if status := c.interrupt(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(c.err.String(), "closed by the client") {
		t.Errorf("no clean close:\n%s", c.err)
	}
}

// TestConnectRefused: the failure is said as what it is, the packets that
// explain it are drawn, and the exit status is 1.
func TestConnectRefused(t *testing.T) {
	needRoot(t)
	c := start(t, tcpsee("connect", "127.0.0.1", freePort(t)))
	if status := c.end(t); status != 1 {
		t.Errorf("exit status %d", status)
	}
	for _, word := range []string{"── SYN", "RST", "ECONNREFUSED", "refused", "Try: ", "error: connect 127.0.0.1"} {
		if !strings.Contains(c.err.String(), word) {
			t.Errorf("not there: %q in\n%s", word, c.err)
		}
	}
}

func TestConnectNameNotFound(t *testing.T) {
	needRoot(t)
	c := start(t, tcpsee("connect", "no-such-name.invalid", "80"))
	if status := c.end(t); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if s := c.err.String(); !strings.Contains(s, "error: ") || !strings.Contains(s, "no-such-name.invalid") {
		t.Errorf("printed %s", s)
	}
}

func TestListenAddressInUse(t *testing.T) {
	needRoot(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := start(t, tcpsee("listen", "127.0.0.1", port))
	if status := c.end(t); status != 1 {
		t.Errorf("exit status %d", status)
	}
	if s := c.err.String(); !strings.Contains(s, "in use") || !strings.Contains(s, "hint: ") {
		t.Errorf("printed %s", s)
	}
}

// TestThousandConnections: a thousand driven connections in a row, each whole.
func TestThousandConnections(t *testing.T) {
	needRoot(t)
	conns := 1000
	if testing.Short() {
		conns = 100
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go echo(l)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c := start(t, tcpsee("connect", "-N", "--repeat", fmt.Sprint(conns), "--send", "Hello", "-o", "ndjson", "127.0.0.1", port))
	c.in.Close()
	select {
	case err := <-c.done:
		if err != nil {
			t.Fatalf("%v\n%s", err, c.err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("does not end")
	}
	checkWhole(t, rows(t, c.out.String()), conns)
}

// echo answers what it hears until the other end closes.
func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_, _ = io.Copy(c, c)
		}()
	}
}

// TestDemo: live, whole, and as an ordinary user too.
func TestDemo(t *testing.T) {
	needRoot(t)
	d := start(t, tcpsee("demo"))
	if status := d.end(t); status != 0 {
		t.Fatalf("exit status %d\n%s", status, d.err)
	}
	checkDemo(t, d)
}

func TestDemoAsOrdinaryUser(t *testing.T) {
	if os.Geteuid() == 0 {
		needTool(t, "setpriv")
	}
	cmd := tcpsee("demo")
	if os.Geteuid() == 0 {
		exe := t.TempDir() + "/tcpsee"
		for dir := exe; dir != "/tmp" && len(dir) > 1; dir = dir[:strings.LastIndexByte(dir, '/')] {
			if dir != exe {
				_ = os.Chmod(dir, 0o755)
			}
		}
		copyFile(t, cmd.Path, exe)
		asNobody := []string{"--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"}
		if exec.Command("setpriv", append(asNobody, "unshare", "-Un", "true")...).Run() != nil {
			t.Skip("user namespaces are not allowed here")
		}
		env := cmd.Env
		cmd = exec.Command("setpriv", append(asNobody, exe, "demo")...)
		cmd.Env = env
	}
	d := start(t, cmd)
	if status := d.end(t); status != 0 {
		t.Fatalf("exit status %d\n%s", status, d.err)
	}
	checkDemo(t, d)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
}

func checkDemo(t *testing.T, d *program) {
	t.Helper()
	for _, word := range []string{"SYN", "SYN-ACK", "ACK", "DATA", "FIN", "ESTABLISHED", "7 application", "4 transport",
		"3 network", "2 data link", "1 physical", "Hello Server", "Hello Client", "connect()", "accept()", "closed by the client"} {
		if !strings.Contains(d.out.String(), word) {
			t.Errorf("the demo does not show %q", word)
		}
	}
	if strings.Contains(d.err.String(), "recorded") {
		t.Errorf("not live: %s", d.err)
	}
	if t.Failed() {
		t.Logf("\n%s%s", d.out, d.err)
	}
}
