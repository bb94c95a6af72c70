package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpsee/capture"
)

// TestExplainOtherHides: a packet of no connection is drawn without what
// --anonymize and --no-payload hide, and with each layer.
func TestExplainOtherHides(t *testing.T) {
	query := []byte{2, 0x11, 0x22, 0x33, 0x44, 0x55, 2, 0x11, 0x22, 0x33, 0x44, 0x66, 8, 0, // Ethernet
		0x45, 0, 0, 28 + 13, 0, 1, 0, 0, 64, 17, 0, 0, 203, 0, 113, 7, 203, 0, 113, 9, // IPv4
		0x8e, 0x85, 0x1e, 0x61, 0, 8 + 13, 0, 0} // UDP, to a port that is nobody's
	query = append(query, "payload-words"...)
	arp := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0x11, 0x22, 0x33, 0x44, 0x66, 8, 6, // Ethernet
		0, 1, 8, 0, 6, 4, 0, 1}, 2, 0x11, 0x22, 0x33, 0x44, 0x66, 203, 0, 113, 7, 0, 0, 0, 0, 0, 0, 203, 0, 113, 9)
	name := filepath.Join(t.TempDir(), "udp.pcapng")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := capture.NewWriter(f, capture.WriterOptions{})
	for i, data := range [][]byte{query, arp} {
		frame := capture.Frame{Number: int64(i) + 1, Time: capture.Stamp(1e18), Data: data, OrigLen: len(data), Link: capture.LinkEthernet}
		if err := w.WriteFrame(&frame, []capture.Interface{{Link: capture.LinkEthernet}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	explain := func(args ...string) string {
		c := start(t, tcpsee(append([]string{"explain", "--width", "100"}, args...)...))
		if status := c.end(t); status != 0 {
			t.Fatalf("%v: exit status %d\n%s", args, status, c.err)
		}
		return c.out.String()
	}
	const mac, address = "02:11:22:33:44", "203.0.113."
	plain := explain(name + "#1")
	for _, s := range []string{mac, address, "d-words", "7 application  13 bytes", "5 session "} {
		if !strings.Contains(plain, s) {
			t.Errorf("no %q in\n%s", s, plain)
		}
	}
	if s := explain(name+"#1", "--no-payload"); strings.Contains(s, "words") || strings.Contains(s, "70 61 79 6c") || !strings.Contains(s, address) {
		t.Errorf("--no-payload: %s", s)
	}
	for _, frame := range []string{"#1", "#2"} {
		s := explain(name+frame, "--anonymize")
		for _, secret := range []string{mac, address, "words", "11 22 33 44", "cb 00 71"} {
			if strings.Contains(s, secret) {
				t.Errorf("--anonymize shows %q of %s:\n%s", secret, frame, s)
			}
		}
	}
	if s := explain(name + "#2"); !strings.Contains(s, "4 transport    –") || !strings.Contains(s, "3 network      –") {
		t.Errorf("layers that ARP does not have are not shown empty:\n%s", s)
	}
}
