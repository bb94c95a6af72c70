package conn

import (
	"encoding/binary"
	"math"

	"tcpsee/capture"
)

// entry is what every connection has: 128 bytes without a pointer. A
// connection of which only SYNs, their answer or an RST were seen has no more.
// Arrays of two are by direction: 0 is sent by the lower endpoint of key.
type entry struct {
	first, last capture.Stamp // its first and its last segment
	addrs       [4]uint64     // of key
	ports       uint32        // of key
	body        uint32        // number of its body; 0 is none
	lastFrame   uint32        // this and other frames count from firstFrame, see frameRef
	synLast     uint32        // the client's last SYN
	synAck      uint32        // first SYN-ACK
	base        [2]uint32     // relative numbers count from here
	next        [2]uint32     // highest byte sent, plus one
	ack         [2]uint32     // the ACK number that this direction sent last
	flags       flags
	firstFrame  count40 // its place
	number      count40
	hops        [2]uint8  // hop limits of the first SYN or SYN-ACK, of an RST that refuses; 0 is not known
	synTime     clock48   // of the client's last SYN; with flagHandshake how long the SYN-ACK took to come
	window      [2]uint16 // that it sent last, as in the header
	file        uint16
	scales      nibbles // window scales
	pair        nibbles // states
	mss         [2]kilo // that it announced; 0 is not known
	syns        uint8   // of the client; 255 is that or more
	synAcks     uint8
	complete    uint8 // Connection.Completeness
	tail        tail
}

// body is what a connection has besides once it carries more than its opening:
// again 128 bytes without a pointer.
type body struct {
	maxAck    [2]uint32 // highest byte that may be acknowledged without a gap, plus one
	segments  [2]uint32 // sent
	ledger    uint32    // number of its ledger; 0 is none
	side      uint32    // number of what is outstanding; 0 is none
	once      Labels    // labels that stood on one segment so far
	handshake uint32    // frame that completed it
	dataFirst [2]uint32 // frames
	dataLast  [2]uint32
	fin       [2]uint32
	finAcked  [2]uint32
	nextTime  [2]clock48 // when next moved
	seen      [2]clock48 // when this direction last sent
	dups      [2]dupCount
	bytes     [2]count48 // payload sent
	lastData  [2]clock48 // times of dataLast
	irtt      clock48    // as a duration
	ended     clock48    // first FIN or RST, with flagClosing
}

// ledger is what a troubled connection has besides.
type ledger struct {
	counts      [labelCount]uint32
	repeated    [2]uint64 // bytes of payload that were sent before (see unseenBefore)
	lowest      [2]uint32 // first sequence number of payload seen, where base does not tell
	probed      [2]uint32 // sequence number behind the last zero-window probe
	holes       uint32    // number of its holes; 0 is none
	marks       uint8     // which of these are set
	resends     [2]uint64 // segments with a label of resending
	zeroWindow  [2]uint32 // frame since which the window is zero; 0 once it opened
	probes      [2]uint32
	inVain      [2]uint32 // zero-window probes in a row that nothing has answered
	waited      [2]int64  // longest before a segment was sent again; in nanoseconds
	rst         uint32    // frame of the first RST
	rstBy       uint8     // its direction
	rstWas      [2]State  // both ends' states before it, by direction
	stray       stray     // the last RST whose sender went on
	back        back      // time that went back
	rstHops     uint8     // hop limit of the first RST
	rstTook     bool      // it ended the connection at the other end
	rstHeard    uint32    // segments that the other end had sent by then
	odd         uint32    // number of its oddities; 0 is none
	bare        bool      // it had no ACK
	owed        uint32    // with bare: bytes of the other end that its sender had not acknowledged
	silent      clock48   // how long its sender had not been heard; as a duration
	keeps       [2]uint32 // keep-alives in a row that nothing has answered
	keepFrame   [2]uint32 // the last of them
	began       uint32    // frame of the first SYN, where something of an older connection came before it; 0 where nothing did
	beganAt     clock48   // when that was
	older       uint32    // frame of an ACK that answered the SYN, and was of an older connection
	cleared     uint32    // frame of the RST that told the other end to forget that
	answers     bool      // the RST answers a SYN that was not captured
	turnedBack  bool      // and never left this machine, though it is in the name of another
	finEnd      [2]uint32 // with markFin0: the sequence number behind the FIN, which was sent since there is a ledger or that something went past
	again       [2]uint32 // times that the oldest byte outstanding was sent again
	againBytes  [2]uint32 // largest of those segments
	againFrame  [2]uint32
	againSeq    [2]uint32
	since       [2]uint32 // last frame of the other end after the second of those segments
	unheard     [2]uint32 // times in a row that what the other end had acknowledged was sent again
	unheardSeq  [2]uint32 // its number
	unheardLast [2]uint32 // frame of the last of those segments
	answered    [2]uint32 // last frame of the other end with an ACK since the first of them
	hops        [2]uint8  // hop limit that copies of one packet had most of; 0 where all had the same
	lags        [2]bool   // copies came later than one place's do
	icmpFrame   uint32
	icmpVersion uint8
	icmpType    uint8
	icmpCode    uint8
	icmpFrom    [16]byte
	icmpVia     [16]byte // end of the tunnel whose packet the error quotes, else 0
	icmpMTU     uint32
	icmpCount   uint32 // of such errors in a row; 0 is none
	closing     [2]Closing
}

// oddities are what few troubled connections have besides.
type oddities struct {
	rivals    rivals    // SYN-ACKs beside the one that counts
	outside   outsiders // segments far outside the window
	unfitACK  uint32    // frame of an RST that meets an ACK which fits no SYN-ACK
	unfitACKs uint32    // what that acknowledged, relative
	otherRST  uint32    // frame of an RST of the end that did not send the first one, with a hop limit that is not that of its handshake
	otherHops [2]uint8  // the hop limits of that handshake and of that RST
	otherBy   uint8     // its direction
}

// tail is what is known of a connection's end: the lowest bit is the direction
// of its last segment.
type tail uint8

const (
	tailTold   tail = 2 // a TypeVerdict event was given out
	tailSpread tail = 4 // its frames are not all in the file of the first one
	tailPlaced tail = 8 // it has a place in the queue of those that leave, closed or not
)

func (t tail) by() int { return int(t & 1) }

func (t *tail) setBy(d int) { *t = *t&^1 | tail(d&1) }

// flags are single facts of an entry.
type flags uint32

const (
	flagIPv6      flags = 1 << iota
	flagClientHi        // direction 1 is the client's
	flagInferred        // who is client was inferred
	flagKnown0          // next[0] is known
	flagKnown1          // next[1] is known
	flagBase0           // base[0] is known
	flagBase1           // base[1] is known
	flagSyn0            // direction 0 sent a SYN, with or without ACK: base is its ISS
	flagSyn1            // direction 1 did
	flagAcked0          // direction 0 has sent an ACK number
	flagAcked1          // direction 1 has
	flagKeep0           // the last segment of direction 0 was a keep-alive
	flagKeep1           //
	flagProbe0          // the last segment of direction 0 was a zero-window probe
	flagProbe1          //
	flagEarly0          // direction 0 has sent nothing but SYNs: its window is not scaled
	flagEarly1          //
	flagFin0            // direction 0 has sent FIN
	flagFin1            //
	flagSynAck          // a SYN-ACK was seen
	flagHandshake       // and the ACK that completes the handshake
	flagReset           // an RST was seen
	flagStray           // its last segment was a SYN or RST that does not fit: the answer is a challenge ACK
	flagQueued          // it is closed, and waits in the queue of those that leave
	flagCrossed         // both ends sent a SYN without ACK
	flagTFO             // the SYN carried data and a Fast Open cookie
	flagTFOData         // the SYN carried data
	flagHalfClose       // half-close was said
	flagDoubled         // a packet of it was captured twice
	flagReused          // its first SYN reused the ports
	flagRefused         // an RST answered its SYN
	flagUnscaled        // one end does not scale its window, so that neither does
)

func (f flags) has(x flags) bool { return f&x != 0 }

// of returns the flag x0 of direction d; x0's twin is the next bit.
func (f flags) of(x0 flags, d int) bool { return f&(x0<<d) != 0 }

func (f *flags) set(x flags) { *f |= x }

func (f *flags) put(x flags, on bool) {
	*f &^= x
	if on {
		*f |= x
	}
}

// client returns the direction of the client.
func (e *entry) client() int {
	if e.flags.has(flagClientHi) {
		return 1
	}
	return 0
}

// side returns whose direction d is.
func (e *entry) side(d int) Side { return Side(d ^ e.client()) }

// self reports whether both endpoints are the same.
func (e *entry) self() bool {
	return e.ports>>16 == e.ports&0xffff && e.addrs[1] == e.addrs[3] && e.addrs[0] == e.addrs[2]
}

// state returns the state of the end that sends in direction d.
func (e *entry) state(d int) State { return State(e.pair.get(d)) }

// scale returns the window scale of direction d, scaleUnknown where the
// options of a SYN were not seen. Where one end did not offer to scale it is 0.
func (e *entry) scale(d int) int { return int(e.scales.get(d)) }

func (e *entry) setScale(d, scale int) { e.scales.set(d, uint8(scale)) }

const (
	scaleMax     = 14 // RFC 7323, section 2.3
	scaleUnknown = 15
)

// frameRef makes a frame's place small: its distance from the connection's
// first frame, plus one; 0 is none. Four thousand million frames later it
// stays where it is.
func (e *entry) frameRef(at place) uint32 {
	return uint32(min(max(at-place(e.firstFrame.get()), 0)+1, math.MaxUint32))
}

// frame is the reverse of frameRef.
func (e *entry) frame(ref uint32) place {
	if ref == 0 {
		return 0
	}
	return place(e.firstFrame.get()) + place(ref) - 1
}

// clock48 is the lower 48 bits of a time in nanoseconds: enough to tell times
// that are at most 39 hours from one that is known.
type clock48 [6]byte

func clockOf(ns int64) (c clock48) { put48(&c, uint64(ns)); return c }

func put48(b *clock48, v uint64) {
	binary.LittleEndian.PutUint32(b[:4], uint32(v))
	binary.LittleEndian.PutUint16(b[4:], uint16(v>>32))
}

func get48(b *clock48) uint64 {
	return uint64(binary.LittleEndian.Uint32(b[:4])) | uint64(binary.LittleEndian.Uint16(b[4:]))<<32
}

// near returns the time closest to now that has these bits.
func (c clock48) near(now int64) int64 {
	d := (c.bits() - now) << 16 >> 16
	return now + d
}

// bits returns the bits as a number from 0: a duration of up to 78 hours.
func (c clock48) bits() int64 { return int64(get48(&c)) }

// durationOf returns d, from 0 to 78 hours, as a clock48.
func durationOf(d int64) clock48 { return clockOf(min(max(d, 0), 1<<48-1)) }

// count48 counts to 2^48.
type count48 clock48

func (c *count48) add(n uint64) { put48((*clock48)(c), c.get()+n) }

func (c *count48) get() uint64 { return get48((*clock48)(c)) }

// count40 counts to 2^40: a million million.
type count40 [5]byte

func (c *count40) add(n uint64) {
	n += c.get()
	binary.LittleEndian.PutUint32(c[:4], uint32(n))
	c[4] = byte(n >> 32)
}

func (c *count40) get() uint64 {
	return uint64(binary.LittleEndian.Uint32(c[:4])) | uint64(c[4])<<32
}

// dupCount counts the duplicate ACKs in a row that a direction sent, since its
// ACK number changed, and notes what else happened since then.
type dupCount uint16

const (
	dupTold   dupCount = 1 << 15 // no word of bytes that it sent unseen is needed any more
	dupAsked  dupCount = 1 << 14 // it sent bytes unseen: there may be duplicate ACKs among them
	dupCopied dupCount = 1 << 13 // an ACK was captured twice
	dupMax             = dupCopied - 1
)

func (d dupCount) n() int { return int(d & dupMax) }

// several reports whether there were two or more, or may have been.
func (d dupCount) several() bool {
	return d&dupMax >= 2 || d&dupAsked != 0 || d&dupCopied != 0 && d&dupMax > 0
}

// copied notes that an ACK was captured twice. A second such copy counts for
// what was asked as two duplicate ACKs do.
func (d *dupCount) copied() {
	if *d&dupCopied != 0 {
		*d |= dupAsked
	}
	*d |= dupCopied
}

func (d *dupCount) add() {
	if *d &^= dupAsked; *d&dupMax < dupMax {
		*d++
	}
}

// nibbles are two numbers from 0 to 15.
type nibbles uint8

func (n nibbles) get(i int) uint8 { return uint8(n>>(4*i)) & 15 }

func (n *nibbles) set(i int, v uint8) { *n = *n&^(15<<(4*i)) | nibbles(v&15)<<(4*i) }

// kilo is a segment size rounded up to a multiple of 256 bytes.
type kilo uint8

func kiloOf(n uint16) kilo { return kilo((min(uint32(n), 0xff00) + 255) / 256) }

func (k kilo) bytes() int { return int(k) * 256 }
