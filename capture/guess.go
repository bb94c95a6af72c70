package capture

// How a file of records that has no magic number is told from others, as
// Wireshark does: its first records are plausible.
const (
	guessSure = 3  // records that must be there, or all that there are
	guessLook = 20 // records that are looked at
)

// guess reports whether a stream that begins with b is one of records, or how
// many bytes it must have to tell. measure is given what is there of each, a
// header at least, and returns its size; false where it is not plausible.
func guess(b []byte, last bool, header int, measure func(b []byte) (size int, plausible bool)) (is bool, need int) {
	at := 0
	for n := range guessLook {
		rest := b[at:]
		if last && len(rest) == 0 {
			return n > 0, 0
		}
		size := header
		if len(rest) >= header {
			var plausible bool
			if size, plausible = measure(rest); !plausible {
				return false, 0
			}
		}
		if len(rest) < size {
			if n < guessSure && !last {
				return false, at + size
			}
			return n >= guessSure, 0
		}
		at += size
	}
	return true, 0
}

// guessed returns the parser of a stream without a magic number, or nil, and
// reads as much of it as shows what it is.
func (s *fileSource) guessed() format {
	for {
		head, last := s.in.bytes(), s.in.err != nil
		erfs, more := isERF(head, last)
		if erfs {
			return &erf{records: records{led: &s.logbook}}
		}
		commviews, most := isCommview(head, last)
		if commviews && more == 0 {
			return &commview{records: records{led: &s.logbook}}
		}
		if more = max(more, most); more == 0 || len(head) < headSize && isText(head) {
			return nil // do not wait for more of what somebody types
		}
		_ = s.in.more(more) // its error is seen above
	}
}
