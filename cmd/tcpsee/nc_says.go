package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/dissect/conn"
)

// What OpenBSD's nc -v says, where it says it: after listen(), after accept(),
// and after each connect(). With -v it stands between the rows of connect and
// listen, which are in nc's place.

// says puts a sentence of nc -v into the picture.
func (d *driven) says(from conn.Side, local, remote netip.AddrPort, format string, a ...any) {
	if d.fl.verbose {
		d.calls.put(timedCall{at: capture.StampOf(time.Now()), call: conn.Call{From: from, Local: local, Remote: remote,
			Remark: "nc -v says: " + fmt.Sprintf(format, a...)}})
	}
}

// saysConnected is what nc says when connect() has come back.
func (d *driven) saysConnected(host string, c *drive.Conn) {
	if c.Local() == c.Remote() {
		d.note(fmt.Sprintf("this socket has called itself, for its own port is %d too: no server answers, and what is typed comes back", c.Remote().Port()))
	}
	d.says(conn.Client, c.Local(), c.Remote(), "Connection to %s %d port [tcp/%s] succeeded!",
		hostAndAddress(host, c.Remote().Addr()), c.Remote().Port(), d.service)
}

// saysFailed is what nc says when connect() has failed with an error of the
// system; of Ctrl-C it says nothing.
func (d *driven) saysFailed(host string, local, remote netip.AddrPort, err error) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return
	}
	d.says(conn.Client, local, remote, "nc: connect to %s port %d (tcp) failed: %s",
		hostAndAddress(host, remote.Addr()), remote.Port(), capital(errno.Error()))
}

// capital writes an error as strerror(3) does.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// hostAndAddress is a name with its address, or an address alone.
func hostAndAddress(host string, a netip.Addr) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	return fmt.Sprintf("%s (%s)", host, a)
}
