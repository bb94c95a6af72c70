package dissect

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// tcpFields is RFC 9293, section 3.1, each option included.
func tcpFields(r *fieldReader) {
	r.number("source port", 0, 16, "")
	r.number("destination port", 16, 16, "")
	sequence := "of its first byte of data"
	if r.value(110, 1) == 1 {
		sequence = "the initial one (ISS); data begin one later"
	}
	r.number("sequence number", 32, 32, sequence)
	meaning := "the next byte that is expected"
	if r.has(107, 1) && r.value(107, 1) == 0 {
		meaning = "not used: ACK is not set"
	}
	r.number("acknowledgment number", 64, 32, meaning)
	r.number("data offset", 96, 4, count(r.value(96, 4)*4, "byte"))
	r.group("flags", 100, 12, Flags(r.value(100, 12)).List(), func() {
		reserved := ""
		if r.value(100, 3) != 0 {
			reserved = "should be 0"
		}
		r.number("reserved", 100, 3, reserved)
		for i, f := range [...]struct{ name, meaning string }{
			{"AE", "accurate ECN"},
			{"CWR", "congestion window reduced"},
			{"ECE", "congestion was experienced"},
			{"URG", "urgent pointer holds"},
			{"ACK", "acknowledgment number holds"},
			{"PSH", "hand over to the application"},
			{"RST", "reset the connection"},
			{"SYN", "synchronize sequence numbers"},
			{"FIN", "no more data from the sender"},
		} {
			r.flag(f.name, 103+i, f.meaning)
		}
	})
	window := "before scaling"
	if r.value(110, 1) == 1 {
		window = "bytes: never scaled in a SYN"
	}
	r.number("window", 112, 16, window)
	r.hex("checksum", 128, 16, r.checksum())
	urgent := "not used: URG is not set"
	if r.value(106, 1) == 1 {
		urgent = "bytes from here to the end of urgent data"
	}
	r.number("urgent pointer", 144, 16, urgent)
	t := TCP{Ack: Seq(r.value(64, 32)), Options: r.b[min(tcpHeader, len(r.b)):], Header: int32(len(r.b))}
	for o := range t.RawOptions() {
		r.tcpOption(&t, o)
		if o.Kind == OptionEnd {
			at := tcpHeader + o.Offset + 1
			r.raw("padding", at, len(r.b)-at)
		}
	}
}

// List returns the names of the bits that are set, as people say them: SYN,
// ACK. It is "none" where no bit is set.
func (f Flags) List() string {
	if f&0xfff == 0 {
		return "none"
	}
	return strings.Join(f.Names(), ", ")
}

// tcpOption adds one option: kind, length and what its own standard says.
func (r *fieldReader) tcpOption(t *TCP, o RawOption) {
	at, n := tcpHeader+o.Offset, len(o.Bytes)
	name := OptionName(o.Kind)
	if name == "unassigned" {
		name = "option " + strconv.Itoa(int(o.Kind))
	}
	if o.Bad {
		r.badOption(name, at, n)
		return
	}
	f := Field{Name: name, Bit: at * 8, Bits: n * 8}
	if o.Kind <= OptionNOP {
		f.Value, f.Meaning = strconv.Itoa(int(o.Kind)), [...]string{"no options after this", "one byte of filling"}[o.Kind]
		r.fields = append(r.fields, f)
		return
	}
	var parsed Options
	fits := parsed.take(o.Kind, o.Data)
	if !fits {
		f.Name += ", malformed"
	} else {
		r.sumUp(&f, t, &o, &parsed)
	}
	r.made(f, func() {
		r.number("kind", at*8, 8, OptionName(o.Kind))
		r.number("length", at*8+8, 8, "bytes")
		if n == 2 {
			return
		}
		data := optionData[o.Kind]
		if data == nil || !fits || !data(r, at+2, n-2) {
			r.raw("data", at+2, n-2)
		}
	})
}

// badOption adds an option that is cut off by the capture, or has a length that
// cannot be.
func (r *fieldReader) badOption(name string, at, n int) {
	why := "malformed"
	if r.has(96, 4) && int(r.value(96, 4))*4 > len(r.b) && (n == 1 || r.b[at+1] >= 2) {
		why = "cut off"
	}
	r.made(Field{Name: name + ", " + why, Bit: at * 8, Bits: n * 8}, func() {
		r.number("kind", at*8, 8, OptionName(r.b[at]))
		if n > 1 {
			meaning := "bytes"
			if why == "malformed" {
				meaning = "bytes: that cannot be"
			}
			r.number("length", at*8+8, 8, meaning)
		}
		r.raw("data", at+2, n-2)
	})
}

// sumUp says in a line what an option says.
func (r *fieldReader) sumUp(f *Field, t *TCP, o *RawOption, parsed *Options) {
	switch {
	case parsed.Has&HasMSS != 0:
		f.Value, f.Meaning = strconv.Itoa(int(parsed.MSS)), "bytes of data fit into a segment to this end"
	case parsed.Has&HasWindowScale != 0:
		f.Value, f.Meaning = strconv.Itoa(int(parsed.WindowScale)), "windows count "+strconv.Itoa(1<<min(parsed.WindowScale, maxWindowScale))+" times"
	case parsed.Has&HasSACKPermitted != 0:
		f.Meaning = "selective acknowledgments may be sent"
	case parsed.Has&HasSACK != 0:
		f.Value, f.Meaning = string(parsed.appendSACK(nil)), count(uint64(len(o.Data)/8), "block")+" that came"
		if parsed.DSACK(t.Ack) {
			f.Meaning += "; the first is a D-SACK: it came twice"
		}
	case parsed.Has&HasTimestamps != 0:
		f.Value, f.Meaning = strconv.FormatUint(uint64(parsed.TSVal), 10)+"/"+strconv.FormatUint(uint64(parsed.TSEcr), 10), "value/echo reply"
	case parsed.Has&HasMPTCP != 0:
		f.Name, f.Value = "MPTCP "+MPTCPName(o.Data[0]>>4), strconv.Itoa(int(o.Data[0]>>4))
	case parsed.Has&HasUserTimeout != 0:
		f.Value = parsed.UserTimeout.Truncate(time.Second).String()
	case parsed.Has&HasFastOpen != 0 && len(parsed.FastOpen) == 0:
		f.Meaning = "request for a cookie"
	case parsed.Has&HasFastOpen != 0:
		f.Value, f.Meaning = hex.EncodeToString(parsed.FastOpen), "the cookie that the server gave"
	}
	if o.Kind >= OptionExperiment1 {
		_, f.Meaning = experimentOf(o.Data)
	}
}

// DSACK reports whether the first block says that bytes came twice (RFC 2883,
// section 4), in a segment with that acknowledgment number: it lies before the
// number, or inside of the second block.
func (o *Options) DSACK(ack Seq) bool {
	if o.Has&HasSACK == 0 || o.NumSACK == 0 {
		return false
	}
	first := o.SACK[0]
	if !ack.Less(first.Right) {
		return true
	}
	return o.NumSACK > 1 && !first.Left.Less(o.SACK[1].Left) && !o.SACK[1].Right.Less(first.Right)
}

// maxWindowScale is what a larger shift counts as (RFC 7323, section 2.3).
const maxWindowScale = 14

// optionData adds what stands behind kind and length, of n bytes from at. It
// returns false where n is not what the option's standard says.
var optionData = map[uint8]func(r *fieldReader, at, n int) bool{
	OptionMSS:         mssFields,
	OptionWindowScale: windowScaleFields,
	OptionSACK:        sackFields,
	6:                 echoFields,
	7:                 echoFields,
	OptionTimestamps:  timestampFields,
	11:                connectionCountFields,
	12:                connectionCountFields,
	13:                connectionCountFields,
	OptionMD5:         md5Fields,
	27:                quickStartFields,
	OptionUserTimeout: userTimeoutFields,
	OptionAO:          aoFields,
	OptionMPTCP:       mptcpFields,
	OptionFastOpen:    cookieFields,
	172:               accECNFields0,
	174:               accECNFields1,
	OptionExperiment1: experimentFields,
	OptionExperiment2: experimentFields,
}

func mssFields(r *fieldReader, at, _ int) bool {
	r.number("largest segment", at*8, 16, "bytes of data")
	return true
}

func windowScaleFields(r *fieldReader, at, _ int) bool {
	r.number("shift count", at*8, 8, "multiply by "+strconv.Itoa(1<<min(r.value(at*8, 8), maxWindowScale)))
	return true
}

func sackFields(r *fieldReader, at, n int) bool {
	for i := 0; i+8 <= n; i += 8 {
		which := strconv.Itoa(i/8 + 1)
		r.number("left edge "+which, (at+i)*8, 32, "first byte that came")
		r.number("right edge "+which, (at+i+4)*8, 32, "first byte behind it")
	}
	return n%8 == 0
}

// timestampFields is RFC 7323, section 3.2.
func timestampFields(r *fieldReader, at, _ int) bool {
	r.number("timestamp value", at*8, 32, "the sender's clock")
	r.number("timestamp echo reply", at*8+32, 32, "the last value that it got")
	return true
}

// echoFields is RFC 1072, section 3.
func echoFields(r *fieldReader, at, n int) bool {
	if n == 4 {
		r.hex("echo data", at*8, 32, "")
	}
	return n == 4
}

// connectionCountFields is RFC 1644, section 3.1.
func connectionCountFields(r *fieldReader, at, n int) bool {
	if n == 4 {
		r.number("connection count", at*8, 32, "")
	}
	return n == 4
}

// md5Fields is RFC 2385, section 3.0.
func md5Fields(r *fieldReader, at, n int) bool {
	r.raw("digest", at, n)
	return true
}

// quickStartFields is RFC 4782, section 3.2.
func quickStartFields(r *fieldReader, at, n int) bool {
	if n != 6 {
		return false
	}
	r.number("reserved", at*8, 4, "")
	r.number("rate request", at*8+4, 4, "")
	r.number("TTL difference", at*8+8, 8, "")
	r.hex("nonce", at*8+16, 30, "")
	r.number("reserved", at*8+46, 2, "")
	return true
}

// userTimeoutFields is RFC 5482, section 3.
func userTimeoutFields(r *fieldReader, at, _ int) bool {
	unit := "seconds"
	if r.choice("granularity", at*8, "seconds", "minutes") {
		unit = "minutes"
	}
	r.number("user timeout", at*8+1, 15, unit)
	return true
}

// aoFields is RFC 5925, section 2.2.
func aoFields(r *fieldReader, at, n int) bool {
	r.number("key identifier", at*8, 8, "which key made the code")
	r.number("next key identifier", at*8+8, 8, "which key its sender would like next")
	r.raw("authentication code", at+2, n-2)
	return true
}

// cookieFields is RFC 7413, section 4.1.1.
func cookieFields(r *fieldReader, at, n int) bool {
	r.raw("cookie", at, n)
	return true
}

// accECNFields0 and accECNFields1 are RFC 9768, section 3.2.3: three counters
// of 24 bits, the last of which may be left out.
func accECNFields0(r *fieldReader, at, n int) bool {
	return r.accECN(at, n, [3]string{"bytes with ECT(0)", "bytes with CE", "bytes with ECT(1)"})
}

func accECNFields1(r *fieldReader, at, n int) bool {
	return r.accECN(at, n, [3]string{"bytes with ECT(1)", "bytes with CE", "bytes with ECT(0)"})
}

func (r *fieldReader) accECN(at, n int, names [3]string) bool {
	if n%3 != 0 || n > 9 {
		return false
	}
	for i := range n / 3 {
		r.number(names[i], (at+3*i)*8, 24, "counter, that came so far")
	}
	return true
}

// experiments are identifiers of experiments that share the kinds 253 and 254
// (RFC 6994; https://www.iana.org/assignments/tcp-parameters).
var experiments = map[uint32]string{
	0x00ac: "ACK rate request", 0x0348: "host identifier", 0x0ed0: "extended data offset (EDO)",
	0x454e: "encryption negotiation", 0xacc0: "accurate ECN, order 0", 0xacc1: "accurate ECN, order 1",
	fastOpenExperiment: "Fast Open", 0xe2d4c3d9: "shared memory communications (SMC)",
}

// experimentOf returns how many bits the identifier of an experiment has, and
// the experiment's name.
func experimentOf(data []byte) (bits int, name string) {
	if len(data) >= 4 {
		if name = experiments[be32(data)]; name != "" {
			return 32, name
		}
	}
	if len(data) < 2 {
		return 0, ""
	}
	return 16, experiments[uint32(be16(data))]
}

// experimentFields is RFC 6994, section 3, and what some of the experiments
// send.
func experimentFields(r *fieldReader, at, n int) bool {
	bits, name := experimentOf(r.b[at : at+n])
	if bits == 0 {
		return false
	}
	id := r.hex("experiment identifier", at*8, bits, name)
	at, n = at+bits/8, n-bits/8
	switch {
	case n == 0:
		return true
	case id == fastOpenExperiment:
		return cookieFields(r, at, n)
	case id == 0xacc0 && accECNFields0(r, at, n), id == 0xacc1 && accECNFields1(r, at, n):
		return true
	case id == 0x0ed0 && (n == 2 || n == 4): // draft-ietf-tcpm-tcp-edo
		r.number("header length", at*8, 16, "in words of 4 bytes, what does not fit into the data offset included")
		if n == 4 {
			r.number("segment length", at*8+16, 16, "")
		}
		return true
	}
	r.raw("data", at, n)
	return true
}
