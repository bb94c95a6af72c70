package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Microsoft Network Monitor's captures ("Capture File Format", in the help of
// Network Monitor 3.4): a header, records, and a table of where they stand. All
// numbers are little-endian.
const (
	netmonHeader   = 128
	netmonRecord1  = 8  // milliseconds, length on the wire, captured length
	netmonRecord2  = 16 // microseconds, the same
	netmonMaxMinor = 3  // no later version has come
)

var (
	netmonMagic1 = []byte("RTSS")
	netmonMagic2 = []byte("GMBU")
)

// netmonTrailers are how many bytes follow the packets of versions 2.0 to 2.3:
// their network type, since 2.1, the process, since 2.2, the time and its zone.
var netmonTrailers = [netmonMaxMinor + 1]int{0, 2, 6, 15}

// Network types. Those from netmonPcap on are link types of pcap files, and the
// highest are what Network Monitor says itself, which are no packets.
const (
	netmonATM      = 4
	netmonWireless = 6
	netmonPcap     = 0xe000
	netmonWiFi     = 0xe080 // Message Analyzer's own
	netmonOwnLast  = 0xe08a
	netmonPcapLast = 0xefff
	netmonSays     = 0xfff0
	netmonNumbers  = 0xfffb // the last of these that Wireshark numbers, but for netmonFilter
	netmonEvent    = 0xffe0 // of Windows, no packet
	netmonFilter   = 0xffff
)

// netmonLinks are the network types that are a link type of ours as they stand.
var netmonLinks = map[uint16]LinkType{
	0: LinkEthernet, // in captures of some tunnels
	1: LinkEthernet, 2: LinkTokenRing, 3: LinkFDDI, 7: LinkRaw, 8: LinkRaw, 9: LinkRaw,
}

// isNetmon reports whether a stream that begins with head is such a capture.
func isNetmon(head []byte) bool {
	return bytes.HasPrefix(head, netmonMagic1) || bytes.HasPrefix(head, netmonMagic2)
}

// netmonHead is what the file header says.
type netmonHead struct {
	major, minor byte
	network      uint16
	start        Stamp // of versions before 2.3
	tableAt      int64
	tableLen     int64
}

// readNetmonHead reads the header at b, which has netmonHeader bytes. odd says
// what is wrong with it.
func readNetmonHead(b []byte) (h netmonHead, odd string) {
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	h = netmonHead{major: b[5], minor: b[4], network: binary.LittleEndian.Uint16(b[6:])}
	if h.major != 1 && h.major != 2 {
		return h, fmt.Sprintf("Network Monitor version %d.%d is not known: 1 and 2 are", h.major, h.minor)
	}
	// The clock on the wall, without its zone. The reader's is taken, as in
	// Wireshark; the weekday, at 12, says nothing new.
	start := time.Date(u16(8), time.Month(u16(10)), u16(14), u16(16), u16(18), u16(20), u16(22)*1e6, time.Local)
	h.start, _ = clampStamp(0, start.Unix(), uint64(start.Nanosecond()))
	h.tableAt, h.tableLen = int64(binary.LittleEndian.Uint32(b[24:])), int64(binary.LittleEndian.Uint32(b[28:]))
	return h, ""
}

// recordHeader is how many bytes stand before each packet.
func (h *netmonHead) recordHeader() int {
	if h.major == 1 {
		return netmonRecord1
	}
	return netmonRecord2
}

// trailer is how many bytes follow each packet.
func (h *netmonHead) trailer() int {
	if h.major == 1 {
		return 0
	}
	return netmonTrailers[min(h.minor, netmonMaxMinor)]
}

// lens returns the captured length of the record at b, of which the header is
// there, and that on the wire.
func (h *netmonHead) lens(b []byte) (captured, original uint32) {
	if h.major == 1 {
		return uint32(binary.LittleEndian.Uint16(b[6:])), uint32(binary.LittleEndian.Uint16(b[4:]))
	}
	return binary.LittleEndian.Uint32(b[12:]), binary.LittleEndian.Uint32(b[8:])
}

// netmon parses what a netmonOrder gives.
type netmon struct {
	records
	netmonHead
	order   *netmonOrder
	oddTime bool // a time was found odd; once is enough
}

// parse implements format.
func (n *netmon) parse(b []byte, out []Frame, last bool) ([]Frame, int, int, *Fault) {
	return n.walk(n, b, out, last)
}

// finish implements format: it says where the order came to its end.
func (n *netmon) finish() *Fault {
	if n.order.why == "" {
		return nil
	}
	return n.led.fault(n.done+1, n.order.offset, "%s", n.order.why)
}

// headerSize implements layout. The order has read the file header.
func (n *netmon) headerSize() int { return 0 }

// header implements layout.
func (n *netmon) header([]byte) *Fault { return nil }

// measure implements layout.
func (n *netmon) measure(b []byte) (size int, fault *Fault) {
	head := netmonPlace + n.recordHeader()
	if len(b) < head {
		return head, nil
	}
	n.at = int64(binary.LittleEndian.Uint32(b))
	captured, _ := n.lens(b[netmonPlace:])
	return head + int(captured) + n.trailer(), nil
}

// frame implements layout.
func (n *netmon) frame(f *Frame, b []byte) bool {
	b = b[netmonPlace:]
	captured, original := n.lens(b)
	data, trailer := b[n.recordHeader():][:captured:captured], b[n.recordHeader()+int(captured):][:n.trailer()]
	network := n.network
	if n.trailer() > 0 {
		network = binary.LittleEndian.Uint16(trailer)
	}
	link, before, ok := netmonLink(network, data)
	if !ok {
		n.noFrame(network)
		return false
	}
	n.number(f)
	f.Time = n.stamp(b, trailer)
	f.Data, f.OrigLen = data[before:], max(int(original)-before, 0)
	f.Link, f.Interface = link, n.linkInterface(link)
	return true
}

// netmonLink returns the link type of packets of a network type, and how many
// bytes of data are before those.
func netmonLink(network uint16, data []byte) (link LinkType, before int, ok bool) {
	const (
		atmHeader      = 12 // two addresses, path and channel
		wirelessHeader = 3  // version, length of all
	)
	if l, ok := netmonLinks[network]; ok {
		return l, 0, true
	}
	switch {
	case network == netmonATM && len(data) > atmHeader+2 && bytes.HasPrefix(data[atmHeader:], []byte{0xaa, 0xaa, 3}):
		return LinkATMRFC1483, atmHeader, true
	case network == netmonWireless && len(data) >= wirelessHeader:
		return Link80211, min(max(int(binary.LittleEndian.Uint16(data[1:])), wirelessHeader), len(data)), true
	case network == netmonWiFi:
		return Link80211, 0, true
	case network > netmonWiFi && network <= netmonOwnLast:
		return 0, 0, false
	case network >= netmonPcap && network <= netmonPcapLast:
		return LinkType(network - netmonPcap), 0, true
	}
	return 0, 0, false
}

// noFrame counts a record that gives none. Wireshark numbers some of what
// Network Monitor says itself, and people quote its numbers.
func (n *netmon) noFrame(network uint16) {
	switch {
	case network > netmonNumbers && network < netmonFilter:
	case network == netmonEvent, network >= netmonSays:
		n.led.number++
	default:
		n.records.passOver("network type", int(network))
	}
}

// linkInterface returns the interface of a link type.
func (n *netmon) linkInterface(link LinkType) int {
	for i := range n.led.interfaces {
		if n.led.interfaces[i].Link == link {
			return i
		}
	}
	n.led.interfaces = append(n.led.interfaces, Interface{Link: link})
	return len(n.led.interfaces) - 1
}

// stamp returns when the packet of the record at b was captured.
func (n *netmon) stamp(b, trailer []byte) Stamp {
	const (
		second    = 1e7                  // in ticks of 100 ns, which Windows counts in
		unixEpoch = 11644473600 * second // since 1601
	)
	start, ticks := n.start, int64(0)
	switch {
	case n.major == 1:
		ticks = int64(binary.LittleEndian.Uint32(b)) * (second / 1000)
	case len(trailer) < netmonTrailers[netmonMaxMinor]:
		ticks = int64(binary.LittleEndian.Uint64(b) * 10) // it becomes one below 0 as ticks
	default:
		start = 0
		ticks = int64(min(binary.LittleEndian.Uint64(trailer[6:]), math.MaxInt64)) - unixEpoch
	}
	sum, held := addTicks(start, ticks)
	if !held && !n.oddTime {
		n.oddTime = true
		record, offset := n.place()
		n.led.find(*n.led.fault(record, offset, "a time is outside of the years 1677 to 2262; the nearest in them is shown"))
	}
	return sum
}

// addTicks adds ticks of 100 ns to a time, and reports whether the sum is a
// Stamp; the nearest one is given.
func addTicks(s Stamp, ticks int64) (sum Stamp, held bool) {
	const tick, most = 100, math.MaxInt64 / 100
	if ticks <= most && ticks >= -most {
		sum = s + Stamp(ticks)*tick
		if (sum >= s) == (ticks >= 0) && sum.Known() {
			return sum, true
		}
	}
	if ticks < 0 {
		return NoTime + 1, false
	}
	return math.MaxInt64, false
}
