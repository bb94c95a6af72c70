package dissect

import "strings"

// Flags are the twelve bits after the data offset: three reserved ones, AE
// (RFC 9768, formerly NS), CWR and ECE (RFC 3168), and RFC 9293's six.
type Flags uint16

// The control bits (RFC 9293, section 3.1).
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// Has reports whether all bits of m are set.
func (f Flags) Has(m Flags) bool { return f&m == m }

var flagNames = [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE", "R3", "R2", "R1"}

// Names returns the names of the bits that are set, lowest first. R1 to R3
// are the reserved bits.
func (f Flags) Names() []string {
	var n []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			n = append(n, name)
		}
	}
	return n
}

// String returns the names joined by commas, "none" where no bit is set.
func (f Flags) String() string {
	if f&0xfff == 0 {
		return "none"
	}
	return strings.Join(f.Names(), ",")
}
