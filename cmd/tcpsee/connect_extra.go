package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"tcpsee/capture/drive"
)

// clientExtras are what connect adds to nc: a request that is ready made, and
// TLS.
type clientExtras struct {
	http     string
	tls      bool
	insecure bool
	roots    *x509.CertPool // loaded while files may still be opened
}

// prepare makes the request and reads the system's certificates. Both come
// before anything is sent, the second before the process is confined.
func (x *clientExtras) prepare(fl *connectFlags, plan *drive.Plan) error {
	if x.insecure && !x.tls {
		return usagef("--insecure is about certificates, and there are none without --tls")
	}
	if x.http != "" {
		request, err := drive.HTTPRequest(fl.dial.Host, plan.Targets[0].Port(), x.http)
		if err != nil {
			return &usageError{fmt.Errorf("--http: %w", err)}
		}
		fl.relay.First = request
	}
	if !x.tls || x.insecure {
		return nil
	}
	var err error
	if x.roots, err = x509.SystemCertPool(); err != nil {
		return withHint(fmt.Errorf("read the certificates that this system trusts: %w", err), "--insecure accepts any certificate")
	}
	return nil
}

// handshakeTime is how long TLS may take to begin where --wait says nothing.
const handshakeTime = 30 * time.Second

// secure lays TLS over c and says whose certificate came. On an error c is
// closed.
func (d *driven) secure(c *drive.Conn, fl *connectFlags) (io.ReadWriter, error) {
	limit := handshakeTime
	if fl.dial.Wait > 0 {
		limit = fl.dial.Wait
	}
	ctx, cancel := context.WithTimeout(d.ctx, limit)
	defer cancel()
	name, _, _ := strings.Cut(fl.dial.Host, "%") // a certificate knows no zone
	over := tls.Client(c, &tls.Config{ServerName: name, RootCAs: fl.extras.roots, InsecureSkipVerify: fl.extras.insecure})
	err := over.HandshakeContext(ctx)
	if err == nil {
		state := over.ConnectionState()
		d.note(fmt.Sprintf("%s · %s", tls.VersionName(state.Version), aboutCertificate(state.PeerCertificates)))
		return over, nil
	}
	_ = c.Close()
	if d.ctx.Err() != nil {
		return nil, drive.ErrInterrupted
	}
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		d.note(aboutCertificate(untrusted.UnverifiedCertificates))
		return nil, &tlsError{withHint(fmt.Errorf("begin TLS: %w", err), "--insecure accepts any certificate")}
	}
	return nil, &tlsError{withHint(fmt.Errorf("begin TLS with %s: %w", c.Remote(), err), "does this port speak TLS? without --tls the connection is plain")}
}

// tlsError is one that the picture, which sees only what is enciphered, does
// not tell.
type tlsError struct{ err error }

func (t *tlsError) Error() string { return t.err.Error() }
func (t *tlsError) Unwrap() error { return t.err }

// aboutCertificate says whose the first certificate is, who vouches for it,
// and until when.
func aboutCertificate(chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return "no certificate"
	}
	c := chain[0]
	subject := c.Subject.String()
	if subject == "" {
		subject = strings.Join(c.DNSNames, ", ")
	}
	if subject == "" {
		subject = "no name"
	}
	text := fmt.Sprintf("certificate of %s, from %s, until %s", subject, c.Issuer, c.NotAfter.UTC().Format(time.DateOnly))
	if time.Now().After(c.NotAfter) {
		text += ", which is past"
	}
	return text
}

// note prints a line beside the picture. Part of it comes from the other end.
func (d *driven) note(text string) {
	if d.fl.quiet {
		return
	}
	lines := wrapWords(printable(text), d.fl.columns(d.console.picture)-2)
	_, _ = io.WriteString(inLocale(d.console.picture.w), strings.Join(lines, "\n  ")+"\n")
}

// kernelView is what the kernel knew of a connection just before its end.
type kernelView struct {
	local, remote netip.AddrPort
	info          drive.TCPInfo
}

// maxViews is how many of them are printed: the last ones.
const maxViews = 10

// ended keeps the kernel's view of a conversation for when the verdict has
// been drawn, and returns what of its end is an error.
func (d *driven) ended(c *drive.Conn, o drive.Outcome) error {
	if t, ok := d.console.talk.(*peerText); ok {
		_ = t.flush() // an error of the terminal's has no reader
	}
	if o.Info != (drive.TCPInfo{}) {
		d.views = append(d.views, kernelView{c.Local(), c.Remote(), o.Info})
		d.views = d.views[max(0, len(d.views)-maxViews):]
	}
	return outcomeError(o)
}

// kernelSays prints the views, each in a line.
func (d *driven) kernelSays() {
	for _, v := range d.views {
		which := ""
		if len(d.views) > 1 {
			which = " of " + v.local.String() + " with " + v.remote.String()
		}
		d.note(fmt.Sprintf("the kernel's own view%s, before close(): %s, rtt %s ± %s, cwnd %s, %s sent again", which, v.info.State,
			v.info.RTT.Round(time.Microsecond), v.info.RTTVar.Round(time.Microsecond),
			segments(v.info.CongestionWin), segments(v.info.TotalRetrans)))
	}
}

func segments(n int) string {
	if n == 1 {
		return "1 segment"
	}
	return fmt.Sprintf("%d segments", n)
}

// smallBuffer is the receive buffer of --zero-window, in bytes: the window is
// closed by a few lines of typing, not by megabytes.
const smallBuffer = 4 << 10

// extras completes what the flags of listen ask for. backlogSet is whether
// --backlog was given: 0 then means none, and not nc's.
func (fl *listenFlags) extras(backlogSet bool) error {
	if fl.listen.Backlog < 0 {
		return usagef("--backlog %d: it is a number of clients, from 0", fl.listen.Backlog)
	}
	if backlogSet && !fl.keep {
		return withHint(usagef("--backlog is about clients that wait while one is served, and without --keep the next is refused"),
			fmt.Sprintf("tcpsee listen --keep --backlog %d 3000", fl.listen.Backlog))
	}
	if backlogSet && fl.listen.Backlog == 0 {
		fl.listen.Backlog = -1
	}
	if fl.relay.StopReading {
		fl.listen.ReceiveBuffer = smallBuffer
	}
	fl.relay.Idle = fl.listen.Wait
	return nil
}
