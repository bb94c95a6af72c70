package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"tcpsee/capture/drive"
	"tcpsee/dissect/conn"
)

// sockets asks the local system about its TCP sockets. That needs no right, so
// the process that has given up all of its own does it, as ss(8) does for any
// user. Its methods do nothing on nil: where the system cannot be asked.
type sockets struct {
	diag *diagDump

	at    time.Time // of what follows
	list  []socketInfo
	udp   []socketInfo
	own   ownAddresses
	clock func() time.Time
}

// socketInfo is what the system says of one socket.
type socketInfo struct {
	local, remote netip.AddrPort
	state         uint8
	waiting, room uint32        // of one that listens: connections to be accepted, and how many may wait
	left          time.Duration // of one in TIME-WAIT: how long it stays
}

// socketsStay is for how long an answer is used again: a port scan refuses
// faster than a list can be made.
const socketsStay = 100 * time.Millisecond

// openSockets returns nil where the system cannot be asked.
func openSockets() *sockets {
	d, err := openDiagDump()
	if err != nil {
		return nil
	}
	return &sockets{diag: d, clock: time.Now}
}

func (s *sockets) close() {
	if s != nil {
		s.diag.close()
	}
}

// refresh makes a new list where the last one is old.
func (s *sockets) refresh() {
	if now := s.clock(); now.Sub(s.at) > socketsStay || now.Before(s.at) {
		s.at = now
		s.list, _ = s.diag.all(1<<stateListen, 0)
		s.udp, _ = s.diag.datagrams() // none, where the kernel cannot tell
	}
}

// listening returns the sockets that listen on the port of an endpoint of this
// machine; mine is false where the endpoint is another's.
func (s *sockets) listening(at netip.AddrPort) (list []conn.Listener, mine bool) {
	if s == nil {
		return nil, false
	}
	if !s.own.has(at.Addr(), s.clock()) {
		return nil, false
	}
	s.refresh()
	addr := at.Addr().Unmap().WithZone("")
	for _, x := range s.list {
		if x.local.Port() == at.Port() {
			list = append(list, conn.Listener{Addr: x.local.Addr(), Waiting: x.waiting, Room: x.room})
		}
	}
	for _, x := range s.udp {
		if x.local.Port() == at.Port() && reaches(x.local.Addr(), addr) {
			list = append(list, conn.Listener{Addr: x.local.Addr(), UDP: true})
		}
	}
	return list, true
}

// holdsDatagrams reports whether a program of this machine waits for datagrams at
// a port, as far as is known: they do not come by mistake.
func holdsDatagrams(port uint16) bool {
	s := openSockets()
	if s == nil {
		return false
	}
	defer s.close()
	s.refresh()
	return slices.ContainsFunc(s.udp, func(x socketInfo) bool { return x.local.Port() == port })
}

// reaches reports whether what is sent to an address comes to a socket that is
// bound to another, or to all.
func reaches(bound, addr netip.Addr) bool {
	return bound == addr || bound.IsUnspecified() && (bound.Is6() || addr.Is4())
}

// holders says which sockets hold a port, so that another program cannot bind
// it; "" where none is known.
func (s *sockets) holders(port uint16) string {
	if s == nil || port == 0 {
		return ""
	}
	list, err := s.diag.all(1<<stateListen|1<<stateTimeWait|1<<stateEstablished|1<<stateCloseWait|1<<stateFinWait2, port)
	if err != nil {
		return ""
	}
	return holdersText(list)
}

// maxHolders is how many sockets are named.
const maxHolders = 3

func holdersText(list []socketInfo) string {
	var words []string
	for _, want := range []uint8{stateListen, stateTimeWait, stateEstablished, stateCloseWait, stateFinWait2} {
		for _, x := range list {
			if x.state == want {
				words = append(words, x.holds())
			}
		}
	}
	if more := len(words) - maxHolders; more > 0 {
		words = append(words[:maxHolders], fmt.Sprintf("%d more", more))
	}
	return strings.Join(words, "; ")
}

func (x *socketInfo) holds() string {
	switch x.state {
	case stateListen:
		return fmt.Sprintf("a program listens at %v", x.local)
	case stateTimeWait:
		return fmt.Sprintf("the connection with %v is in TIME-WAIT for %d s more", x.remote, (x.left+time.Second-1)/time.Second)
	}
	return fmt.Sprintf("the connection with %v is not closed yet", x.remote)
}

// inUse adds to an error that says that a port is held which sockets do.
func inUse(err error, port string) error {
	if drive.ErrName(err) != "EADDRINUSE" {
		return err
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	s := openSockets()
	defer s.close()
	if why := s.holders(uint16(n)); why != "" {
		return withHint(err, why+". Whose that is: sudo ss -tanp 'sport = :"+port+"'")
	}
	return err
}

// explain adds to a call that failed, for a port is held, which sockets do.
func (s *sockets) explain(c *conn.Call) {
	if s == nil || c.Result != "EADDRINUSE" || c.Name != "bind" && c.Name != "listen" {
		return
	}
	if why := s.holders(c.Local.Port()); why != "" {
		c.Error += ": " + why
	}
}
