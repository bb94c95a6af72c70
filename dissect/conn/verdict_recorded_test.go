package conn

import (
	"errors"
	"io"
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
		"s17-tls":              "closed server",
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

// verdictsOf follows a whole source.
func verdictsOf(t *testing.T, src capture.Source) string {
	t.Helper()
	tracker := New(Options{})
	var d dissect.Decoder
	var p dissect.Packet
	var got []string
	take := func(events []Event) {
		for i := range events {
			if c := events[i].Connection; c != nil {
				words := []string{string(c.Verdict.Outcome)}
				if c.Verdict.HasBy {
					words = append(words, c.Verdict.By.String())
				}
				if c.Verdict.Detail != "" {
					words = append(words, c.Verdict.Detail)
				}
				got = append(got, strings.Join(words, " "))
			}
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
	return strings.Join(got, ", ")
}
