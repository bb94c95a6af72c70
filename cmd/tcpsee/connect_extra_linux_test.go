package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"tcpsee/capture/drive"
)

// serveHTTP answers one request on l and closes.
func serveHTTP(l net.Listener) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	body := "you asked " + r.Host + " for " + r.URL.Path + "\n"
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
}

// selfSigned is a certificate for 127.0.0.1 that nobody vouches for.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "lesson.example"},
		NotAfter: time.Date(2090, 1, 2, 0, 0, 0, 0, time.UTC), IPAddresses: []net.IP{{127, 0, 0, 1}}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// writePEM writes a certificate and its key to files.
func writePEM(t *testing.T, c tls.Certificate, cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// parseAll reads addresses with ports.
func parseAll(t *testing.T, list ...string) []netip.AddrPort {
	t.Helper()
	var out []netip.AddrPort
	for _, s := range list {
		a, err := netip.ParseAddrPort(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
	return out
}

// TestConnectRequests sends a GET, in the clear and enciphered.
func TestConnectRequests(t *testing.T) {
	needRoot(t)
	cert := selfSigned(t)
	for _, c := range []struct {
		name   string
		tls    bool
		flags  []string
		status int
		out    string // on standard output
		shows  []string
	}{
		{"plain", false, nil, 0, " for /lesson\n", []string{"HTTP GET /lesson", "200 OK", "the kernel's own view, before close(): ", "cwnd 1"}},
		{"TLS", true, []string{"--tls", "--insecure"}, 0, " for /lesson\n", []string{"ClientHello", "certificate of CN=lesson.example", "until 2090-01-02"}},
		{"untrusted", true, []string{"--tls"}, 1, "", []string{"certificate of CN=lesson.example", "error: begin TLS", "hint: --insecure"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			if c.tls {
				go serveHTTP(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}}))
			} else {
				go serveHTTP(l)
			}
			p := start(t, tcpsee(append([]string{"connect", "--http", "/lesson", "127.0.0.1", port}, c.flags...)...))
			if status := p.end(t); status != c.status {
				t.Errorf("exit status %d", status)
			}
			if !strings.HasSuffix(p.out.String(), c.out) {
				t.Errorf("standard output is %q", p.out)
			}
			for _, word := range c.shows {
				if !strings.Contains(p.err.String(), word) {
					t.Errorf("does not show %q:\n%s", word, p.err)
				}
			}
		})
	}
}

// TestZeroWindow: a listener that stops reading closes its window after a few
// kilobytes.
func TestZeroWindow(t *testing.T) {
	needRoot(t)
	port := freePort(t)
	p := start(t, tcpsee("listen", "--zero-window", "127.0.0.1", port))
	p.err.await(t, "Ctrl-C ends")
	c, err := net.Dial("tcp4", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, strings.Repeat("window ", 10000)) }()
	p.err.await(t, "zero-window")
	if status := p.interrupt(t); status != 0 {
		t.Errorf("exit status %d\n%s", status, p.err)
	}
	if !regexp.MustCompile(`reset by the\s+server [^:]*: its\s+program\s+closed\s+with\s+[0-9,]+\s+bytes\s+of`).MatchString(p.err.String()) {
		t.Errorf("does not say why the connection was reset:\n%s", p.err)
	}
}

// TestResetOnPurpose: who sets SO_LINGER with 0 s is told that this is why RST
// was sent, by the driver and of a wrapped command, and again from what was
// saved.
func TestResetOnPurpose(t *testing.T) {
	needRoot(t)
	const script = "import socket, struct, sys\ns = socket.socket()\n" +
		"s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))\n" +
		"s.connect(('127.0.0.1', int(sys.argv[1])))\ns.sendall(b'Hello')\ns.recv(1)\n"
	for _, c := range []struct {
		name string
		args []string
	}{
		{"connect", []string{"connect", "--linger0", "--send", "Hello", "127.0.0.1", "PORT"}},
		{"run", []string{"run", "--", needTool(t, "python3"), "-c", script, "PORT"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go answerOne(l)
			_, port, _ := net.SplitHostPort(l.Addr().String())
			file := t.TempDir() + "/x.pcapng"
			args := append([]string{c.args[0], "-w", file}, c.args[1:]...)
			args[len(args)-1] = port
			p := start(t, tcpsee(args...))
			status := 0
			if c.name == "connect" {
				p.out.await(t, "H")
				status = p.interrupt(t)
			} else {
				status = p.end(t)
			}
			if status != 0 {
				t.Errorf("exit status %d", status)
			}
			saved := mustRun(t, "replay", file)
			for _, picture := range []string{p.err.String(), saved} {
				if all := strings.Join(strings.Fields(picture), " "); !strings.Contains(all, "its program had set SO_LINGER with 0 s") || !strings.Contains(all, "setsockopt(SO_LINGER on, 0 s)") {
					t.Errorf("does not say why the connection was reset:\n%s", picture)
				}
			}
			if data := mustRun(t, "replay", "-o", "ndjson", file); !strings.Contains(data, `"detail":"reset-on-close"`) || !strings.Contains(data, `"linger0":true`) {
				t.Errorf("the data does not have it:\n%s", data)
			}
		})
	}
}

// TestZeroResets: -z closes as --linger0 asks.
func TestZeroResets(t *testing.T) {
	needRoot(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	p := start(t, tcpsee("connect", "-z", "--linger0", "127.0.0.1", port))
	if status, text := p.end(t), p.err.String(); status != 0 || !strings.Contains(text, "── RST") || strings.Contains(text, "── FIN") {
		t.Errorf("exit status %d\n%s", status, text)
	}
}

// answerOne answers what one client says first, and waits for its end.
func answerOne(l net.Listener) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	b := make([]byte, 16)
	if n, _ := c.Read(b); n > 0 {
		_, _ = c.Write(b[:1])
	}
	_, _ = c.Read(b)
}

// TestConnectRefusesFlags says what cannot be meant.
func TestConnectRefusesFlags(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"connect --http lesson 127.0.0.1 80", "--http"},
		{"connect --http / --send x 127.0.0.1 80", "--send"},
		{"connect -z --send x 127.0.0.1 80", "--send sends something"},
		{"connect -z --http / 127.0.0.1 80", "--http sends something"},
		{"connect -z --tls 127.0.0.1 443", "--tls sends something"},
		{"connect --insecure 127.0.0.1 80", "--tls"},
		{"connect -q 5 127.0.0.1 8080", "--wait 5s"},
		{"connect 127.0.0.1 0", "from 1 to 65535"},
		{"connect 127.0.0.1 99999", "from 1 to 65535"},
		{"connect 127.0.0.1 htp", "the name of a service"},
		{"listen --backlog -3 8080", "a number of clients"},
		{"listen --backlog 5 8080", "listen --keep --backlog 5 3000"},
		{"listen -q 1 4500", "--wait 1s"},
		{"listen -q 0 -p 4500", "-N sends a FIN"},
		{"listen -vq 7 4500", "--wait 7s"},
		{"listen -p 5 -q 5", "--wait 5s"},
		{"listen -q --wait 1s 3000 127.0.0.1", "tcpsee listen 127.0.0.1 3000"},
		{"connect -q --wait 1s 3000 127.0.0.1 80", "got 3 words"},
		{"listen -lvp 3000", "listen needs no -l: tcpsee listen 3000"},
		{"listen 70000", "65535"},
		{"listen 127.0.0.1", "tcpsee listen 127.0.0.1 3000"},
		{"listen [::1]", "tcpsee listen ::1 3000"},
		{"listen ::1:8080", "tcpsee listen ::1 8080"},
		{"connect ::1:8080", "tcpsee connect ::1 8080"},
		{"connect :8080", "tcpsee connect 127.0.0.1 8080"},
		{"connect 3000 80", "tcpsee connect 127.0.0.1 80"},
		{"connect 127.0.0.1:8080 80", "tcpsee connect 127.0.0.1 8080"},
		{"connect [::1]:8080 80", "tcpsee connect ::1 8080"},
		{"connect http://127.0.0.1/x 80", "tcpsee connect 127.0.0.1 80 --http /x"},
		{"listen 3000 3001", "one port, and got 3000 and 3001"},
		{"listen 3000 -p 3001", "one port, and got 3000 and 3001"},
	} {
		p := start(t, tcpsee(strings.Fields(c.args)...))
		if status := p.end(t); status != 2 || !strings.Contains(p.err.String(), c.says) {
			t.Errorf("%s: exit status %d, want 2 and %q\n%s", c.args, status, c.says, p.err)
		}
	}
}

// TestConnectNoRoute: where no packet was sent, the picture has no advice, and
// the error has.
func TestConnectNoRoute(t *testing.T) {
	needRoot(t)
	needTool(t, "unshare")
	if out, err := exec.Command("unshare", "-n", "true").CombinedOutput(); err != nil {
		t.Skipf("needs network namespaces: %s", out)
	}
	p := start(t, exec.Command("unshare", "-n", builtBinary(t), "connect", "10.1.2.3", "80"))
	if status := p.end(t); status != 1 || !strings.Contains(p.err.String(), "hint: this machine has no route") {
		t.Errorf("exit status %d\n%s", status, p.err)
	}
}

// TestConnectUntold: what stops a connection before its first packet is explained
// by the error; what the picture shows of a router's answer is not explained again,
// as something else.
func TestConnectUntold(t *testing.T) {
	l := newLab(t)
	l.batch(l.client, "route add blackhole 10.98.0.0/16", "route add unreachable 10.99.0.0/16")
	for _, c := range []struct{ to, hint string }{
		{"10.98.0.1", "hint: this machine's own routes throw away"},
		{"10.99.0.1", "hint: the machine could not be reached"},
		{"fe80::1", "hint: a link-local address"},
		{"-s 127.0.0.1 10.9.1.2", "does not leave this machine"},
		{"-s ::1 fd09:1::2", "does not leave this machine"},
		{"224.0.0.1", "hint: a multicast address"},
		{"203.0.113.9", ""}, // RFC 5737; the router knows no way to it, and says so
	} {
		p := l.start(l.client, append([]string{builtBinary(t), "connect"}, strings.Fields(c.to+" 80")...)...)
		status, text := p.end(t), p.err.String()
		if status != 1 || !strings.Contains(text, c.hint) || c.hint == "" && (strings.Contains(text, "hint:") || !strings.Contains(text, "ICMP network unreachable")) {
			t.Errorf("%s: exit status %d\n%s", c.to, status, text)
		}
	}
	// A queue that takes nothing, as a firewall's rule for what goes out.
	l.command("tc", "-n", l.client, "qdisc", "add", "dev", "c0", "root", "bfifo", "limit", "1")
	p := l.start(l.client, builtBinary(t), "connect", "--wait", "1s", server4, "80")
	if status := p.end(t); status != 1 || !strings.Contains(p.err.String(), "hint: no packet has left this machine") {
		t.Errorf("own firewall: exit status %d\n%s", status, p.err)
	}
}

// TestIsTarget: packets to no address in particular go to this machine.
func TestIsTarget(t *testing.T) {
	for _, c := range []struct {
		target, packet string
		want           bool
	}{
		{"0.0.0.0:80", "127.0.0.1:80", true},
		{"0.0.0.0:80", "127.0.0.1:4000", false},
		{"[::]:80", "[::1]:80", true},
		{"[::]:80", "127.0.0.1:80", false},
		{"[fe80::1%eth0]:80", "[fe80::1]:80", true},
		{"10.0.0.1:80", "10.0.0.1:80", true},
	} {
		plan := &drive.Plan{Targets: []netip.AddrPort{netip.MustParseAddrPort(c.target)}}
		if got := isTarget(plan, netip.MustParseAddrPort(c.packet)); got != c.want {
			t.Errorf("%s for %s: %v", c.packet, c.target, got)
		}
	}
}

// TestPeerText: a character in two pieces is shown whole, and what never gets
// whole is shown as it came.
func TestPeerText(t *testing.T) {
	for _, c := range []struct {
		pieces []string
		want   string
	}{
		{[]string{"a\xf0\x9f", "\x98\x80b\n"}, "< a\n< 😀b\n"},
		{[]string{"\xf0", "\x9f", "\x98", "\x80"}, "< 😀\n"},
		{[]string{"\xc3", "x"}, "< \\xc3x\n"},
		{[]string{"\xe9\n", "z"}, "< \\xe9\n< z\n"},
		{[]string{"a\x80\x80\x80\x80"}, "< a\\x80\\x80\\x80\\x80\n"},
		{[]string{"end\xe2\x82"}, "< end\n< \\xe2\\x82\n"},
		{[]string{"é"}, "< é\n"},
	} {
		var b strings.Builder
		text := &peerText{w: &b}
		for _, p := range c.pieces {
			if n, err := text.Write([]byte(p)); n != len(p) || err != nil {
				t.Errorf("%q: %d, %v", p, n, err)
			}
		}
		if err := text.flush(); err != nil || b.String() != c.want {
			t.Errorf("%q: %q (%v), want %q", c.pieces, b.String(), err, c.want)
		}
	}
}
