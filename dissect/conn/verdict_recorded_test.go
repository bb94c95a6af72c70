package conn

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// TestRecordedVerdicts judges the recorded captures: outcome, who, and detail
// of each connection in order.
func TestRecordedVerdicts(t *testing.T) {
	tests := map[string]string{
		"s01-chat":             "closed client",
		"s01-chat-two-hosts":   "closed client",
		"s01-chat-ipv6":        "closed client",
		"s02-http-200":         "closed server",
		"s02-http-200-ipv6":    "closed server",
		"s03-http-400":         "closed server bad-request",
		"s04-too-slow":         "closed server request-incomplete",
		"s05-refused":          "refused server",
		"s05-refused-loopback": "refused server",
		"s05-no-answer":        "no-answer",
		"s05-unreachable":      "unreachable",
		"s05-prohibited-ipv6":  "unreachable prohibited",
		"s06-python":           "closed client",
		"s08-greeting":         "refused server, closed server",
		"s09-verbose":          "refused server, closed client",
		"s10-node":             "closed client",
		"s12-half-close":       "closed client",
		"s15-accept-exit":      "reset server after-close",
		"s13-restart":          "closed server, refused server",
		"s14-localhost-only":   "refused server",
		"s16-curl":             "closed client",
		"s17-tls":              "closed server",
		"l7-http2":             "closed client",
		"l7-tls-alpn":          "reset client after-close",
		"l7-websocket":         "closed server",
		"l7-smtp":              "closed client",
		"l7-dns":               "closed client",
		"l7-ssh":               "closed client",
	}
	for name, want := range tests {
		src, err := capture.OpenFile("../../testdata/" + name + ".pcap")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := verdictsOf(t, src); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		src.Close()
	}
}

// TestRecordedLayers: what real programs said, in the rows of layer 7 and 6.
func TestRecordedLayers(t *testing.T) {
	tests := map[string][]string{
		"s16-curl":     {"HTTP GET / HTTP/1.1", "HTTP 200 OK"},
		"s17-tls":      {"TLS ClientHello (www.example.org)", "TLS ServerHello (TLS 1.3), ChangeCipherSpec, application data"},
		"l7-http2":     {"HTTP/2 preface, SETTINGS, WINDOW_UPDATE", "HTTP/2 HEADERS (stream 1)", "HTTP/2 SETTINGS", "HTTP/2 SETTINGS", "HTTP/2 SETTINGS, HEADERS (stream 1), DATA (stream 1)"},
		"l7-tls-alpn":  {"TLS ClientHello (www.example.org, ALPN h2 http/1.1)", "TLS ServerHello (TLS 1.3), ChangeCipherSpec, application data", "TLS ChangeCipherSpec, application data"},
		"l7-websocket": {"HTTP GET /chat HTTP/1.1", "WebSocket 101 Switching Protocols, WebSocket upgrade", "WebSocket text", "WebSocket text", "WebSocket close", "WebSocket close"},
		"l7-smtp": {"SMTP 220 vm Python SMTP proxy version 0.3", "SMTP ehlo client.example", "SMTP 250-vm", "SMTP 250-SIZE 33554432",
			"SMTP mail FROM:<alice@example.org> size=25", "SMTP 250 OK", "SMTP rcpt TO:<bob@example.org>", "SMTP 250 OK", "SMTP data",
			"SMTP 354 End data with <CR><LF>.<CR><LF>", "SMTP message, to its end", "SMTP 250 OK", "SMTP QUIT", "SMTP 221 Bye"},
		"l7-dns": {"DNS query www.example.org A", "DNS answer www.example.org A: 1 record"},
		"l7-ssh": {"SSH SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u6", "SSH SSH-2.0-OpenSSH_9.2", "SSH key exchange"},
	}
	for name, want := range tests {
		src, err := capture.OpenFile("../../testdata/" + name + ".pcap")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		each(t, src, func(e *Event) {
			if e.App != "" {
				got = append(got, e.App)
			}
		})
		src.Close()
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("%s\n got %q\nwant %q", name, got, want)
		}
	}
}

// verdictsOf follows a whole source.
func verdictsOf(t *testing.T, src capture.Source) string {
	t.Helper()
	var got []string
	each(t, src, func(e *Event) {
		if c := e.Connection; c != nil {
			words := []string{string(c.Verdict.Outcome)}
			if c.Verdict.HasBy {
				words = append(words, c.Verdict.By.String())
			}
			if c.Verdict.Detail != "" {
				words = append(words, c.Verdict.Detail)
			}
			got = append(got, strings.Join(words, " "))
		}
	})
	return strings.Join(got, ", ")
}

// each follows a whole source, and calls f for every event.
func each(t *testing.T, src capture.Source, f func(*Event)) {
	t.Helper()
	tracker := New(Options{})
	var d dissect.Decoder
	var p dissect.Packet
	take := func(events []Event) {
		for i := range events {
			f(&events[i])
		}
	}
	for {
		frames, err := src.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range frames {
			d.Decode(&frames[i], &p)
			take(tracker.Add(&p))
		}
	}
	take(tracker.End())
}
