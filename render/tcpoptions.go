package render

import (
	"encoding/binary"
	"iter"
)

// The kinds of TCP option that views tell apart
// (https://www.iana.org/assignments/tcp-parameters).
const (
	optEnd        = 0
	optNop        = 1
	optMSS        = 2  // RFC 9293, section 3.7.1
	optScale      = 3  // RFC 7323, section 2
	optSACKOK     = 4  // RFC 2018
	optSACK       = 5  // RFC 2018
	optTimestamps = 8  // RFC 7323, section 3
	optMD5        = 19 // RFC 2385
	optUser       = 28 // RFC 5482
	optAO         = 29 // RFC 5925
	optMPTCP      = 30 // RFC 8684
	optFastOpen   = 34 // RFC 7413
	optAccECN0    = 172
	optAccECN1    = 174
)

// tcpOptions yields each option's kind and data, in order. It stops where an
// option's length is impossible.
func tcpOptions(b []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for len(b) > 0 {
			kind, n := b[0], 1
			if kind > optNop {
				if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
					return
				}
				n = int(b[1])
			}
			var data []byte
			if n > 2 {
				data = b[2:n]
			}
			if !yield(kind, data) || kind == optEnd {
				return
			}
			b = b[n:]
		}
	}
}

func optionName(kind byte) string {
	switch kind {
	case optEnd:
		return "end"
	case optNop:
		return "nop"
	case optMSS:
		return "mss"
	case optScale:
		return "window-scale"
	case optSACKOK:
		return "sack-permitted"
	case optSACK:
		return "sack"
	case optTimestamps:
		return "timestamps"
	case optMD5:
		return "md5"
	case optUser:
		return "user-timeout"
	case optAO:
		return "authentication"
	case optMPTCP:
		return "mptcp"
	case optFastOpen:
		return "fast-open"
	case optAccECN0, optAccECN1:
		return "accecn"
	}
	return "other"
}

func be16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func be32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
