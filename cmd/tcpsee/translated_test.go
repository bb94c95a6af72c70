package main

import (
	"net/netip"
	"strings"
	"testing"
)

// TestTranslated: the warning comes where all addresses are private, and some
// is more than this machine's own.
func TestTranslated(t *testing.T) {
	for _, c := range []struct {
		at    string
		cloud string
		want  string // part of the warning, empty for none
	}{
		{"127.0.0.1 ::1", "", ""},
		{"127.0.0.1", "Amazon EC2", ""},
		{"fe80::1%eth0", "", ""},
		{"169.254.3.4 127.0.0.1", "", ""},
		{"10.0.0.5 127.0.0.1", "", "these addresses are private. Clients from outside"},
		{"172.31.4.4 fd00::1 127.0.0.1", "Amazon EC2", "this machine is Amazon EC2's"},
		{"100.64.3.2", "", "A guess"},
		{"10.0.0.5 192.0.2.7", "", ""},
		{"10.0.0.5 2001:db8::7", "Google Cloud", ""},
	} {
		var at []netip.AddrPort
		for _, a := range strings.Fields(c.at) {
			at = append(at, netip.AddrPortFrom(netip.MustParseAddr(a), 3000))
		}
		got := translated(at, c.cloud)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s on %q: %q, want %q", c.at, c.cloud, got, c.want)
		}
	}
}

// TestTypedWhere: what is good on this machine alone is said to be.
func TestTypedWhere(t *testing.T) {
	for at, want := range map[string]string{"127.0.0.1": "on this machine", "fe80::1%eth0": "its own interface, not eth0", "10.0.0.5": ""} {
		if got := typedWhere(netip.MustParseAddr(at)); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

// TestCloudNamed reads what machines for rent say of themselves.
func TestCloudNamed(t *testing.T) {
	for text, want := range map[string]string{
		"Amazon EC2\n": "Amazon EC2", "Google Compute Engine\n": "Google Cloud", "Google": "", "OracleCloud.com\n": "Oracle Cloud", "Hetzner": "Hetzner",
		"QEMU": "", "LENOVO": "", "": "",
	} {
		if got := cloudNamed(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
