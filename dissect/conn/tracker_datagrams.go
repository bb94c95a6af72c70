package conn

import (
	"fmt"
	"slices"
	"strings"

	"tcpsee/dissect"
)

// PortCount is how many datagrams of UDP came that had a port at either end.
type PortCount struct {
	Port uint16
	N    int64
}

// Datagrams returns what has come of UDP at the ports of Options.Ports, those
// with none left out.
func (t *Tracker) Datagrams() []PortCount { return t.datagrams }

// datagram counts a datagram at a port that was asked for: perhaps UDP is used
// where TCP was meant. The first is told at once, but where QUIC is an ordinary
// thing beside TCP: then only while no connection is there.
func (t *Tracker) datagram(p *dissect.Packet) {
	port := p.Dst().Port()
	if !slices.Contains(t.options.Ports, port) {
		if port = p.Src().Port(); !slices.Contains(t.options.Ports, port) {
			return
		}
	}
	i := slices.IndexFunc(t.datagrams, func(c PortCount) bool { return c.Port == port })
	if i < 0 {
		i = len(t.datagrams)
		t.datagrams = append(t.datagrams, PortCount{Port: port})
	}
	t.datagrams[i].N++
	if t.datagrams[i].N > 1 || !t.options.Live || port == portQUIC && t.stats.Connections > 0 {
		return
	}
	ev := t.event(TypeWait)
	ev.Time, ev.Since = t.now, t.now.Sub(t.start)
	ev.Text = t.onlyDatagrams()
	t.silence.said = ev.Text
}

// onlyDatagrams says that UDP came where TCP was awaited; "" where none did.
func (t *Tracker) onlyDatagrams() string {
	var parts []string
	for _, c := range t.datagrams {
		parts = append(parts, plural(uint32(min(c.N, 1<<31)), "UDP datagram")+fmt.Sprintf(" on port %d", c.Port))
	}
	text := strings.Join(parts, ", ")
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return text + ": that is not TCP (" + t.datagrams[0].maker() + ")"
	}
	return text + ": that is not TCP"
}

// portQUIC is UDP's port of HTTP/3 (RFC 9114, section 3.1).
const portQUIC = 443

// maker says how datagrams at the port come about.
func (c PortCount) maker() string {
	if c.Port == portQUIC {
		return "QUIC: HTTP/3"
	}
	return "nc -u, SOCK_DGRAM"
}

// Why says of the datagrams why they are not drawn.
func (c PortCount) Why() string {
	return fmt.Sprintf("UDP on port %d, which is not TCP (%s)", c.Port, c.maker())
}
