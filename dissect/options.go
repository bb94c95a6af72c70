package dissect

import (
	"encoding/hex"
	"iter"
	"strconv"
	"time"
)

// Kinds of TCP options that are understood
// (https://www.iana.org/assignments/tcp-parameters).
const (
	OptionEnd           = 0
	OptionNOP           = 1
	OptionMSS           = 2  // RFC 9293, section 3.7.1
	OptionWindowScale   = 3  // RFC 7323, section 2
	OptionSACKPermitted = 4  // RFC 2018, section 2
	OptionSACK          = 5  // RFC 2018, section 3
	OptionTimestamps    = 8  // RFC 7323, section 3
	OptionMD5           = 19 // RFC 2385
	OptionUserTimeout   = 28 // RFC 5482
	OptionAO            = 29 // RFC 5925
	OptionMPTCP         = 30 // RFC 8684
	OptionFastOpen      = 34 // RFC 7413
	OptionExperiment1   = 253
	OptionExperiment2   = 254 // RFC 6994

	fastOpenExperiment = 0xf989 // identifier of early Fast Open under OptionExperiment2
)

// OptionBits says which options a segment has.
type OptionBits uint16

// The bits of OptionBits.
const (
	HasMSS OptionBits = 1 << iota
	HasWindowScale
	HasSACKPermitted
	HasSACK
	HasTimestamps
	HasFastOpen
	HasMPTCP
	HasMD5
	HasAO
	HasUserTimeout
	HasOtherOption   // of a kind that Options has no field for
	OptionsMalformed // a length that cannot be; what came before it holds
	OptionsCut       // the capture ends inside of the options
)

// MaxSACKBlocks is how many blocks fit into a TCP header.
const MaxSACKBlocks = 4

// SACKBlock is a range of bytes that arrived: Left ≤ n < Right.
type SACKBlock struct{ Left, Right Seq }

// Options are the TCP options of a segment. A field holds only if its bit is
// set in Has.
type Options struct {
	Has         OptionBits
	MSS         uint16
	WindowScale uint8  // shift count as sent; more than 14 counts as 14 (RFC 7323, section 2.3)
	NumSACK     uint8  // of SACK
	MPTCP       uint16 // bit n is set where subtype n is there
	TSVal       uint32
	TSEcr       uint32
	UserTimeout time.Duration
	FastOpen    []byte // cookie, empty in a request for one; belongs to the frame
	SACK        [MaxSACKBlocks]SACKBlock
}

// RawOption is one option as it stands in the header.
type RawOption struct {
	Kind   uint8
	Offset int    // from the first byte of the options
	Bytes  []byte // kind and length included
	Data   []byte // without them
	Bad    bool   // its length cannot be; Bytes is all that follows
}

// RawOptions yields the options one after the other, padding included, up to
// the end of the list or the first that is bad.
func (t *TCP) RawOptions() iter.Seq[RawOption] {
	return func(yield func(RawOption) bool) {
		for at := 0; at < len(t.Options); {
			o := rawOption(t.Options, at)
			if !yield(o) || o.Bad || o.Kind == OptionEnd {
				return
			}
			at += len(o.Bytes)
		}
	}
}

// OptionsCut reports whether the capture ends inside of the options: the last
// of RawOptions is then bad, or some are missing, and nobody is to blame.
func (t *TCP) OptionsCut() bool { return tcpHeader+len(t.Options) < int(t.Header) }

// Misfit reports whether an option that is not Bad has a length that its kind
// does not have.
func (o *RawOption) Misfit() bool {
	var x Options
	return !o.Bad && o.Kind > OptionNOP && !x.take(o.Kind, o.Data)
}

// rawOption returns the option at a place in b.
func rawOption(b []byte, at int) RawOption {
	o := RawOption{Kind: b[at], Offset: at, Bytes: b[at : at+1 : at+1]}
	if o.Kind <= OptionNOP {
		return o
	}
	if at+1 == len(b) || b[at+1] < 2 || at+int(b[at+1]) > len(b) {
		o.Bad, o.Bytes = true, b[at:]
		return o
	}
	end := at + int(b[at+1])
	o.Bytes, o.Data = b[at:end:end], b[at+2:end:end]
	return o
}

// ParseOptions fills o with the options of the segment, whatever it held
// before. It does not allocate; o.FastOpen refers to the frame.
func (t *TCP) ParseOptions(o *Options) {
	*o = Options{}
	b := t.Options
	if len(b) == 12 && be32(b) == OptionNOP<<24|OptionNOP<<16|OptionTimestamps<<8|10 && !t.OptionsCut() {
		o.Has, o.TSVal, o.TSEcr = HasTimestamps, be32(b[4:]), be32(b[8:])
		return
	}
	for at := 0; at < len(b) && b[at] != OptionEnd; {
		if b[at] == OptionNOP {
			at++
			continue
		}
		raw := rawOption(b, at)
		if raw.Bad {
			if t.OptionsCut() {
				o.Has |= OptionsCut
			} else {
				o.Has |= OptionsMalformed
			}
			return
		}
		if !o.take(raw.Kind, raw.Data) {
			o.Has |= OptionsMalformed
		}
		at += len(raw.Bytes)
	}
	if t.OptionsCut() {
		o.Has |= OptionsCut
	}
}

// take keeps one option, and returns false where its length is not that of
// its kind.
func (o *Options) take(kind uint8, d []byte) bool {
	switch {
	case kind == OptionMSS && len(d) == 2:
		o.Has, o.MSS = o.Has|HasMSS, be16(d)
	case kind == OptionWindowScale && len(d) == 1:
		o.Has, o.WindowScale = o.Has|HasWindowScale, d[0]
	case kind == OptionSACKPermitted && len(d) == 0:
		o.Has |= HasSACKPermitted
	case kind == OptionSACK && len(d)%8 == 0:
		o.Has |= HasSACK
		for ; len(d) > 0 && o.NumSACK < MaxSACKBlocks; d = d[8:] {
			o.SACK[o.NumSACK] = SACKBlock{Seq(be32(d)), Seq(be32(d[4:]))}
			o.NumSACK++
		}
	case kind == OptionTimestamps && len(d) == 8:
		o.Has, o.TSVal, o.TSEcr = o.Has|HasTimestamps, be32(d), be32(d[4:])
	case kind == OptionFastOpen && (len(d) == 0 || len(d) >= 4 && len(d) <= 16):
		o.Has, o.FastOpen = o.Has|HasFastOpen, d
	case kind == OptionExperiment2 && len(d) >= 2 && be16(d) == fastOpenExperiment:
		o.Has, o.FastOpen = o.Has|HasFastOpen, d[2:]
	case kind == OptionMPTCP && len(d) >= 1:
		o.Has, o.MPTCP = o.Has|HasMPTCP, o.MPTCP|1<<(d[0]>>4)
	case kind == OptionMD5 && len(d) == 16:
		o.Has |= HasMD5
	case kind == OptionAO && len(d) >= 2:
		o.Has |= HasAO
	case kind == OptionUserTimeout && len(d) == 2:
		o.Has, o.UserTimeout = o.Has|HasUserTimeout, userTimeout(be16(d))
	default:
		return o.takeOther(kind)
	}
	return true
}

// takeOther is take for kinds without a field; for the others it says that
// their length is wrong.
func (o *Options) takeOther(kind uint8) bool {
	switch kind {
	case OptionMSS, OptionWindowScale, OptionSACKPermitted, OptionSACK, OptionTimestamps,
		OptionFastOpen, OptionMPTCP, OptionMD5, OptionAO, OptionUserTimeout:
		return false
	}
	o.Has |= HasOtherOption
	return true
}

// userTimeout interprets the value of RFC 5482, section 3: the first bit says
// minutes, else seconds.
func userTimeout(v uint16) time.Duration {
	if v&0x8000 != 0 {
		return time.Duration(v&0x7fff) * time.Minute
	}
	return time.Duration(v) * time.Second
}

// Append appends the options in their usual short form, separated by spaces:
// mss=1460 sackOK ts=123/0 wscale=7. A Fast Open request for a cookie is
// tfo=?, several MPTCP subtypes are joined by commas.
func (o *Options) Append(b []byte) []byte {
	start := len(b)
	word := func(s string) {
		if len(b) > start {
			b = append(b, ' ')
		}
		b = append(b, s...)
	}
	number := func(s string, v uint64) {
		word(s)
		b = strconv.AppendUint(b, v, 10)
	}
	if o.Has&HasMSS != 0 {
		number("mss=", uint64(o.MSS))
	}
	if o.Has&HasSACKPermitted != 0 {
		word("sackOK")
	}
	if o.Has&HasTimestamps != 0 {
		number("ts=", uint64(o.TSVal))
		b = strconv.AppendUint(append(b, '/'), uint64(o.TSEcr), 10)
	}
	if o.Has&HasWindowScale != 0 {
		number("wscale=", uint64(o.WindowScale))
	}
	if o.Has&HasSACK != 0 {
		word("sack=")
		b = o.appendSACK(b)
	}
	if o.Has&HasFastOpen != 0 {
		if word("tfo="); len(o.FastOpen) == 0 {
			b = append(b, '?')
		}
		b = hex.AppendEncode(b, o.FastOpen)
	}
	if o.Has&HasMPTCP != 0 {
		word("mptcp=")
		b = o.appendMPTCP(b)
	}
	if o.Has&HasUserTimeout != 0 {
		word("uto=" + o.UserTimeout.String())
	}
	for _, flag := range [...]struct {
		bit  OptionBits
		word string
	}{{HasMD5, "md5"}, {HasAO, "ao"}, {HasOtherOption, "other"}, {OptionsCut, "cut"}, {OptionsMalformed, "malformed"}} {
		if o.Has&flag.bit != 0 {
			word(flag.word)
		}
	}
	return b
}

func (o *Options) appendSACK(b []byte) []byte {
	for i, s := range o.SACK[:o.NumSACK] {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(s.Left), 10)
		b = strconv.AppendUint(append(b, '-'), uint64(s.Right), 10)
	}
	return b
}

func (o *Options) appendMPTCP(b []byte) []byte {
	first := true
	for n := range 16 {
		if o.MPTCP&(1<<n) == 0 {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		b, first = append(b, MPTCPName(uint8(n))...), false
	}
	return b
}

// String returns the options as Append does.
func (o *Options) String() string { return string(o.Append(nil)) }

// OptionName returns the name under which a kind of TCP option is registered.
func OptionName(kind uint8) string {
	if n, ok := optionNames[kind]; ok {
		return n
	}
	return "unassigned"
}

var optionNames = map[uint8]string{
	0: "end of option list", 1: "no-operation", 2: "maximum segment size", 3: "window scale", 4: "SACK permitted",
	5: "SACK", 6: "echo", 7: "echo reply", 8: "timestamps", 9: "partial order connection permitted",
	10: "partial order service profile", 11: "CC", 12: "CC.NEW", 13: "CC.ECHO", 14: "alternate checksum request",
	15: "alternate checksum data", 16: "Skeeter", 17: "Bubba", 18: "trailer checksum", 19: "MD5 signature",
	20: "SCPS capabilities", 21: "selective negative acknowledgements", 22: "record boundaries",
	23: "corruption experienced", 24: "SNAP", 26: "TCP compression filter", 27: "quick-start response",
	28: "user timeout", 29: "TCP authentication (TCP-AO)", 30: "multipath TCP (MPTCP)", 34: "TCP Fast Open cookie",
	69: "encryption negotiation (TCP-ENO)", 172: "accurate ECN order 0 (AccECN0)", 174: "accurate ECN order 1 (AccECN1)",
	253: "experiment 1 (RFC 3692)", 254: "experiment 2 (RFC 3692)",
}

// MPTCPName returns the name of a subtype of the MPTCP option (RFC 8684,
// section 8.1).
func MPTCPName(subtype uint8) string {
	if int(subtype) < len(mptcpNames) {
		return mptcpNames[subtype]
	}
	if subtype == 15 {
		return "MP_EXPERIMENTAL"
	}
	return "unassigned"
}

var mptcpNames = [...]string{
	"MP_CAPABLE", "MP_JOIN", "DSS", "ADD_ADDR", "REMOVE_ADDR", "MP_PRIO", "MP_FAIL", "MP_FASTCLOSE", "MP_TCPRST",
}
