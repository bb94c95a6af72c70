package dissect

// Ports of tunnels over UDP.
const (
	portGTPU      = 2152 // 3GPP TS 29.281
	portGTPC      = 2123 // carries no user's packets, but for some senders
	portGTP0      = 3386 // 3GPP TS 09.60
	portLISP      = 4341 // RFC 9300
	portAYIYA     = 5072 // draft-massar-v6ops-ayiya
	portCAPWAP    = 5247 // RFC 5415, data
	portTZSP      = 37008
	portMobileIP  = 434 // RFC 3519
	portJMirror   = 30030
	portLWAPP     = 12222 // RFC 5412, data
	portL2TP      = 1701  // RFC 2661
	portTeredo    = 3544  // RFC 4380
	portVXLAN     = 4789  // RFC 7348
	portVXLANOld  = 8472  // Linux before the assignment
	portVXLANGPE  = 4790  // draft-ietf-nvo3-vxlan-gpe
	portGREinUDP  = 4754  // RFC 8086
	portGeneve    = 6081  // RFC 8926
	portMPLSinUDP = 6635  // RFC 7510
)

const udpHeader = 8

// udp parses a UDP header, and the tunnel that its ports say if its first
// octets agree.
func (c *cursor) udp() step {
	if !c.need(udpHeader) {
		return stepDone
	}
	b := c.rest()
	p := c.p
	p.UDPSrc, p.UDPDst = be16(b), be16(b[2:])
	p.Content, p.extra = ContentUDP, true
	length := int(be16(b[4:]))
	if length == 0 && p.IP.Version == 6 { // longer than the field can say (RFC 2675, section 4)
		length = c.left()
	}
	if length < udpHeader {
		return c.fail(ProblemMalformed)
	}
	c.limit(length)
	c.take(LayerUDP, udpHeader)
	for _, port := range [2]uint16{min(p.UDPSrc, p.UDPDst), max(p.UDPSrc, p.UDPDst)} {
		if s := c.udpTunnel(port); s != stepDone || p.Content != ContentUDP {
			return s // which may be that the tunnel's header is all that can be followed
		}
	}
	return c.monitored()
}

func (c *cursor) udpTunnel(port uint16) step {
	switch port {
	case portVXLAN:
		return c.vxlan()
	case portVXLANOld:
		return c.vxlanOld()
	case portVXLANGPE:
		return c.vxlanGPE()
	case portGeneve:
		return c.geneve()
	case portGTPU, portGTPC, portGTP0:
		return c.gtpu()
	case portL2TP:
		return c.l2tp()
	case portTeredo:
		return c.teredo()
	case portGREinUDP:
		if b := c.rest(); len(b) >= 4 && b[0]&0x4f == 0 && b[1] == 0 {
			return stepGRE
		}
	case portMPLSinUDP:
		if len(c.rest()) >= 4 {
			return stepMPLS
		}
	case portLISP:
		return c.lisp()
	case portAYIYA:
		return c.ayiya()
	case portCAPWAP:
		return c.capwap()
	case portTZSP:
		return c.tzsp()
	case portLWAPP:
		return c.lwapp()
	case portMobileIP:
		return c.mobileIP()
	case portJMirror:
		return c.mirrored()
	}
	return stepDone
}

// inside takes a tunnel's header of n bytes.
func (c *cursor) inside(k LayerKind, n int, next step) step {
	c.take(k, n)
	c.p.Content = ContentOther
	return next
}

const (
	vxlanHeader = 8
	vxlanHasVNI = 0x08
	vxlanHasNP  = 0x04 // VXLAN-GPE: next protocol given
)

// vxlan parses the header of RFC 7348. Reserved fields are not looked at: some
// senders use them. Without the flag for the identifier, what follows must
// look like a frame.
func (c *cursor) vxlan() step {
	b := c.rest()
	if len(b) < vxlanHeader+ethernetHeader || b[0]&vxlanHasVNI == 0 && !plausibleEthernet(b[vxlanHeader:]) {
		return stepDone
	}
	return c.inside(LayerVXLAN, vxlanHeader, stepEthernet)
}

// vxlanOld is vxlan on a port that others use too: everything must fit.
func (c *cursor) vxlanOld() step {
	b := c.rest()
	if len(b) < vxlanHeader+ethernetHeader || be32(b) != vxlanHasVNI<<24 || b[7] != 0 || !plausibleEthernet(b[vxlanHeader:]) {
		return stepDone
	}
	return c.inside(LayerVXLAN, vxlanHeader, stepEthernet)
}

func (c *cursor) vxlanGPE() step {
	b := c.rest()
	if len(b) <= vxlanHeader {
		return stepDone
	}
	switch inner := b[vxlanHeader:]; b[3] {
	case 1:
		if inner[0]>>4 != 4 {
			return stepDone
		}
	case 2:
		if inner[0]>>4 != 6 {
			return stepDone
		}
	case 3:
		if !plausibleEthernet(inner) {
			return stepDone
		}
	default:
		if b[0]&vxlanHasNP == 0 {
			return stepDone
		}
	}
	c.inside(LayerVXLAN, vxlanHeader, stepDone)
	return c.nextProtocol(b[3])
}

// geneve parses the header of RFC 8926, section 3.
func (c *cursor) geneve() step {
	b := c.rest()
	if len(b) < 8 || b[0]>>6 != 0 {
		return stepDone
	}
	n := 8 + int(b[0]&0x3f)*4
	c.arg = be16(b[2:])
	if len(b) < n || !plausibleType(c.arg) {
		return stepDone
	}
	return c.inside(LayerGeneve, n, stepEtherType)
}

// GTP's first octet and message type (3GPP TS 29.281, section 5; version 0 is
// 3GPP TS 09.60, section 6).
const (
	gtpVersionMask = 0xf0
	gtpVersion1    = 0x30 // version 1, protocol type GTP
	gtpVersion0    = 0x10
	gtpExtension   = 0x04
	gtpOptional    = 0x07 // extension, sequence number, N-PDU number
	gtpTPDU        = 255
)

// gtpu parses the header of a user's packet with its extension headers.
func (c *cursor) gtpu() step {
	b := c.rest()
	if len(b) < 8 || b[1] != gtpTPDU {
		return stepDone
	}
	n, counted := 8, 8
	switch b[0] & gtpVersionMask {
	case gtpVersion0:
		n, counted = 20, 20
	case gtpVersion1:
		if n = gtpuHeader(b); n == 0 {
			return stepDone
		}
	default:
		return stepDone
	}
	if len(b) <= n {
		return stepDone
	}
	length := int(be16(b[2:])) + counted - n
	switch b[n] >> 4 {
	case 4, 6:
		c.inside(LayerGTPU, n, stepDone)
		c.limit(length)
		return stepIP
	}
	if plausibleEthernet(b[n:]) {
		c.inside(LayerGTPU, n, stepDone)
		c.limit(length)
		return stepEthernet
	}
	return stepDone
}

// gtpuHeader returns the length of a header of version 1, 0 where it does not
// fit into b.
func gtpuHeader(b []byte) int {
	n := 8
	if b[0]&gtpOptional == 0 {
		return n
	}
	if n += 4; len(b) < n {
		return 0
	}
	if b[0]&gtpExtension == 0 {
		return n
	}
	for next := b[n-1]; next != 0; next = b[n-1] {
		if len(b) <= n || b[n] == 0 || len(b) < n+int(b[n])*4 {
			return 0
		}
		n += int(b[n]) * 4
	}
	return n
}

// l2tp parses the header of a data message of L2TP version 2 (RFC 2661,
// section 3.1). What it carries is PPP.
func (c *cursor) l2tp() step {
	const control, hasLength, hasSeq, hasOffset = 0x8000, 0x4000, 0x0800, 0x0200
	b := c.rest()
	if len(b) < 6 {
		return stepDone
	}
	flags := be16(b)
	if flags&control != 0 || flags&0xf != 2 {
		return stepDone
	}
	n := 6
	if flags&hasLength != 0 {
		n += 2
	}
	if flags&hasSeq != 0 {
		n += 4
	}
	if flags&hasOffset != 0 {
		if n += 2; len(b) < n {
			return stepDone
		}
		n += int(be16(b[n-2:]))
	}
	if len(b) <= n {
		return stepDone
	}
	return c.inside(LayerL2TP, n, stepPPP)
}

// l2tpSession returns the identifiers of tunnel and session in a header of L2TP
// version 2.
func l2tpSession(b []byte) []byte {
	const hasLength = 0x40
	if b[0]&hasLength != 0 {
		return b[4:8]
	}
	return b[2:6]
}

// teredo parses the indicators that may stand before an IPv6 packet (RFC 4380,
// section 5.1.1).
func (c *cursor) teredo() step {
	b := c.rest()
	n := 0
	if len(b) >= 13 && be16(b) == 1 { // authentication
		n = 13 + int(b[2]) + int(b[3])
	}
	if len(b) >= n+8 && be16(b[n:]) == 0 { // origin
		n += 8
	}
	if len(b) <= n || b[n]>>4 != 6 {
		return stepDone
	}
	return c.inside(LayerTeredo, n, stepIPv6)
}

// etherIP parses the header of RFC 3378: version 3 and reserved bits.
func (c *cursor) etherIP() step {
	if !c.need(2) {
		return stepDone
	}
	c.take(LayerOther, 2)
	return stepEthernet
}

// pimRegister parses the header of a message that carries a packet to a
// rendezvous point (RFC 7761, section 4.9.3). A Null-Register carries but a
// header, or nothing.
func (c *cursor) pimRegister() step {
	const header, version2Register, null = 8, 0x21, 0x40
	if !c.need(header) {
		return stepDone
	}
	b := c.rest()
	if b[0] != version2Register || b[4]&null != 0 || c.left() == header {
		return c.fail(ProblemUnknownProto)
	}
	c.take(LayerOther, header)
	return stepIP
}

// GRE's flags (RFC 1701, RFC 2784, RFC 2890, RFC 2637).
const (
	greChecksum = 0x8000
	greRouting  = 0x4000
	greKey      = 0x2000
	greSequence = 0x1000
	greAck      = 0x0080 // version 1
	greVersion  = 0x0007

	greERSPAN  = 0x88be // types I and II
	greERSPAN3 = 0x22eb
	greWCCP    = 0x883e

	greFrameRelay = 0x6559
	greArista     = 0x6400
	greAruba      = 0x8200 // to 0x8370: IEEE 802.11
)

func (c *cursor) gre() step {
	if !c.need(4) {
		return stepDone
	}
	b := c.rest()
	flags, proto := be16(b), be16(b[2:])
	n, version := greFixed(flags), flags&greVersion
	if version > 1 {
		return c.fail(ProblemUnknownProto)
	}
	if flags&greRouting != 0 && version == 0 {
		for { // source route entries end with one of address family and length 0
			if !c.need(n + 4) {
				return stepDone
			}
			family, length := be16(b[n:]), int(b[n+3])
			if n += 4; family == 0 && length == 0 {
				break
			}
			n += length
		}
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerGRE, n)
	c.p.Content = ContentOther
	return c.greCarries(proto, flags)
}

// greFixed is the length of a GRE header without its routing entries.
func greFixed(flags uint16) int {
	n := 4
	if flags&(greChecksum|greRouting) != 0 {
		n += 4
	}
	if flags&greKey != 0 {
		n += 4
	}
	if flags&greSequence != 0 {
		n += 4
	}
	if flags&greVersion == 1 && flags&greAck != 0 {
		n += 4
	}
	return n
}

// greCall returns what a GRE header has of a key: in version 1 the call's
// identifier, behind a length (RFC 2637, section 4.1).
func greCall(b []byte) []byte {
	flags, at := be16(b), 4
	if flags&greKey == 0 {
		return nil
	}
	if flags&(greChecksum|greRouting) != 0 {
		at += 4
	}
	if flags&greVersion == 1 {
		return b[at+2 : at+4]
	}
	return b[at : at+4]
}

// greCarries follows what a GRE header says comes next.
func (c *cursor) greCarries(proto, flags uint16) step {
	switch proto {
	case greERSPAN:
		if flags&greSequence == 0 {
			return stepEthernet // type I has no header of its own
		}
		return stepERSPAN2
	case greERSPAN3:
		return stepERSPAN3
	case greFrameRelay:
		return stepFrameRelay
	case greArista:
		return stepEthernet
	case greWCCP:
		if b := c.rest(); len(b) > 4 && b[0]>>4 != 4 {
			c.take(LayerOther, 4) // redirect header of version 2
		}
		return stepIPv4
	}
	if proto >= greAruba && proto <= 0x8370 && proto&0xf == 0 {
		return step80211
	}
	if c.left() == 0 {
		return stepDone // an acknowledgement alone (RFC 2637, section 4.1)
	}
	c.arg = proto
	return stepEtherType
}

func (c *cursor) erspan2() step {
	if !c.need(8) {
		return stepDone
	}
	c.take(LayerERSPAN, 8)
	return stepEthernet
}

// erspan3 parses the header of type III, and the subheader that its last bit
// announces (draft-foschiano-erspan).
func (c *cursor) erspan3() step {
	n := 12
	if !c.need(n) {
		return stepDone
	}
	b := c.rest()
	if b[11]&1 != 0 {
		n += 8
	}
	if !c.need(n) {
		return stepDone
	}
	c.take(LayerERSPAN, n)
	if b[10]>>2&0x1f == 2 { // frame type IP
		return stepIP
	}
	return stepEthernet
}

// lisp parses the header of RFC 9300, section 5.1: flags and nonce, locator
// status bits.
func (c *cursor) lisp() step {
	b := c.rest()
	if len(b) < 9 || b[8]>>4 != 4 && b[8]>>4 != 6 {
		return stepDone
	}
	return c.inside(LayerLISP, 8, stepIP)
}

// ayiya parses the header of draft-massar-v6ops-ayiya: lengths of identity and
// signature, then the next header.
func (c *cursor) ayiya() step {
	b := c.rest()
	if len(b) < 8 {
		return stepDone
	}
	n := 8 + 1<<(b[0]>>4) + int(b[1]>>4)*4
	if len(b) <= n || b[3] != protoIPv4 && b[3] != protoIPv6 {
		return stepDone
	}
	return c.inside(LayerOther, n, stepIP)
}

// capwap parses the data header of RFC 5415, section 4.3.
func (c *cursor) capwap() step {
	const native, fragment, last, keepAlive = 0x0100, 0x0080, 0x0040, 0x0008
	b := c.rest()
	if len(b) < 8 || b[0] != 0 {
		return stepDone
	}
	flags := be16(b[2:])
	n := int(b[1]>>3) * 4
	if n < 8 || flags&keepAlive != 0 {
		return stepDone
	}
	if flags&fragment != 0 && len(b) > n {
		at := be16(b[6:]) &^ 7 // the rest is reserved
		c.inside(LayerCAPWAP, n, stepDone)
		return c.piece(Piece{CAPWAP: true, WLAN: flags&native != 0, More: flags&last == 0, Offset: int(at), Sequence: uint32(be16(b[4:]))})
	}
	if len(b) < n+ethernetHeader {
		return stepDone
	}
	if flags&native == 0 {
		return c.inside(LayerCAPWAP, n, stepEthernet)
	}
	return c.inside(LayerCAPWAP, n, stepCarried80211)
}

// carriedWLAN parses an IEEE 802.11 frame as access points send it to what
// controls them: often with the octets of its frame control swapped.
func (c *cursor) carriedWLAN() step {
	if !c.need(2) {
		return stepDone
	}
	b := c.rest()
	return c.wlanFrame(false, b[0]>>2&3 != wlanData && b[1]>>2&3 == wlanData)
}

// tzsp parses the header of TaZmen Sniffer Protocol, version 1: type, what it
// encapsulates, and tagged fields up to the end tag.
func (c *cursor) tzsp() step {
	const received, pad, end = 0, 0, 1
	b := c.rest()
	if len(b) < 5 || b[0] != 1 || b[1] != received {
		return stepDone
	}
	n := 4
	for n < len(b) && b[n] != end {
		if b[n] == pad {
			n++
			continue
		}
		if n+1 >= len(b) {
			return stepDone
		}
		n += 2 + int(b[n+1])
	}
	if n++; n > len(b) {
		return stepDone
	}
	next := tzspCarries(be16(b[2:]))
	if next == stepDone {
		return stepDone
	}
	return c.inside(LayerOther, n, next)
}

// tzspCarries returns what an encapsulation of TZSP begins with.
func tzspCarries(encapsulation uint16) step {
	switch encapsulation {
	case 1:
		return stepEthernet
	case 2:
		return stepTokenRing
	case 4:
		return stepPPP
	case 5:
		return stepFDDI
	case 7:
		return stepRaw
	case 18:
		return step80211
	case 119:
		return stepPrism
	case 127:
		return stepAVS
	}
	return stepDone
}
