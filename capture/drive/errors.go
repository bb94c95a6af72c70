package drive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"syscall"
)

// ErrInterrupted is what a waiting call ends with when its context is
// cancelled (Ctrl-C). It wraps context.Canceled.
var ErrInterrupted error = interrupted{}

type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }
func (interrupted) Unwrap() error { return context.Canceled }

// OpError is a socket call that failed, with the address that it was about.
type OpError struct {
	Call string         // "connect", "bind", …
	Addr netip.AddrPort // invalid where the call has none
	Err  error          // a syscall.Errno inside, a *net.DNSError, or ErrInterrupted
}

// Error says "connect 127.0.0.1:3000: connection refused".
func (e *OpError) Error() string {
	if e.Addr.IsValid() {
		return fmt.Sprintf("%s %s: %v", e.Call, e.Addr, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Call, e.Err)
}

// Unwrap returns the cause.
func (e *OpError) Unwrap() error { return e.Err }

// PortError says that a word is no port: a mistake of whoever wrote it, and
// nothing has been tried.
type PortError struct {
	Port string // as it was written
	Why  string
}

// Error says `port 70000: a port is a number from 1 to 65535`.
func (e *PortError) Error() string { return "port " + e.Port + ": " + e.Why }

// ErrName returns the name of the system's error inside err as connect(2) and
// its like write it ("ECONNREFUSED"); for a name that was not resolved that of
// getaddrinfo(3) ("EAI_NONAME", "EAI_AGAIN"); "EINTR" for a call that was
// interrupted; and "" where there is none.
func ErrName(err error) string {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrInterrupted):
		return "EINTR"
	case errors.As(err, &dns) && !dns.IsNotFound && (dns.IsTemporary || dns.IsTimeout):
		return "EAI_AGAIN"
	case errors.As(err, &dns):
		return "EAI_NONAME"
	case errors.As(err, &errno):
		return errnoName(errno)
	}
	return ""
}

// Hint returns what a person can do about err, in one line without a full
// stop, and "" where nothing better is known than the error itself.
func Hint(err error) string {
	var op *OpError
	if !errors.As(err, &op) {
		op = &OpError{}
	}
	switch name := ErrName(err); name {
	case "EADDRINUSE":
		return hintInUse(op)
	case "EADDRNOTAVAIL":
		return hintNotAvailable(op)
	case "EACCES", "EPERM":
		return hintNotPermitted(op)
	case "EAI_NONAME":
		if s := hintOtherFamily(err); s != "" {
			return s
		}
		return "is the name spelled rightly, and does it have an address of the family asked for (-4, -6)? try " + lookupCommand(err)
	case "EAI_AGAIN":
		return "the name server did not answer: is this machine online? an address in figures needs no name server"
	case "ECONNREFUSED":
		return fmt.Sprintf("no program there listens on port %d of that address, or a firewall refuses in its name: on that machine, ss -ltn lists what listens", op.Addr.Port())
	case "ETIMEDOUT":
		if op.Call == "accept" {
			return fmt.Sprintf("nobody has connected: does the other side name an address of this machine (ip address) and port %d? or a firewall drops what it sends", op.Addr.Port())
		}
		return "nothing answered: the machine is off, the address is wrong, or a firewall drops what is sent to it"
	case "EHOSTUNREACH":
		return "the machine could not be reached: it is off, or the address is wrong, or a router says so; try ping " + op.Addr.Addr().String()
	case "ENETUNREACH", "EINVAL":
		return hintNoRoute(name, op)
	case "EAFNOSUPPORT":
		return "this machine does not have that family of addresses switched on"
	case "EMFILE", "ENFILE":
		return "too many open files: ulimit -Hn shows the limit; a new terminal has the usual one"
	case "ECONNRESET":
		return "the other side threw the connection away (RST): its program ended, or closed with data unread"
	case "EPIPE":
		return "the other side has closed: what is sent now has no reader"
	}
	return ""
}

// hintOtherFamily is about an address in figures that -4 or -6 excludes; "" of
// anything else.
func hintOtherFamily(err error) string {
	var dns *net.DNSError
	if !errors.As(err, &dns) || dns.Err != otherFamily {
		return ""
	}
	flag, is := "-4", "IPv6"
	if a, _ := inFigures(dns.Name); a.Is4() {
		flag, is = "-6", "IPv4"
	}
	return fmt.Sprintf("leave %s out: %s is an address of %s", flag, dns.Name, is)
}

func hintInUse(op *OpError) string {
	if op.Addr.Port() == 0 {
		return "all local ports are in use, or still in TIME-WAIT from connections of the last minute"
	}
	return fmt.Sprintf("another program holds port %d, or a connection of the last run is in TIME-WAIT: %s", op.Addr.Port(), listCommand(op.Addr.Port()))
}

func hintNotAvailable(op *OpError) string {
	if op.Call == "connect" {
		return "no local address or port is left for this destination"
	}
	return fmt.Sprintf("%s is not an address of this machine: %s", op.Addr.Addr(), addressCommand())
}

// hintNoRoute is about addresses that nothing is sent to, or bound to.
func hintNoRoute(name string, op *OpError) string {
	to := op.Addr.Addr()
	switch {
	case name == "EINVAL" && to.Is6() && to.IsLinkLocalUnicast() && to.Zone() == "":
		return fmt.Sprintf("a link-local address is on no network by itself: name the interface too, as in %s%%eth0 (%s)", to, addressCommand())
	case op.Call != "connect":
		return ""
	case to.IsMulticast():
		return "a multicast address is many machines': TCP is between two"
	case name == "ENETUNREACH":
		return "this machine has no route to that address, or it is a broadcast address: " + routeCommand(to)
	}
	return "this machine's own routes throw away what goes to that address: " + routeCommand(to)
}

func hintNotPermitted(op *OpError) string {
	switch {
	case op.Call == "bind" && op.Addr.Port() > 0 && op.Addr.Port() < FirstFreePort:
		return fmt.Sprintf("ports below %d are kept for root: choose a port from %d up, or use sudo", FirstFreePort, FirstFreePort)
	case op.Call == "connect":
		return "this machine's own firewall forbids it, or the address is a broadcast address"
	}
	return ""
}

// FirstFreePort is the lowest port that every user may bind, unless
// net.ipv4.ip_unprivileged_port_start says otherwise.
const FirstFreePort = 1024

func listCommand(port uint16) string {
	switch runtime.GOOS {
	case "linux":
		return fmt.Sprintf("ss -tanp 'sport = :%d'", port)
	case "windows":
		return fmt.Sprintf("netstat -ano -p TCP | findstr :%d", port)
	}
	return fmt.Sprintf("lsof -nP -iTCP:%d", port)
}

func addressCommand() string {
	switch runtime.GOOS {
	case "linux":
		return "ip address"
	case "windows":
		return "ipconfig"
	}
	return "ifconfig"
}

func routeCommand(to netip.Addr) string {
	switch runtime.GOOS {
	case "linux":
		return "ip route get " + to.WithZone("").String()
	case "windows":
		return "route print"
	}
	return "route -n get " + to.String()
}

func lookupCommand(err error) string {
	name := "NAME"
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.Name != "" {
		name = dns.Name
	}
	if runtime.GOOS == "linux" {
		return "getent ahosts " + name
	}
	return "nslookup " + name
}
