package capture

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// packetHeadroom is how many bytes in front of each packet are ours to write
// to: for a VLAN tag that is put back, or a cooked header.
const packetHeadroom = 16

// arrival is what the kernel says about a packet beside its bytes.
type arrival struct {
	time    Stamp
	origLen int    // length on the wire, from the link header on
	status  uint32 // TP_STATUS_ bits
	tci     uint16 // VLAN tag control information
	tpid    uint16 // VLAN tag protocol identifier
	from    linkAddr
}

// linkAddr is struct sockaddr_ll (packet(7)).
type linkAddr struct {
	proto   uint16 // EtherType, in host order here
	index   int32
	hatype  uint16
	pkttype uint8
	halen   uint8
	addr    [8]byte
}

// readLinkAddr reads struct sockaddr_ll: family 2, protocol 2 (network
// order), index 4, hatype 2, pkttype 1, halen 1, addr 8.
func readLinkAddr(b []byte) (a linkAddr) {
	_ = b[unix.SizeofSockaddrLinklayer-1]
	a.proto = binary.BigEndian.Uint16(b[2:])
	a.index = int32(binary.NativeEndian.Uint32(b[4:]))
	a.hatype = binary.NativeEndian.Uint16(b[8:])
	a.pkttype, a.halen = b[10], b[11]
	copy(a.addr[:], b[12:20])
	return a
}

// add appends the packet in mem[start:end], whose network layer begins at
// net, to the batch. The packetHeadroom bytes before start and before net
// may be written to.
func (l *Live) add(mem []byte, start, net, end int, a *arrival) {
	if a.from.pkttype == unix.PACKET_OUTGOING && a.from.hatype == unix.ARPHRD_LOOPBACK {
		return // it comes in as well
	}
	link := linkOf(a.from.hatype, a.from.proto)
	origLen := a.origLen
	switch {
	case link == LinkEthernet && a.status&unix.TP_STATUS_VLAN_VALID != 0:
		start, origLen = restoreTag(mem, start, end, a), origLen+vlanTagLen
	case link == LinkSLL:
		origLen += start + sllLen - net
		start = writeSLL(mem, net, a)
		end = max(end, net)
	}
	l.frames = append(l.frames, Frame{
		Time:      a.time,
		Data:      mem[start:end:end],
		OrigLen:   origLen,
		Link:      link,
		Interface: l.interfaceAt(a.from.index, link),
		Direction: directionOf(a.from.pkttype),
		Checksums: checksumsOf(a.status),
		Dropped:   l.pending,
	})
	l.pending = 0
}

// directionOf reads sll_pkttype.
func directionOf(pkttype uint8) Direction {
	switch pkttype {
	case unix.PACKET_OUTGOING:
		return DirectionOut
	case unix.PACKET_HOST, unix.PACKET_BROADCAST, unix.PACKET_MULTICAST:
		return DirectionIn
	}
	return DirectionUnknown // for another host
}

// checksumsOf reads the status bits about checksums.
func checksumsOf(status uint32) Checksums {
	switch {
	case status&unix.TP_STATUS_CSUMNOTREADY != 0:
		return ChecksumsUnfinished
	case status&unix.TP_STATUS_CSUM_VALID != 0:
		return ChecksumsVerified
	}
	return ChecksumsUnsaid
}

const (
	etherAddrsLen = 12 // destination and source address
	vlanTagLen    = 4
	sllLen        = 16
)

// restoreTag puts the VLAN tag that the kernel took out back between source
// address and EtherType (IEEE 802.1Q, section 9.3), by moving the addresses
// into the headroom. It returns where the frame begins then.
func restoreTag(mem []byte, start, end int, a *arrival) int {
	if end-start < etherAddrsLen {
		return start // cut off before the place of the tag
	}
	tpid := a.tpid
	if a.status&unix.TP_STATUS_VLAN_TPID_VALID == 0 {
		tpid = unix.ETH_P_8021Q // kernels before 3.14 knew no other
	}
	at := start - vlanTagLen
	copy(mem[at:], mem[start:start+etherAddrsLen])
	binary.BigEndian.PutUint16(mem[at+etherAddrsLen:], tpid)
	binary.BigEndian.PutUint16(mem[at+etherAddrsLen+2:], a.tci)
	return at
}

// writeSLL writes a LINUX_SLL header (packet type 2, ARPHRD_ type 2, address
// length 2, address 8, EtherType 2, all in network order) in front of the
// network layer, and returns where it begins.
func writeSLL(mem []byte, net int, a *arrival) int {
	at := net - sllLen
	b := mem[at:net]
	binary.BigEndian.PutUint16(b[0:], uint16(a.from.pkttype))
	binary.BigEndian.PutUint16(b[2:], a.from.hatype)
	binary.BigEndian.PutUint16(b[4:], uint16(a.from.halen))
	copy(b[6:14], a.from.addr[:])
	binary.BigEndian.PutUint16(b[14:], a.from.proto)
	return at
}
