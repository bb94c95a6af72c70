package conn

import "encoding/binary"

// timestamps returns the timestamp option's two values (RFC 7323, section 3.2).
func timestamps(opts []byte) (value, echo uint32, ok bool) {
	if len(opts) >= len(usualStamp)+8 && string(opts[:len(usualStamp)]) == usualStamp {
		v := opts[len(usualStamp):]
		return binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]), true
	}
	v, ok := option(opts, optionTimestamps)
	if !ok || len(v) != 8 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]), true
}

// usualStamp is what stands before the values in most segments (RFC 7323,
// appendix A).
const usualStamp = "\x01\x01\x08\x0a"

// Kinds of options (https://www.iana.org/assignments/tcp-parameters).
const (
	optionEnd        = 0
	optionNop        = 1
	optionMSS        = 2
	optionScale      = 3
	optionSACK       = 5
	optionTimestamps = 8
	optionFastOpen   = 34
	optionExperiment = 254
)

// mptcpDSS is the subtype of Multipath TCP's Data Sequence Signal (RFC 8684,
// section 8.1).
const mptcpDSS = 2

// option returns the value of the first option of a kind: without kind and
// length, as far as it was captured. The list ends at what makes no sense.
func option(opts []byte, kind byte) (value []byte, ok bool) {
	for len(opts) > 0 {
		switch opts[0] {
		case optionEnd:
			return nil, false
		case optionNop:
			opts = opts[1:]
			continue
		}
		if len(opts) < 2 || opts[1] < 2 || int(opts[1]) > len(opts) {
			return nil, false
		}
		if opts[0] == kind {
			return opts[2:opts[1]], true
		}
		opts = opts[opts[1]:]
	}
	return nil, false
}

// fastOpenCookie reports whether the options hold a Fast Open cookie (RFC
// 7413, section 4.1.1), be it under the experimental kind 254 (RFC 6994).
func fastOpenCookie(opts []byte) bool { return readSYNOptions(opts).cookie }

// synOptions are what the first options of their kinds say in a SYN.
type synOptions struct {
	mss              uint16
	scale            uint8
	hasMSS, hasScale bool
	cookie           bool // of Fast Open
}

// readSYNOptions reads them in one go. Like option, it ends at what makes no
// sense; a value of the wrong length counts as none.
func readSYNOptions(opts []byte) (o synOptions) {
	var mss, scale, cookie, experiment bool // were there
	for len(opts) > 0 {
		kind := opts[0]
		if kind == optionNop {
			opts = opts[1:]
			continue
		}
		if kind == optionEnd || len(opts) < 2 || opts[1] < 2 || int(opts[1]) > len(opts) {
			break
		}
		v := opts[2:opts[1]]
		opts = opts[opts[1]:]
		switch kind {
		case optionMSS:
			if !mss && len(v) == 2 {
				o.mss, o.hasMSS = binary.BigEndian.Uint16(v), true
			}
			mss = true
		case optionScale:
			if !scale && len(v) == 1 {
				o.scale, o.hasScale = v[0], true
			}
			scale = true
		case optionFastOpen:
			if !cookie {
				o.cookie = len(v) > 0
			}
			cookie = true
		case optionExperiment:
			if !experiment && !cookie {
				o.cookie = len(v) > 2 && v[0] == 0xf9 && v[1] == 0x89
			}
			experiment = true
		}
	}
	return o
}
