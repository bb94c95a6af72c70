package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// Programs of the exercise: how each listens on a port of an address, and
// connects to one.
type netcat struct {
	name    string
	listen  func(host, port string) []string
	connect func(host, port string) []string
}

var netcats = []netcat{
	{"openbsd", func(h, p string) []string { return []string{"nc.openbsd", "-l", h, p} },
		func(h, p string) []string { return []string{"nc.openbsd", h, p} }},
	{"traditional", func(h, p string) []string { return []string{"nc.traditional", "-l", "-s", h, "-p", p} },
		func(h, p string) []string { return []string{"nc.traditional", h, p} }},
	{"ncat", func(h, p string) []string { return []string{"ncat", "-l", h, p} },
		func(h, p string) []string { return []string{"ncat", h, p} }},
	{"python", func(h, p string) []string { return []string{"python3", "-c", pythonChat, "listen", h, p} },
		func(h, p string) []string { return []string{"python3", "-c", pythonChat, "connect", h, p} }},
	{"node", func(h, p string) []string { return []string{"node", "-e", nodeChat, "listen", h, p} },
		func(h, p string) []string { return []string{"node", "-e", nodeChat, "connect", h, p} }},
}

// pythonChat is nc in Python, for one connection.
const pythonChat = `
import os, select, signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
what, host, port = sys.argv[1:]
family = socket.AF_INET6 if ":" in host else socket.AF_INET
s = socket.socket(family)
if what == "listen":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, int(port))); s.listen(1)
    l, (s, _) = s, s.accept()
else:
    s.connect((host, int(port)))
while True:
    ready, _, _ = select.select([s, 0], [], [])
    if s in ready:
        b = s.recv(1024)
        if not b: break
        os.write(1, b)
    if 0 in ready:
        s.sendall(os.read(0, 1024))
s.close()`

// nodeChat is the same for Node.
const nodeChat = `
const net = require('net'), [what, host, port] = process.argv.slice(1);
const talk = s => { process.stdin.pipe(s); s.on('data', d => process.stdout.write(d)); s.on('end', () => process.exit()); };
if (what == 'listen') net.createServer(talk).listen(Number(port), host); else talk(net.connect(Number(port), host));`

// needsOf skips where a program of a case is missing.
func needsOf(t *testing.T, commands ...[]string) {
	t.Helper()
	for _, c := range commands {
		needTool(t, c[0])
	}
}

// chat is the exercise: each line is on the screen before the next is typed,
// and Ctrl-C at the client ends it. It returns how both processes are named.
func (w *watcher) chat(at [2]string, port string, listen, connect []string) (client, server string) {
	t := w.l.t
	t.Helper()
	s := w.l.listener(at[1], port, listen...)
	c := w.l.start(at[0], connect...)
	w.out.await(t, "handshake complete")
	s.say(t, "Hello\n")
	c.out.await(t, "Hello\n")
	w.out.await(t, `"Hello\n"`)
	c.say(t, "World\n")
	s.out.await(t, "World\n")
	w.out.await(t, `"World\n"`)
	client, server = c.named(t), s.named(t)
	c.signal(t, syscall.SIGINT)
	over(t, c, s)
	return client, server
}

// TestE2EChatOnOneMachine is S1 with every nc at either end, over IPv4 and
// IPv6: both processes have their names.
func TestE2EChatOnOneMachine(t *testing.T) {
	for i, nc := range netcats {
		peer := netcats[(i+1)%len(netcats)]
		for _, pair := range [][2]netcat{{nc, nc}, {nc, peer}} {
			for _, host := range []string{"127.0.0.1", "::1"} {
				if host == "::1" && (pair[0].name != pair[1].name || nc.name == "traditional") {
					continue // one pair of each will do, and the traditional one knows no IPv6
				}
				t.Run(pair[0].name+" to "+pair[1].name+" at "+host, func(t *testing.T) {
					t.Parallel()
					listen, connect := pair[1].listen(host, "3000"), pair[0].connect(host, "3000")
					needsOf(t, listen, connect)
					l := newLab(t)
					w := l.watch(l.client, "any", nil, "port", "3000")
					client, server := w.chat([2]string{l.client, l.client}, "3000", listen, connect)
					w.finish([]outcome{{"closed", "client", ""}}, "closed by the client")
					w.names(client, server)
				})
			}
		}
	}
}

// TestE2EChatOfTwo is S1 between two machines, watched at either and on the
// way, by address and by name.
func TestE2EChatOfTwo(t *testing.T) {
	for _, c := range []struct {
		name, host, listen string
		at                 func(l *lab) string
		iface              string
	}{
		{"client", server4, server4, func(l *lab) string { return l.client }, "any"},
		{"client IPv6", server6, server6, func(l *lab) string { return l.client }, "c0"},
		{"server by name", "bob", server4, func(l *lab) string { return l.server }, "any"},
		{"router", server4, server4, func(l *lab) string { return l.router }, "r0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			listen := []string{"nc.openbsd", "-l", c.listen, "3000"}
			connect := []string{"nc.openbsd", "-4", c.host, "3000"}
			if strings.Contains(c.host, ":") {
				connect[1] = "-6"
			}
			needsOf(t, listen)
			l := newLab(t)
			at := c.at(l)
			w := l.watch(at, c.iface, nil, "port", "3000")
			client, server := w.chat([2]string{l.client, l.server}, "3000", listen, connect)
			w.finish([]outcome{{"closed", "client", ""}}, "closed by the client")
			for ns, name := range map[string]string{l.client: client, l.server: server} {
				if ns != at && strings.Contains(w.out.String(), name) {
					t.Errorf("%s of another machine is named\n%s", name, w.out)
				}
			}
			switch at {
			case l.client:
				w.names(client, "")
			case l.server:
				w.names("", server)
			}
		})
	}
}

// nginx starts a web server in a namespace; without patience for requests.
func (l *lab) nginx(ns string) *program {
	l.t.Helper()
	needTool(l.t, "nginx")
	dir := openDir(l.t)
	page := "<html><body>" + strings.Repeat("<p>segments are made of this</p>\n", 300) + "</body></html>\n"
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr; worker_processes 1;
events {}
http { access_log off; client_header_timeout 1s; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p;
fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; keepalive_timeout 1s;
server { listen 80; listen [::]:80; root %[1]s; default_type text/html; } }`, dir)
	for name, text := range map[string]string{"index.html": page, "conf": config} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
			l.t.Fatal(err)
		}
	}
	return l.listener(ns, "80", "nginx", "-c", dir+"/conf", "-e", "stderr")
}

// TestE2EWeb is S2, S3, S4 and S16: requests to a web server, right, wrong,
// too slow, and a browser's.
func TestE2EWeb(t *testing.T) {
	nc := func(host string) []string { return []string{"nc.openbsd", host, "80"} }
	for _, c := range []struct {
		name  string
		cmd   []string
		lines []string
		want  outcome
		words []string
	}{
		{"S2 by name", nc("www.example.org"), []string{"GET / HTTP/1.0\r\n", "Host: www.example.org\r\n", "\r\n"}, outcome{"closed", "server", ""},
			[]string{"GET / HTTP/1.0", "200 OK", "closed by the server"}},
		{"S2 IPv6, LF", nc(server6), []string{"GET / HTTP/1.1\n", "Host: x\n", "Connection: close\n", "\n"}, outcome{"closed", "server", ""},
			[]string{"IPv6", "GET / HTTP/1.1", "200 OK", "closed by the server"}},
		{"S3", nc(server4), []string{"GET / HTP/1.1\r\n", "Host: x\r\n"}, outcome{"closed", "server", "bad-request"}, []string{"400", "closed by the server", "HTP/1.1"}},
		{"S4", nc(server4), []string{"GET / HTTP/1.1\r\n"}, outcome{"closed", "server", "request-incomplete"}, []string{"closed by the server"}},
		{"S16 curl", []string{"curl", "-s", "http://www.example.org/"}, nil, outcome{"closed", "client", ""}, []string{"GET / HTTP/1.1", "200 OK", "closed by the client"}},
		{"S16 python", []string{"python3", "-c", "import urllib.request as u; print(u.urlopen('http://www.example.org/').read())"}, nil,
			outcome{"closed", "", ""}, []string{"GET / HTTP/1.1", "200 OK", "closed by the"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needsOf(t, c.cmd)
			l := newLab(t)
			l.nginx(l.server)
			w := l.watch(l.client, "c0", nil, "port", "80")
			p := l.start(l.client, c.cmd...)
			for _, line := range c.lines {
				w.out.await(t, "handshake complete")
				p.say(t, line)
				if len(line) > 2 {
					w.out.await(t, strings.TrimSpace(line))
				}
			}
			if len(c.lines) > 0 {
				w.out.await(t, "◄─ FIN")
				p.in.Close()
				p.signal(t, syscall.SIGINT)
			}
			over(t, p)
			list := w.finish(nil, c.words...)
			checkVerdict(t, list, c.want)
		})
	}
}

// checkVerdict: there is one connection, and this became of it. An empty by
// stands for either end: which closes first is a race.
func checkVerdict(t *testing.T, list []seen, want outcome) {
	t.Helper()
	n := 0
	for _, s := range list {
		if s.Type != "connection" {
			continue
		}
		n++
		if s.Verdict != want.verdict || s.Detail != want.detail || want.by != "" && s.By != want.by {
			t.Errorf("%s by %s %s, want %v", s.Verdict, s.By, s.Detail, want)
		}
	}
	if n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// TestE2ETrouble is S5 and S14: nobody there, in all the ways there are.
func TestE2ETrouble(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(l *lab)
		host    string
		family  string
		want    outcome
		words   []string
	}{
		{"refused", func(*lab) {}, server4, "-4", outcome{"refused", "server", ""}, []string{"refused (", "Try: "}},
		{"refused IPv6", func(*lab) {}, server6, "-6", outcome{"refused", "server", ""}, []string{"refused ("}},
		{"S14 bound to localhost", func(l *lab) { l.listener(l.server, "3000", "nc.openbsd", "-l", "127.0.0.1", "3000") }, server4, "-4",
			outcome{"refused", "server", ""}, []string{"refused (", "127.0.0.1:3000 only"}},
		{"dropped", func(l *lab) { l.nft(l.router, "tcp dport 3000 drop") }, server4, "-4", outcome{"no-answer", "", ""}, []string{"SYNs in "}},
		{"rejected", func(l *lab) { l.nft(l.router, "tcp dport 3000 reject with icmp type admin-prohibited") }, server4, "-4",
			outcome{"unreachable", "", "prohibited"}, []string{"unreachable (", "10.9.0.254"}},
		{"rejected by reset", func(l *lab) { l.nft(l.router, "tcp dport 3000 reject with tcp reset") }, server4, "-4",
			outcome{"refused", "server", ""}, []string{"refused ("}},
		{"no route", func(l *lab) { l.batch(l.router, "route add unreachable 10.9.7.0/24") }, "10.9.7.7", "-4",
			outcome{"unreachable", "", ""}, []string{"unreachable (", "10.9.0.254"}},
		{"prohibited IPv6", func(l *lab) { l.batch(l.router, "-6 route add prohibit fd09:7::/64") }, "fd09:7::7", "-6",
			outcome{"unreachable", "", "prohibited"}, []string{"unreachable (", "fd09::fe"}},
		{"no neighbour", func(*lab) {}, "10.9.0.77", "-4", outcome{"unreachable", "", "no-neighbour"}, []string{"unreachable (", "who has 10.9.0.77"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			connect := []string{"nc.openbsd", c.family, "-w", "30", c.host, "3000"}
			needsOf(t, connect)
			l := newLab(t)
			c.prepare(l)
			w := l.watch(l.client, "any", nil, "port", "3000")
			p := l.start(l.client, connect...)
			if c.want.verdict == "no-answer" {
				w.out.await(t, "SYNs, no answer yet")
				p.signal(t, syscall.SIGINT)
				over(t, p)
				list := w.finish(nil)
				checkVerdict(t, list, c.want)
			} else {
				over(t, p)
				checkVerdict(t, w.finish(nil, c.words[0]), c.want)
			}
			for _, word := range c.words {
				if !strings.Contains(strings.Join(strings.Fields(w.out.String()), " "), word) {
					t.Errorf("the picture does not say %q\n%s", word, w.out)
				}
			}
		})
	}
}

// nft gives a namespace a rule for what it forwards.
func (l *lab) nft(ns, rule string) {
	l.t.Helper()
	needTool(l.t, "nft")
	l.command("ip", "netns", "exec", ns, "nft", "add table inet f; add chain inet f forward { type filter hook forward priority 0; }; add rule inet f forward "+rule)
}
