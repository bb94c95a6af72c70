package dissect

// Seq is a sequence number: arithmetic is modulo 2^32, and comparison only
// means something for numbers less than 2^31 apart (RFC 9293, section 3.4).
type Seq uint32

// Add returns s + n modulo 2^32.
func (s Seq) Add(n int) Seq { return s + Seq(uint32(n)) }

// Diff returns s − t as a signed distance, −2^31 ≤ d < 2^31.
func (s Seq) Diff(t Seq) int32 { return int32(s - t) }

// Less reports whether s comes before t.
func (s Seq) Less(t Seq) bool { return s.Diff(t) < 0 }

// LessEq reports whether s comes before t or is t.
func (s Seq) LessEq(t Seq) bool { return s.Diff(t) <= 0 }
