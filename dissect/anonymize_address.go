package dissect

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"net/netip"
)

// Mapping of an Anonymizer's key.
const (
	keyRounds = 100_000 // of PBKDF2, so that trying out words takes time
	keySalt   = "tcpsee anonymize"
	keyBytes  = 32

	maxMapped  = 1 << 16 // addresses of a kind whose new ones are remembered
	lowPort    = 1024    // ports below this one say which service it is, and stay
	clientPort = 32768   // most systems give clients ports from here on
)

// mapper gives addresses, link addresses and ports new ones, always the same
// to the same, different ones to different ones.
//
// IP addresses keep their prefixes: two that have the first n bits in common
// have exactly n in common afterwards. That is the construction of Xu, Fan,
// Ammar and Moon ("Prefix-preserving IP address anonymization", 2002): whether
// a bit is turned over depends on the key and on the bits before it. Bits on
// the way to a range with a meaning are not turned, so that what was in it
// stays in it, and nothing else comes into it.
type mapper struct {
	bits4, bits6, low6, group6, link cipher.Block

	ports *[1 << 16]uint16 // nil leaves them as they are
	ip    map[netip.Addr]netip.Addr
	mac   map[[6]byte][6]byte
}

func newMapper(key string, ports bool) (*mapper, error) {
	var master []byte
	var err error
	if key == "" {
		master = make([]byte, keyBytes)
		_, err = rand.Read(master)
	} else {
		master, err = pbkdf2.Key(sha256.New, key, []byte(keySalt), keyRounds, keyBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("anonymize: make a key: %w", err)
	}
	derive := func(use string) [sha256.Size]byte { return sha256.Sum256(append([]byte(use+":"), master...)) }
	m := &mapper{ip: make(map[netip.Addr]netip.Addr), mac: make(map[[6]byte][6]byte)}
	for use, b := range map[string]*cipher.Block{"ipv4": &m.bits4, "ipv6": &m.bits6, "ipv6 low": &m.low6, "group": &m.group6, "link": &m.link} {
		k := derive(use)
		if *b, err = aes.NewCipher(k[:]); err != nil {
			return nil, fmt.Errorf("anonymize: %w", err)
		}
	}
	if ports {
		m.ports = shuffledPorts(derive("ports"))
	}
	return m, nil
}

// shuffledPorts exchanges ports with each other: those that programs listen on,
// and those that systems give to clients, so that it can still be told which
// end is likely which. Those stay that say that a tunnel's header follows.
func shuffledPorts(seed [32]byte) *[1 << 16]uint16 {
	all := new([1 << 16]uint16)
	for i := range all {
		all[i] = uint16(i)
	}
	r := mathrand.New(mathrand.NewChaCha8(seed))
	for _, span := range [...][2]int{{lowPort, clientPort}, {clientPort, len(all)}} {
		var free []uint16
		for p := span[0]; p < span[1]; p++ {
			if !tunnelPort(uint16(p)) {
				free = append(free, uint16(p))
			}
		}
		for i, j := range r.Perm(len(free)) {
			all[free[i]] = free[j]
		}
	}
	return all
}

func tunnelPort(p uint16) bool {
	switch p {
	case portGTPU, portGTPC, portGTP0, portLISP, portAYIYA, portCAPWAP, portTZSP, portL2TP, portTeredo,
		portVXLAN, portVXLANOld, portVXLANGPE, portGREinUDP, portGeneve, portMPLSinUDP:
		return true
	}
	return false
}

func (m *mapper) port(p uint16) uint16 {
	if m.ports == nil {
		return p
	}
	return m.ports[p]
}

// turn returns the first bit of the key's answer to the n bits that b begins
// with, as 0 or 0x80. The bits are marked off by a 1, so that no two beginnings
// are the same block. n is at most 127.
func turn(block cipher.Block, b []byte, n int) byte {
	var in, out [aes.BlockSize]byte
	copy(in[:], b[:(n+7)/8])
	in[n/8] &= ^byte(0xff >> (n % 8))
	in[n/8] |= 0x80 >> (n % 8)
	block.Encrypt(out[:], in[:])
	return out[0] & 0x80
}

// turnAll returns b with its bits from the given one on turned over where the
// key and the bits before say so. fixed, where not nil, tells which are left.
func turnAll(block cipher.Block, b []byte, from int, fixed func(n int) bool) []byte {
	out := append([]byte(nil), b...)
	for n := from; n < 8*len(b); n++ {
		if fixed == nil || !fixed(n) {
			out[n/8] ^= turn(block, b, n) >> (n % 8)
		}
	}
	return out
}

// rangeOf is a range of addresses with a meaning.
type rangeOf struct {
	netip.Prefix
	whole bool // its addresses stay as they are; else what is behind the prefix is changed
}

// ranges4 and ranges6 are listed in the IANA special-purpose address
// registries (RFC 6890) and, for multicast, in RFC 5771.
var ranges4 = [...]rangeOf{
	{netip.MustParsePrefix("0.0.0.0/8"), true},
	{netip.MustParsePrefix("10.0.0.0/8"), false},
	{netip.MustParsePrefix("100.64.0.0/10"), false},
	{netip.MustParsePrefix("127.0.0.0/8"), true},
	{netip.MustParsePrefix("169.254.0.0/16"), false},
	{netip.MustParsePrefix("172.16.0.0/12"), false},
	{netip.MustParsePrefix("192.168.0.0/16"), false},
	{netip.MustParsePrefix("224.0.0.0/4"), true},
	{netip.MustParsePrefix("255.255.255.255/32"), true},
}

var ranges6 = [...]rangeOf{
	{netip.MustParsePrefix("::/96"), false}, // unspecified, loopback, and IPv4 addresses behind zeros
	{netip.MustParsePrefix("64:ff9b::/96"), false},
	{netip.MustParsePrefix("fc00::/8"), false},
	{netip.MustParsePrefix("fd00::/8"), false},
	{netip.MustParsePrefix("fe80::/64"), false},
	{netip.MustParsePrefix("ff00::/8"), false},
}

// lowBits is how many bits at the end of an IPv6 address change by themselves,
// whatever stands before them: a solicited-node group (RFC 4291, section
// 2.7.1) shows only these, and must go on belonging to its address.
const lowBits = 24

// addr returns the new address. The zone of a is lost.
func (m *mapper) addr(a netip.Addr) netip.Addr {
	a = a.WithZone("")
	if b, ok := m.ip[a]; ok {
		return b
	}
	var b netip.Addr
	switch {
	case a.Is4():
		b = m.addr4(a)
	case a.Is4In6():
		four := m.addr4(a.Unmap()).As4()
		b = netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: four[0], 13: four[1], 14: four[2], 15: four[3]})
	case a.Is6():
		b = m.addr6(a)
	default:
		return a
	}
	if len(m.ip) >= maxMapped {
		clear(m.ip)
	}
	m.ip[a] = b
	return b
}

func (m *mapper) addr4(a netip.Addr) netip.Addr {
	for _, r := range ranges4 {
		if r.whole && r.Contains(a) {
			return a
		}
	}
	raw := a.As4()
	out := turnAll(m.bits4, raw[:], 0, func(n int) bool { return leads(ranges4[:], a, n) })
	return netip.AddrFrom4([4]byte(out))
}

// leads reports whether the first n bits of a are on the way to one of the
// ranges.
func leads(ranges []rangeOf, a netip.Addr, n int) bool {
	for _, r := range ranges {
		if n >= r.Bits() {
			continue
		}
		if p, err := a.Prefix(n); err == nil && p.Contains(r.Addr()) {
			return true
		}
	}
	return false
}

func (m *mapper) addr6(a netip.Addr) netip.Addr {
	raw := a.As16()
	if raw[0] == 0xff {
		return netip.AddrFrom16(m.group(raw))
	}
	for _, r := range ranges6[:2] {
		if r.Contains(a) { // with an IPv4 address in it
			four := m.addr(netip.AddrFrom4([4]byte(raw[12:]))).As4()
			copy(raw[12:], four[:])
			return netip.AddrFrom16(raw)
		}
	}
	high := len(raw) - lowBits/8
	out := turnAll(m.bits6, raw[:high], 0, func(n int) bool { return leads(ranges6[:], a, n) })
	return netip.AddrFrom16([16]byte(append(out, m.low([3]byte(raw[high:]))...)))
}

// low returns what becomes of the last bits of an IPv6 address.
func (m *mapper) low(b [3]byte) []byte { return turnAll(m.low6, b[:], 0, nil) }

// group changes IPv6 multicast addresses (RFC 4291, section 2.7): what a
// solicited-node group shows of an address as the address changes, and all
// that follows flags and scope in those that are not permanent, for there may
// be a network's prefix in them (RFC 3306). The others mean the same
// everywhere, and stay.
func (m *mapper) group(raw [16]byte) [16]byte {
	const transient = 0x10
	switch {
	case [13]byte(raw[:13]) == [13]byte{0xff, 0x02, 11: 0x01, 12: 0xff}:
		copy(raw[13:], m.low([3]byte(raw[13:])))
	case raw[1]&transient != 0:
		copy(raw[:], turnAll(m.group6, raw[:], 16, nil))
	}
	return raw
}

// linkAddr returns the new link address. It says of itself that it was made up
// (IEEE 802, section 8.4: locally administered), so that no maker's name is
// read into it. Groups stay where they mean the same everywhere.
func (m *mapper) linkAddr(a [6]byte) [6]byte {
	switch {
	case a == [6]byte{}, a == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
		return a // loopback; broadcast
	case a[0] == 0x33 && a[1] == 0x33 && a[2] == 0xff: // RFC 2464, section 7: the end of a solicited-node group
		copy(a[3:], m.low([3]byte(a[3:])))
		return a
	case a[0] == 0x33 && a[1] == 0x33, wellKnownGroup(a):
		return a
	}
	if b, ok := m.mac[a]; ok {
		return b
	}
	var block [aes.BlockSize]byte
	copy(block[:], a[:])
	m.link.Encrypt(block[:], block[:])
	b := [6]byte(block[:6])
	b[0] = 0x02 | a[0]&0x01
	if len(m.mac) >= maxMapped {
		clear(m.mac)
	}
	m.mac[a] = b
	return b
}

// wellKnownGroup reports whether a is a group address of IPv4 multicast (RFC
// 1112), of IEEE 802.1's protocols or of Cisco's.
func wellKnownGroup(a [6]byte) bool {
	switch binary.BigEndian.Uint32(a[:]) >> 8 {
	case 0x01005e, 0x0180c2, 0x01000c, 0x03000c:
		return true
	}
	return false
}
