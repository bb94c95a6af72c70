package drive

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Family restricts the addresses that a name may have.
type Family uint8

// The families: any, only IPv4 (nc -4), only IPv6 (nc -6).
const (
	AnyFamily Family = iota
	IPv4
	IPv6
)

// has reports whether a belongs to f.
func (f Family) has(a netip.Addr) bool {
	return f == AnyFamily || (f == IPv4) == a.Is4()
}

// network returns what net.Resolver calls the family.
func (f Family) network() string {
	switch f {
	case IPv4:
		return "ip4"
	case IPv6:
		return "ip6"
	}
	return "ip"
}

func familyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// lookupFunc resolves a name; tests put their own in its place.
type lookupFunc func(ctx context.Context, network, host string) ([]netip.Addr, error)

// systemLookup asks as the system's getaddrinfo does: /etc/hosts, then DNS, in
// the order of RFC 6724. On Linux Go's own resolver does, without cgo; macOS
// and Windows are asked themselves.
func systemLookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	r := net.Resolver{PreferGo: runtime.GOOS == "linux"}
	return r.LookupNetIP(ctx, network, host)
}

// resolve turns host into addresses of family, in the order in which they are
// to be tried. Only names are reported: an address in figures asks nobody.
func resolve(ctx context.Context, t *tracer, lookup lookupFunc, host string, family Family) ([]netip.Addr, error) {
	if a, ok := inFigures(host); ok {
		if !family.has(a) {
			err := &net.DNSError{Err: otherFamily, Name: host, IsNotFound: true}
			return nil, &OpError{Call: "resolve", Err: err}
		}
		return []netip.Addr{a}, nil
	}
	if lookup == nil {
		lookup = systemLookup
	}
	began := t.entry(Call{Name: "resolve", Args: host})
	found, err := lookup(ctx, family.network(), host)
	if ctx.Err() != nil {
		err = ErrInterrupted
	}
	addrs := distinct(found, family)
	var unsuitable *net.AddrError // net's word for addresses that are all of the other family
	if err == nil && len(addrs) == 0 || errors.As(err, &unsuitable) {
		err = &net.DNSError{Err: "no address of the family asked for", Name: host, IsNotFound: true}
	}
	if err != nil {
		err = &OpError{Call: "resolve", Err: err}
		t.returned(Call{Name: "resolve", Args: host, Err: err}, began)
		return nil, err
	}
	t.returned(Call{Name: "resolve", Args: host + ": " + list(addrs), N: len(addrs)}, began)
	return addrs, nil
}

// otherFamily is the fault of an address in figures that -4 or -6 excludes.
const otherFamily = "not an address of the family asked for"

// inFigures reads an address that is no name, those of IPv4 in all the forms
// that inet_aton(3) takes, as nc does: 127.1 is 127.0.0.1.
func inFigures(host string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap(), true
	}
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var address uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts)) // the last one fills what is left
		}
		base := 10
		switch digits := strings.ToLower(part); {
		case strings.HasPrefix(digits, "0x"):
			part, base = part[2:], 16
		case strings.HasPrefix(digits, "0"):
			base = 8
		}
		n, err := strconv.ParseUint(part, base, bits)
		if err != nil {
			return netip.Addr{}, false
		}
		address = address<<bits | n
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(address)))), true
}

// distinct returns the addresses of family in found, each once, in order.
func distinct(found []netip.Addr, family Family) []netip.Addr {
	var addrs []netip.Addr
	seen := make(map[netip.Addr]bool, len(found))
	for _, a := range found {
		if a = a.Unmap(); family.has(a) && !seen[a] {
			seen[a] = true
			addrs = append(addrs, a)
		}
	}
	return addrs
}

func list(addrs []netip.Addr) string {
	var s string
	for i, a := range addrs {
		if i > 0 {
			s += ", "
		}
		s += a.String()
	}
	return s
}

// portNumber reads a port from figures, at least lowest, or a service name
// ("http"). The names are those of /etc/services. The error is a *PortError.
func portNumber(ctx context.Context, port string, lowest int) (uint16, error) {
	if port == "" {
		return 0, &PortError{Port: `""`, Why: "no port given"}
	}
	if n, err := strconv.Atoi(port); err == nil {
		if n < lowest || n > 65535 {
			return 0, &PortError{Port: strconv.Itoa(n), Why: fmt.Sprintf("a port is a number from %d to 65535", lowest)}
		}
		return uint16(n), nil
	}
	r := net.Resolver{PreferGo: runtime.GOOS == "linux"}
	n, err := r.LookupPort(ctx, "tcp", port)
	if err != nil {
		return 0, &PortError{Port: strconv.Quote(port), Why: "neither a number nor the name of a service"}
	}
	return uint16(n), nil
}

// contextError returns what a call ended by ctx failed with: the time-out of
// wait as ETIMEDOUT, as nc -w says it, everything else as ErrInterrupted.
func contextError(parent context.Context, wait time.Duration) error {
	if parent.Err() == nil {
		return fmt.Errorf("gave up after %v: %w", wait, errTimedOut)
	}
	return ErrInterrupted
}
