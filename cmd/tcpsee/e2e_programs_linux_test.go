package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// lesson returns the path of one of the exercise's programs.
func lesson(name string) string { return filepath.Join("..", "..", "testdata", "programs", name) }

// TestE2EPrograms is S6, S8, S9, S10, S12, S15 and S17: the programs of the
// lessons on one machine, watched.
func TestE2EPrograms(t *testing.T) {
	one := func(verdict, by, detail string) []outcome { return []outcome{{verdict, by, detail}} }
	for _, c := range []struct {
		name, port     string
		server, client []string
		lines          []string // typed at the client, each after what precedes it is drawn
		before         []string // each line
		end            func(t *testing.T, w *watcher, s, c *program)
		want           []outcome
		words          []string
	}{
		{"S6 Python", "12345", []string{"python3", lesson("server12345.py")}, []string{"python3", lesson("client12345.py")}, nil, nil, nil,
			nil, []string{"Hello Server", "Hello Client", "closed by the"}},
		{"S8 greeting", "8080", []string{"python3", lesson("greeting8080.py")}, []string{"nc.openbsd", "-v", "localhost", "8080"},
			[]string{"Alice\n"}, []string{"What's your name? "},
			func(t *testing.T, w *watcher, _, c *program) { c.out.await(t, "Hello Alice"); interruptAfter(t, w, c) },
			[]outcome{{"refused", "server", "bound-to-localhost"}, {"closed", "server", ""}}, []string{"::1", "closed by the server"}},
		{"S9 verbose", "1234", []string{"nc.openbsd", "-v", "-l", "1234"}, []string{"nc.openbsd", "-v", "localhost", "1234"},
			[]string{"World\n"}, []string{"handshake complete"},
			func(t *testing.T, w *watcher, s, c *program) {
				s.out.await(t, "World")
				c.err.await(t, "succeeded")
				s.err.await(t, "onnection received")
				c.signal(t, syscall.SIGINT)
			}, []outcome{{"refused", "server", "other-family"}, {"closed", "client", ""}}, []string{`"World\n"`, "closed by the client"}},
		{"S10 Node", "3000", []string{"node", lesson("server3000.js")}, []string{"nc.openbsd", "127.0.0.1", "3000"},
			[]string{"Hello\n"}, []string{"handshake complete"},
			func(t *testing.T, w *watcher, s, c *program) {
				s.out.await(t, "<Buffer 48 65 6c 6c 6f 0a>")
				c.out.await(t, "Hello World form the server!")
				c.signal(t, syscall.SIGINT)
			}, one("closed", "client", ""), []string{"Hello World form the server!", "closed by the client"}},
		{"S12 half-close", "3000", []string{"python3", lesson("upper3000.py")}, []string{"nc.openbsd", "-N", "127.0.0.1", "3000"},
			[]string{"Hello\n"}, []string{"handshake complete"},
			func(t *testing.T, w *watcher, _, c *program) { c.in.Close() }, one("closed", "client", ""), []string{"half-close", "HELLO"}},
		{"S12 Ctrl-D sends nothing", "3000", []string{"nc.openbsd", "-l", "127.0.0.1", "3000"}, []string{"nc.openbsd", "127.0.0.1", "3000"},
			[]string{"Hello\n"}, []string{"handshake complete"},
			func(t *testing.T, w *watcher, s, c *program) {
				s.out.await(t, "Hello\n")
				c.in.Close()
				s.say(t, "still there\n")
				c.out.await(t, "still there\n")
				w.out.await(t, "still there")
				if strings.Contains(w.out.String(), "FIN") {
					t.Errorf("a FIN after Ctrl-D:\n%s", w.out)
				}
				c.signal(t, syscall.SIGINT)
			}, one("closed", "client", ""), []string{"closed by the client"}},
		{"S15 accept, exit", "12345", []string{"python3", lesson("acceptexit.py")}, []string{"nc.openbsd", "127.0.0.1", "12345"},
			[]string{"Hello\n"}, []string{"◄─ FIN"}, nil, one("reset", "server", "after-close"), []string{"reset by the server"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needsOf(t, c.server, c.client)
			l := newLab(t)
			w := l.watch(l.client, "lo", nil, "port", c.port)
			s := l.listener(l.client, c.port, c.server...)
			server := s.named(t)
			p := l.start(l.client, c.client...)
			for i, line := range c.lines {
				w.out.await(t, c.before[i])
				p.say(t, line)
			}
			if c.end != nil {
				c.end(t, w, s, p)
			}
			over(t, p, s)
			list := w.finish(c.want, c.words...)
			if c.want == nil {
				checkVerdict(t, list, outcome{"closed", "", ""})
			}
			w.namesOnly(server, processName(filepath.Base(c.client[0]), int32(p.cmd.Process.Pid)))
		})
	}
}

// interruptAfter ends a client whose server has closed.
func interruptAfter(t *testing.T, w *watcher, c *program) {
	t.Helper()
	w.out.await(t, "◄─ FIN")
	c.in.Close()
	c.signal(t, syscall.SIGINT)
}

// TestE2EBacklog is S7: listen(1), and four clients.
func TestE2EBacklog(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"python3"}, []string{"nc.openbsd"})
	l := newLab(t)
	w := l.watch(l.client, "lo", nil, "port", "12345")
	s := l.listener(l.client, "12345", "python3", "-c", `
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 12345)); s.listen(1)
conn, _ = s.accept(); sys.stdin.readline()`)
	var clients []*program
	for i, word := range []string{"handshake complete", "c2   ◄─ SYN-ACK", "c3   ◄─ SYN-ACK", "c4   ── SYN      seq=0 retransmission"} {
		clients = append(clients, l.start(l.client, "nc.openbsd", "127.0.0.1", "12345"))
		w.out.await(t, word)
		if i == 3 {
			clients[i].signal(t, syscall.SIGINT)
		}
	}
	s.in.Close()
	over(t, s)
	for _, c := range clients[:3] {
		_ = c.cmd.Process.Signal(syscall.SIGINT)
	}
	over(t, clients...)
	list := w.finish(nil)
	got := map[int]outcome{}
	for _, c := range list {
		if c.Type == "connection" {
			got[c.Conn] = outcome{c.Verdict, "", c.Detail}
		}
	}
	if len(got) != 4 || got[4] != (outcome{"no-answer", "", "backlog"}) {
		t.Errorf("verdicts %v\n%s", got, w.out)
	}
}

// TestE2EBoundToLocalhost is S14 at the server, where the system's sockets show
// why.
func TestE2EBoundToLocalhost(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"nc.openbsd"})
	l := newLab(t)
	l.listener(l.server, "3000", "nc.openbsd", "-l", "127.0.0.1", "3000")
	w := l.watch(l.server, "any", nil, "port", "3000")
	over(t, l.start(l.client, "nc.openbsd", server4, "3000"))
	w.finish([]outcome{{"refused", "server", "bound-to-localhost"}}, "refused (", "127.0.0.1")
}

// TestE2ETLS is S17.
func TestE2ETLS(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"openssl"})
	l := newLab(t)
	l.command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", l.dir+"/key", "-out", l.dir+"/cert", "-subj", "/CN=www.example.org", "-days", "2")
	w := l.watch(l.client, "any", nil, "port", "4433")
	s := l.listener(l.client, "4433", "openssl", "s_server", "-quiet", "-accept", "127.0.0.1:4433", "-key", l.dir+"/key", "-cert", l.dir+"/cert", "-naccept", "1")
	c := l.start(l.client, "openssl", "s_client", "-quiet", "-connect", "127.0.0.1:4433", "-servername", "www.example.org")
	c.say(t, "Hello\n")
	s.out.await(t, "Hello\n")
	c.signal(t, syscall.SIGINT)
	over(t, c, s)
	w.finish(nil, "TLS", "www.example.org", "handshake complete")
	if strings.Contains(w.out.String(), `"Hello`) {
		t.Errorf("what TLS hides is drawn:\n%s", w.out)
	}
}

// TestE2ENAT: the router gives the client another address, and each side's
// picture has its own.
func TestE2ENAT(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"nc.openbsd"}, []string{"nft"})
	l := newLab(t)
	l.command("ip", "netns", "exec", l.router, "nft", "add table ip n; add chain ip n post { type nat hook postrouting priority 100; }; add rule ip n post oifname r1 masquerade")
	here, there := l.watch(l.client, "c0", nil, "port", "3000"), l.watch(l.server, "s0", nil, "port", "3000")
	here.chat([2]string{l.client, l.server}, "3000", []string{"nc.openbsd", "-l", server4, "3000"}, []string{"nc.openbsd", server4, "3000"})
	want := []outcome{{"closed", "client", ""}}
	here.finish(want, "closed by the client", client4)
	there.finish(want, "closed by the client", "10.9.1.254")
	if strings.Contains(there.out.String(), client4) {
		t.Errorf("the client's own address is seen behind the router:\n%s", there.out)
	}
}

// TestE2ESmallMTU: the way to the server is narrower than the client knows; a
// page still arrives, and the ICMP errors that say so are drawn.
func TestE2ESmallMTU(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"curl"})
	l := newLab(t)
	l.batch(l.router, "link set r0 mtu 1000")
	l.nginx(l.server)
	w := l.watch(l.server, "s0", nil, "port", "80")
	c := l.start(l.client, "curl", "-s", "http://"+server4+"/")
	over(t, c)
	if !strings.HasSuffix(c.out.String(), "</html>\n") {
		t.Errorf("the page is %d bytes", len(c.out.String()))
	}
	w.finish([]outcome{{"closed", "client", ""}}, "closed by the client", "ICMP")
}

// ordinaryUser starts a command as an ordinary user.
func ordinaryUser(binary string) []string {
	return []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", binary}
}

// capable copies the binary and lets whoever starts the copy capture.
func (l *lab) capable() string {
	l.t.Helper()
	needTool(l.t, "setcap")
	path := l.dir + "/tcpsee"
	if _, err := os.Stat(path); err == nil {
		return path
	}
	// By another process: written here, a program that is started meanwhile
	// would hold the file open for writing, and nobody could start it.
	l.command("cp", builtBinary(l.t), path)
	if out, err := exec.Command("setcap", "cap_net_raw+ep", path).CombinedOutput(); err != nil {
		l.t.Skipf("needs file capabilities: %s", out)
	}
	return path
}

// TestE2ERightsToCapture: the chat under sudo and by an ordinary user whose
// binary has the capability: the same picture, and files of that user's.
func TestE2ERightsToCapture(t *testing.T) {
	for _, c := range []struct {
		name string
		as   func(l *lab) []string
	}{
		{"sudo", func(l *lab) []string { return []string{"env", "SUDO_UID=65534", "SUDO_GID=65534", builtBinary(l.t)} }},
		{"capability", func(l *lab) []string { return ordinaryUser(l.capable()) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needsOf(t, []string{"setpriv"}, []string{"nc.openbsd"})
			l := newLab(t)
			w := l.watch(l.client, "any", c.as(l), "port", "3000")
			client, _ := w.chat([2]string{l.client, l.server}, "3000", []string{"nc.openbsd", "-l", server4, "3000"}, []string{"nc.openbsd", server4, "3000"})
			w.finish([]outcome{{"closed", "client", ""}}, "closed by the client", `"Hello\n"`, `"World\n"`)
			if c.name == "sudo" { // an ordinary user cannot name root's programs
				w.names(client, "")
			}
			for _, file := range []string{w.data, w.saved} {
				if st, err := os.Stat(file); err != nil || st.Sys().(*syscall.Stat_t).Uid != nobody {
					t.Errorf("%s: %v, %v", file, st, err)
				}
			}
		})
	}
}

// TestE2ENobody: without a right every command that captures says what is
// missing and the command that grants it; reading needs none.
func TestE2ENobody(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"setpriv"})
	l := newLab(t)
	as := ordinaryUser(builtBinary(t))
	for _, args := range [][]string{{"watch", "port", "3000"}, {"connect", server4, "3000"}, {"listen", "3000"}, {"run", "true"}} {
		p := l.start(l.client, append(append([]string{}, as...), args...)...)
		want := 1
		if args[0] == "run" {
			want = exitRun
		}
		if status := p.end(t); status != want || !strings.Contains(p.err.String(), "hint: ") || !strings.Contains(p.err.String(), "setcap cap_net_raw+ep") {
			t.Errorf("%v ends with status %d, and says:\n%s%s", args, status, p.out, p.err)
		}
	}
	file := l.dir + "/lesson.pcap"
	copyFile(t, filepath.Join("..", "..", "testdata", "s01-chat.pcap"), file)
	for _, args := range [][]string{{"replay", file}, {"explain", file + "#1"}} {
		p := l.start(l.client, append(append([]string{}, as...), args...)...)
		if status := p.end(t); status != 0 || !strings.Contains(p.out.String(), "SYN") {
			t.Errorf("%v ends with status %d, and says:\n%s%s", args, status, p.out, p.err)
		}
	}
	// S11: ports below 1024 are not for ordinary users, capability to capture or not.
	p := l.start(l.client, append(ordinaryUser(l.capable()), "listen", "80")...)
	if status := p.end(t); status != 1 || !strings.Contains(p.err.String(), "1024") || strings.Contains(p.err.String(), "── SYN") {
		t.Errorf("listen 80 ends with status %d, and says:\n%s", status, p.err)
	}
}

// TestE2EDriven is S1 with tcpsee in the place of one nc, and of both.
func TestE2EDriven(t *testing.T) {
	tcp := func(args ...string) []string { return append([]string{"tcpsee"}, args...) }
	for _, c := range []struct {
		name            string
		listen, connect []string
		want            string // who closes
	}{
		{"listen beside nc", tcp("listen", "3000"), []string{"nc.openbsd", "-4", "bob", "3000"}, "client"},
		{"connect beside ncat", []string{"ncat", "-l", "3000"}, tcp("connect", "-4", "bob", "3000"), "client"},
		{"both, IPv6", tcp("listen", server6, "3000"), tcp("connect", server6, "3000"), "client"},
		{"both, as the user", tcp("listen", "3000"), tcp("connect", server4, "3000"), "client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needsOf(t, []string{"nc.openbsd"}, []string{"ncat"})
			l := newLab(t)
			command := func(words []string) []string {
				if words[0] != "tcpsee" {
					return words
				}
				as := []string{builtBinary(t)}
				if strings.Contains(c.name, "user") {
					as = ordinaryUser(l.capable())
				}
				return append(append(as, words[1], "--width", "120"), words[2:]...)
			}
			s := l.listener(l.server, "3000", command(c.listen)...)
			if c.listen[0] == "tcpsee" {
				s.err.await(t, "Ctrl-C ends")
			}
			p := l.start(l.client, command(c.connect)...)
			shown := func(word string) {
				for _, e := range []struct {
					p *program
					c []string
				}{{s, c.listen}, {p, c.connect}} {
					if e.c[0] == "tcpsee" {
						e.p.err.await(t, word)
					}
				}
			}
			shown("handshake complete")
			s.say(t, "Hello\n")
			p.out.await(t, "Hello\n")
			shown(`"Hello\n"`)
			p.say(t, "World\n")
			s.out.await(t, "World\n")
			shown(`"World\n"`)
			p.signal(t, syscall.SIGINT)
			over(t, p, s)
			shown("closed by the " + c.want)
			shown("SYN-ACK")
		})
	}
}

// TestE2EConnectByName: of the addresses of a name each is the other end, the
// second one too, and is not taken for tcpsee's own.
func TestE2EConnectByName(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"nc.openbsd"})
	l := newLab(t)
	s := l.listener(l.client, "3000", "nc.openbsd", "-l", "127.0.0.1", "3000")
	p := l.start(l.client, builtBinary(t), "connect", "--width", "120", "-v", "localhost", "3000")
	p.err.await(t, "nc -v says: Connection to localhost (127.0.0.1) 3000 port")
	p.signal(t, syscall.SIGINT)
	over(t, p, s)
	shown := p.err.String()
	inOrder(t, shown, "resolve() returns ::1, 127.0.0.1", "refused (", "c2  connection 2: ", " 127.0.0.1:3000")
	if strings.Contains(shown, fmt.Sprintf("tcpsee[%d] 127.0.0.1:3000", p.cmd.Process.Pid)) {
		t.Errorf("the server is taken for tcpsee:\n%s", shown)
	}
}

// TestE2ERun: a wrapped command keeps its status and output, and its socket
// calls stand between its packets.
func TestE2ERun(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"python3"}, []string{"nc.openbsd"})
	l := newLab(t)
	run := func(args ...string) *program {
		return l.start(l.client, append([]string{builtBinary(t), "run", "--width", "120"}, args...)...)
	}
	s := l.listener(l.client, "12345", "python3", lesson("server12345.py"))
	p := run("python3", lesson("client12345.py"))
	if status := p.end(t); status != 0 || p.out.String() != "b'Hello Client'\n" {
		t.Errorf("status %d, output %q\n%s", status, p.out, p.err)
	}
	over(t, s)
	for _, word := range []string{"connect(", "── SYN", "SYN-ACK", "Hello Server", "Hello Client", "close", "closed by the"} {
		if !strings.Contains(p.err.String(), word) {
			t.Errorf("no %q in\n%s", word, p.err)
		}
	}
	// S5: what nc does not say.
	p = run("nc.openbsd", "127.0.0.1", "3000")
	if status := p.end(t); status != 1 || !strings.Contains(p.err.String(), "refused (") {
		t.Errorf("status %d\n%s", status, p.err)
	}
	// S13: the server again, at once.
	const once = `
import socket
s = socket.socket(); s.bind(("127.0.0.1", 5000)); s.listen(1)
c, _ = s.accept(); c.close()`
	server := l.listener(l.client, "5000", "python3", "-c", once)
	client := l.start(l.client, "nc.openbsd", "127.0.0.1", "5000")
	over(t, server)
	client.in.Close()
	over(t, client)
	p = run("python3", "-c", once)
	if status := p.end(t); status != 1 {
		t.Errorf("status %d", status)
	}
	inOrder(t, p.err.String(), "EADDRINUSE", "bind() fails: address already in use: the connection with", "127.0.0.1:", "is in TIME-WAIT for ", " s more")
	p = l.start(l.client, builtBinary(t), "listen", "127.0.0.1", "5000")
	if status := p.end(t); status != 1 {
		t.Errorf("status %d", status)
	}
	inOrder(t, p.err.String(), "bind 127.0.0.1:5000: address already in use", "the connection with 127.0.0.1:", "is in TIME-WAIT for ", " s more")
	if status := run("sh", "-c", "exit 42").end(t); status != 42 {
		t.Errorf("exit 42 gives %d", status)
	}
	if status := run("no-such-command").end(t); status != 127 {
		t.Errorf("a command that is not there gives %d", status)
	}
}

// TestE2ERunUntraced holds that a connection has its handshake where only a look
// at the command's sockets tells that it is the command's.
func TestE2ERunUntraced(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"python3"})
	l := newLab(t)
	server := l.listener(l.client, "5000", "python3", "-c", `
import socket
s = socket.create_server(("127.0.0.1", 5000))
c, _ = s.accept(); c.recv(1)`)
	p := l.start(l.client, builtBinary(t), "run", "--no-trace", "python3", "-c", `
import socket, sys
c = socket.create_connection(("127.0.0.1", 5000))
sys.stdin.read()`)
	p.err.await(t, "handshake complete")
	p.in.Close()
	if status := p.end(t); status != 0 {
		t.Errorf("status %d", status)
	}
	over(t, server)
	inOrder(t, p.err.String(), "── SYN", "◄─ SYN-ACK", "── ACK", "closed by the client")
}

// TestE2ERunUntracedNear: who calls the port of a server that is not traced at
// another address of the machine is drawn, and not said to be left out.
func TestE2ERunUntracedNear(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"python3"})
	l := newLab(t)
	p := l.listener(l.client, "5000", builtBinary(t), "run", "--no-trace", "python3", "-c", `
import socket, sys
s = socket.create_server(("127.0.0.1", 5000))
sys.stdin.read()`)
	over(t, l.start(l.client, "python3", "-c", `
import socket
socket.socket().connect_ex(("127.0.0.2", 5000))`))
	p.err.await(t, "open there, but only at 127.0.0.1")
	p.in.Close()
	if status := p.end(t); status != 0 {
		t.Errorf("status %d", status)
	}
	if text := p.err.String(); strings.Contains(text, "not drawn") {
		t.Errorf("says that something was not drawn:\n%s", text)
	}
}
