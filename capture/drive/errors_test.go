package drive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
)

func TestErrName(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("other"), ""},
		{ErrInterrupted, "EINTR"},
		{fmt.Errorf("a: %w", &OpError{Call: "connect", Err: errTimedOut}), "ETIMEDOUT"},
		{errors.Join(&OpError{Call: "bind", Err: errTimedOut}, errors.New("b")), "ETIMEDOUT"},
		{&net.DNSError{IsNotFound: true}, "EAI_NONAME"},
		{&net.DNSError{IsTimeout: true}, "EAI_AGAIN"},
	} {
		if got := ErrName(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
	if !errors.Is(ErrInterrupted, context.Canceled) {
		t.Error("ErrInterrupted is not context.Canceled")
	}
}

func TestHintsAreOneLineAndNameThePort(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.1:3000") // RFC 5737
	low := netip.MustParseAddrPort("0.0.0.0:80")
	for _, test := range []struct {
		call string
		at   netip.AddrPort
		err  syscall.Errno
		want string // part of the hint
	}{
		{"bind", at, syscall.EADDRINUSE, "another program holds port 3000"},
		{"bind", netip.AddrPortFrom(at.Addr(), 0), syscall.EADDRINUSE, "TIME-WAIT"},
		{"bind", low, syscall.EACCES, "1024"},
		{"bind", at, syscall.EADDRNOTAVAIL, "192.0.2.1 is not an address"},
		{"connect", at, syscall.EADDRNOTAVAIL, "no local address"},
		{"connect", at, syscall.EACCES, "firewall"},
		{"connect", at, syscall.ECONNREFUSED, "3000"},
		{"connect", at, syscall.ETIMEDOUT, "nothing answered"},
		{"accept", at, syscall.ETIMEDOUT, "nobody has connected"},
		{"connect", at, syscall.EHOSTUNREACH, "ping 192.0.2.1"},
		{"connect", at, syscall.ENETUNREACH, "no route to that address, or it is a broadcast address"},
		{"connect", netip.MustParseAddrPort("224.0.0.1:3000"), syscall.ENETUNREACH, "multicast"},
		{"connect", netip.MustParseAddrPort("[fe80::1]:3000"), syscall.EINVAL, "fe80::1%eth0"},
		{"bind", netip.MustParseAddrPort("[fe80::1]:3000"), syscall.EINVAL, "fe80::1%eth0"},
		{"connect", netip.MustParseAddrPort("[fe80::1%eth0]:3000"), syscall.EINVAL, "routes throw away"},
		{"connect", at, syscall.EINVAL, "routes throw away"},
		{"socket", netip.AddrPort{}, syscall.EAFNOSUPPORT, "family"},
		{"socket", netip.AddrPort{}, syscall.EMFILE, "open files"},
		{"recv", at, syscall.ECONNRESET, "RST"},
		{"send", at, syscall.EPIPE, "closed"},
	} {
		if errnoName(test.err) == "" {
			continue // this system has another number for it
		}
		hint := Hint(fmt.Errorf("listen: %w", &OpError{Call: test.call, Addr: test.at, Err: test.err}))
		if !strings.Contains(hint, test.want) || strings.Contains(hint, "\n") || strings.HasSuffix(hint, ".") {
			t.Errorf("%s: %v: hint %q lacks %q", test.call, test.err, hint, test.want)
		}
	}
	if hint := Hint(errors.New("other")); hint != "" {
		t.Errorf("hint for an unknown error: %q", hint)
	}
}
