package render

import "tcpsee/dissect/conn"

// The colours, as Select Graphic Rendition sequences of the 256-colour palette
// (ECMA-48, section 8.3.117). They are of middle lightness, so that they read
// on dark and on light, and chosen so that colour-blind people can tell them
// apart: a test sees them as they do. What a colour says, a word beside it says
// too.
const (
	sgrReset  = "\x1b[0m"
	sgrBold   = "\x1b[1m"
	sgrGreen  = "\x1b[38;5;29m"
	sgrRed    = "\x1b[1;38;5;197m"
	sgrYellow = "\x1b[38;5;136m"
	sgrCyan   = "\x1b[38;5;69m"
	sgrViolet = "\x1b[38;5;133m"
	sgrGrey   = "\x1b[38;5;243m"
)

// kindColour is the colour of a segment's kind; "" is the terminal's own.
func kindColour(k conn.Kind) string {
	switch k {
	case conn.KindSYN, conn.KindSYNACK:
		return sgrGreen
	case conn.KindData:
		return sgrCyan
	case conn.KindFIN:
		return sgrYellow
	case conn.KindRST:
		return sgrRed
	}
	return ""
}

// connColour is the colour of a connection's number.
func connColour(n int64) string {
	return [...]string{sgrViolet, sgrCyan, sgrYellow, sgrGreen, sgrRed}[uint64(n)%5]
}

// outcomeColour is the colour of a verdict's first words.
func outcomeColour(o conn.Outcome) string {
	switch o {
	case conn.OutcomeClosed, conn.OutcomeOpen:
		return sgrGreen
	case conn.OutcomeMidstream, conn.OutcomeHalfClosed, conn.OutcomeHalfOpen:
		return sgrYellow
	}
	return sgrRed
}
