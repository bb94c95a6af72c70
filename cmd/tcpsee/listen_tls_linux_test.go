package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// TestListenTLS: two tcpsee talk TLS, with a certificate made for it and with
// one from files; who speaks plainly, or does not accept it, is told apart.
func TestListenTLS(t *testing.T) {
	needRoot(t)
	cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	writePEM(t, selfSigned(t), cert, key)
	for _, c := range []struct {
		name           string
		listen         []string
		connect        []string
		status, served int
		says, server   string // by connect, by listen, on standard error
	}{
		{"its own", []string{"--tls"}, []string{"--tls", "--insecure"}, 0, 0, "certificate of CN=tcpsee listen, from CN=tcpsee listen, until ", "TLS ClientHello"},
		{"from files", []string{"--tls", "--cert", cert, "--key", key}, []string{"--tls", "--insecure"}, 0, 0, "certificate of CN=lesson.example", "TLS: certificate of CN=lesson.example"},
		{"not accepted", []string{"--tls"}, []string{"--tls"}, 1, 1, "error: begin TLS", "hint: the client refuses"},
		{"plain client", []string{"--tls"}, []string{"-N", "--send", "hello"}, 0, 1, "closed by the server", "hint: the client speaks plainly"},
	} {
		t.Run(c.name, func(t *testing.T) {
			port := freePort(t)
			server := start(t, tcpsee(append([]string{"listen", "--no-names", "--width", "120", "127.0.0.1", port}, c.listen...)...))
			server.err.await(t, "Ctrl-C ends")
			client := start(t, tcpsee(append([]string{"connect", "--no-names", "--width", "120", "127.0.0.1", port}, c.connect...)...))
			if c.served == 0 {
				client.say(t, "enciphered\n")
				server.out.await(t, "enciphered\n")
				server.say(t, "so is this\n")
				client.out.await(t, "so is this\n")
				client.interrupt(t)
			} else if status := client.end(t); status != c.status {
				t.Errorf("connect: exit status %d, want %d", status, c.status)
			}
			if status := server.end(t); status != c.served {
				t.Errorf("listen: exit status %d, want %d", status, c.served)
			}
			if !strings.Contains(client.err.String(), c.says) {
				t.Errorf("connect does not say %q:\n%s", c.says, client.err)
			}
			if !strings.Contains(server.err.String(), c.server) {
				t.Errorf("listen does not say %q:\n%s", c.server, server.err)
			}
		})
	}
}

// TestOwnCertificate: it is good for the addresses that listen announces.
func TestOwnCertificate(t *testing.T) {
	at := parseAll(t, "10.0.0.5:1", "[fe80::1%lo]:1", "127.0.0.1:1")
	s := serverTLS{on: true}
	if err := s.prepare(at); err != nil {
		t.Fatal(err)
	}
	leaf := s.config.Certificates[0].Leaf
	for _, name := range []string{"10.0.0.5", "[fe80::1]", "127.0.0.1", "localhost"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if err := leaf.VerifyHostname(net.IPv4(10, 0, 0, 6).String()); err == nil {
		t.Error("it is good for another address too")
	}
}

// TestListenTLSRefuses says what cannot be meant.
func TestListenTLSRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.pem")
	for _, c := range []struct {
		args   []string
		status int
	}{
		{[]string{"--cert", missing, "--key", missing}, 2},
		{[]string{"--tls", "--cert", missing}, 2},
		{[]string{"--tls", "--cert", missing, "--key", missing}, 1},
	} {
		p := start(t, tcpsee(append([]string{"listen", "127.0.0.1", "0"}, c.args...)...))
		if status := p.end(t); status != c.status || !strings.Contains(p.err.String(), "hint: ") {
			t.Errorf("%v: exit status %d, want %d\n%s", c.args, status, c.status, p.err)
		}
	}
}
