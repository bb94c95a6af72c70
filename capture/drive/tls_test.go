package drive

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// certificate is a self-signed one for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestRelayOverTLS(t *testing.T) {
	cert, pool := certificate(t)
	var r record
	client, server := pair(t, "127.0.0.1", r.report)
	heard := make(chan string, 1)
	go func() {
		s := tls.Server(server, &tls.Config{Certificates: []tls.Certificate{cert}})
		asked, _ := io.ReadAll(s)
		io.WriteString(s, "answer\n")
		s.Close()
		heard <- string(asked)
	}()
	over := tls.Client(client, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	if err := over.HandshakeContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	var out screen
	o := soon(t, "the conversation", func() Outcome {
		return client.Relay(context.Background(), strings.NewReader("question\n"), &out, RelayOptions{HalfClose: true, Over: over})
	})
	if asked := within(t, "the server", heard); asked != "question\n" || out.String() != "answer\n" {
		t.Errorf("asked %q, answered %q", asked, out.String())
	}
	if o.Err != nil || o.Sent != 9 || o.Received != 7 {
		t.Errorf("ends with %+v", o)
	}
	for _, c := range r.all() {
		if strings.Contains(string(c.Data), "question") {
			t.Errorf("%s() has the text in the clear", c.Name)
		}
	}
}

func TestRelayOverTLSIsInterrupted(t *testing.T) {
	cert, pool := certificate(t)
	client, server := pair(t, "127.0.0.1", nil)
	ended := make(chan error, 1)
	go func() {
		_, err := tls.Server(server, &tls.Config{Certificates: []tls.Certificate{cert}}).Read(make([]byte, 1))
		ended <- err
	}()
	over := tls.Client(client, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	if err := over.HandshakeContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := relayed(ctx, client, silence(t), nil, RelayOptions{Over: over})
	cancel()
	if o := within(t, "the client", done); !o.Cancelled || o.Err != nil {
		t.Errorf("ends with %+v", o)
	}
	if err := within(t, "the server", ended); err != io.EOF {
		t.Errorf("the server is not told goodbye: %v", err)
	}
}
