package conn

import "unicode/utf8"

// What layer 7 tells of a segment.

// note tells something about the segment at hand; proto and text are joined
// by a space.
func (a *app) note(text string) {
	b := a.budget
	if b.silent() || b.n > 0 && b.notes[b.n-1] == text {
		return
	}
	if b.n == appNotes {
		b.more++
		return
	}
	b.notes[b.n] = text
	b.n++
}

// silent reports whether nothing more is told of the segment at hand, so that
// no text need be made.
func (b *appBudget) silent() bool { return b.Quiet || b.more > 0 }

// noteLine tells a line of the stream, cut to appTextLimit.
func (a *app) noteLine(before string, line []byte) {
	if b := a.budget; !b.silent() && !(b.n > 0 && isPair(b.notes[b.n-1], before, line)) {
		a.note(before + bounded(line))
	}
}

// noteBytes tells what text says, which is copied where it is told.
func (a *app) noteBytes(text []byte) {
	if b := a.budget; !b.silent() && !(b.n > 0 && b.notes[b.n-1] == string(text)) {
		a.note(string(text))
	}
}

// isPair reports whether text is before and line.
func isPair(text, before string, line []byte) bool {
	return len(text) == len(before)+len(line) && text[:len(before)] == before && text[len(before):] == string(line)
}

// bounded copies at most appTextLimit bytes of b and does not cut through a
// character.
func bounded(b []byte) string {
	if len(b) <= appTextLimit {
		return string(b)
	}
	n := appTextLimit
	for n > appTextLimit-utf8.UTFMax && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n]) + "…"
}

// told puts the notes about a segment together.
func (a *app) told(side Side, payload []byte) string {
	b := a.budget
	if b.Quiet {
		return ""
	}
	if b.n == 0 {
		if a.proto == protoHTTP && a.dirs[side].flags&dirBodyEnded != 0 {
			if side == a.requester {
				return "HTTP end of the request"
			}
			return "HTTP end of the response"
		}
		return a.describe(payload)
	}
	text := b.notes[0]
	if a.proto != protoNone {
		text = protoNames[a.proto] + " " + text
	}
	for i := 1; i < b.n && len(text) < appTextLimit; i++ {
		text += ", " + b.notes[i]
	}
	if b.more > 0 {
		text += ", …"
	}
	return text
}

// again says what a segment shows all of whose bytes came before: what its
// beginning says by itself, as of a stream that is met here.
func (a *app) again(side Side, payload []byte, length int, frame place) string {
	if a.proto != protoNone && !a.budget.Quiet {
		alone := newApp(a.budget, a.port)
		text := alone.segment(side, 0, payload, length, frame)
		same := alone.proto == a.proto
		alone.release()
		if same {
			return text
		}
	}
	return a.describe(payload)
}

// describe says what can be said without knowing where in the stream the
// bytes belong.
func (a *app) describe(payload []byte) string {
	switch {
	case a.budget.Quiet:
		return ""
	case a.proto != protoNone:
		return protoContinued[a.proto]
	case len(payload) == 0:
		return "" // none of it was captured
	case isText(payload):
		return "text"
	}
	return "bytes"
}
