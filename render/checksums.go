package render

import "tcpsee/dissect"

// badChecksums says which of a segment's checksums are wrong, "" for none. One
// that cannot be judged is not wrong.
func badChecksums(p *dissect.Packet) string {
	if p == nil || p.Frame == nil {
		return ""
	}
	ip, tcp := p.CheckChecksums()
	switch {
	case ip == dissect.ChecksumBad && tcp == dissect.ChecksumBad:
		return "bad IP and TCP checksums"
	case ip == dissect.ChecksumBad:
		return "bad IP checksum"
	case tcp == dissect.ChecksumBad:
		return "bad TCP checksum"
	}
	return ""
}

// appendChecksums appends what can be said about a segment's checksums.
func appendChecksums(b []byte, p *dissect.Packet) []byte {
	if p.Frame == nil {
		return b
	}
	ip, tcp := p.CheckChecksums()
	b = append(b, `,"checksums":{"ip":"`...)
	b = append(b, checksumWord(ip)...)
	b = append(b, `","tcp":"`...)
	b = append(b, checksumWord(tcp)...)
	return append(b, '"', '}')
}

// checksumWord is the short name of a state in data.
func checksumWord(s dissect.ChecksumState) string {
	switch s {
	case dissect.ChecksumGood:
		return "good"
	case dissect.ChecksumBad:
		return "bad"
	case dissect.ChecksumOffloaded:
		return "offloaded"
	case dissect.ChecksumTruncated:
		return "truncated"
	case dissect.ChecksumFragment:
		return "fragment"
	}
	return "none"
}
