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
	"regexp"
	"strings"
	"testing"
	"time"
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
		{"plain", false, nil, 0, " for /lesson\n", []string{"HTTP GET /lesson", "200 OK", "the kernel's own view: ", "cwnd 1"}},
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
	for _, args := range [][]string{
		{"connect", "--http", "lesson", "127.0.0.1", "80"},
		{"connect", "--http", "/", "--send", "x", "127.0.0.1", "80"},
		{"connect", "--insecure", "127.0.0.1", "80"},
		{"listen", "--backlog", "-3", "8080"},
	} {
		if status := start(t, tcpsee(args...)).end(t); status != 2 {
			t.Errorf("%v: exit status %d, want 2", args, status)
		}
	}
}
