package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"time"

	"tcpsee/capture/drive"
)

// serverTLS is what listen adds to nc: TLS, with a certificate from files or
// with one of its own.
type serverTLS struct {
	on        bool
	cert, key string
	config    *tls.Config // nil without TLS
}

// ownTime is how long a certificate of listen's own holds: a lesson.
const ownTime = 24 * time.Hour

// prepare reads the certificate, or makes one for the listener's addresses. It
// comes before the process is confined, and before anything is opened that
// would have to be closed again.
func (s *serverTLS) prepare(at []netip.AddrPort) error {
	if !s.on {
		return nil
	}
	if s.cert == "" {
		c, err := ownCertificate(at, time.Now())
		if err != nil {
			return fmt.Errorf("make a certificate: %w", err)
		}
		s.config = &tls.Config{Certificates: []tls.Certificate{c}}
		return nil
	}
	c, err := tls.LoadX509KeyPair(s.cert, s.key)
	if err != nil {
		return withHint(fmt.Errorf("read the certificate %s and its key %s: %w", s.cert, s.key, err), "both are PEM files; without --cert and --key listen makes a certificate of its own")
	}
	s.config = &tls.Config{Certificates: []tls.Certificate{c}}
	return nil
}

// check refuses flags that make no sense together.
func (s *serverTLS) check() error {
	switch {
	case (s.cert != "" || s.key != "") && !s.on:
		return usagef("--cert and --key are about certificates, and there are none without --tls")
	case (s.cert == "") != (s.key == ""):
		return usagef("--cert and --key belong together: a certificate, and the key that proves it is one's own")
	}
	return nil
}

// ownCertificate makes a certificate that nobody vouches for, for a day, for
// localhost and the addresses at which the listener can be reached.
func ownCertificate(at []netip.AddrPort, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) // RFC 5280, section 4.1.2.2: unique, at most 20 bytes
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: "tcpsee listen"},
		NotBefore:    now.Add(-time.Hour), // the other side's clock may be behind
		NotAfter:     now.Add(ownTime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
	}
	for _, a := range at {
		c.IPAddresses = append(c.IPAddresses, net.IP(a.Addr().WithZone("").AsSlice()))
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// about says whose certificate the other side will be shown.
func (s *serverTLS) about() string {
	text := "TLS: " + aboutCertificate([]*x509.Certificate{s.config.Certificates[0].Leaf})
	if s.cert == "" {
		text += ", made just now: nobody vouches for it"
	}
	return text
}

// over lays TLS over a client's connection, which is itself where listen
// speaks plainly. On an error c is closed.
func (s *serverTLS) over(d *driven, c *drive.Conn, wait time.Duration) (io.ReadWriter, error) {
	if s.config == nil {
		return nil, nil
	}
	limit := handshakeTime
	if wait > 0 {
		limit = wait
	}
	ctx, cancel := context.WithTimeout(d.ctx, limit)
	defer cancel()
	t := tls.Server(c, s.config)
	err := t.HandshakeContext(ctx)
	if err == nil {
		state := t.ConnectionState()
		d.note(fmt.Sprintf("%s · %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)))
		return t, nil
	}
	_ = c.Close()
	if d.ctx.Err() != nil {
		return nil, drive.ErrInterrupted
	}
	return nil, &tlsError{withHint(fmt.Errorf("begin TLS with %s: %w", c.Remote(), err), whyNoTLS(err))}
}

// whyNoTLS is what a client that does not get through the handshake most
// likely is.
func whyNoTLS(err error) string {
	var plain tls.RecordHeaderError
	var alert *net.OpError // crypto/tls reports the other side's alerts as that
	switch {
	case errors.As(err, &plain):
		return "the client speaks plainly: listen without --tls, or tcpsee connect --tls, openssl s_client on its side"
	case errors.As(err, &alert) && alert.Op == "remote error":
		return "the client refuses: it does not accept this certificate (tcpsee connect --tls --insecure, curl -k do)"
	}
	return "the client went away before TLS had begun: it may not accept this certificate, or not speak TLS"
}
