package render

import (
	"net/netip"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// The columns of summaryColumns, by number.
const (
	columnNumber = iota
	_            // fileColumn: what it holds depends on the other files
	columnStart
	columnClient
	columnServer
	columnApp
	columnSeen
	columnHandshake
	columnSent
	columnReceived
	columnResent
	columnLasted
	columnVerdict
)

// appendCell appends a connection's cell in one of summaryColumns, safe for a
// terminal.
func appendCell(dst []byte, column int, c *conn.Connection, g *glyphs) []byte {
	switch column {
	case fileColumn:
		return dst
	case columnNumber:
		return appendCount(dst, uint64(c.Number))
	case columnStart:
		if !c.First.Known() {
			return append(dst, g.none...)
		}
		return appendClock(dst, c.First)
	case columnClient:
		return appendEndpoint(dst, c.Client, g)
	case columnServer:
		return appendEndpoint(dst, c.Server, g)
	case columnApp:
		if c.App == "" {
			return append(dst, g.none...)
		}
		return append(dst, safeName(c.App, maxApp, g)...)
	case columnSeen:
		return appendCompleteness(dst, c.Completeness)
	case columnHandshake:
		if c.IRTT <= 0 {
			return append(dst, g.none...)
		}
		return appendSpan(dst, c.IRTT, g)
	case columnSent:
		return appendBytesText(dst, c.Bytes[conn.Client])
	case columnReceived:
		return appendBytesText(dst, c.Bytes[conn.Server])
	case columnResent:
		return appendCount(dst, c.Retransmits[0]+c.Retransmits[1])
	case columnLasted:
		if !c.First.Known() || !c.Last.Known() {
			return append(dst, g.none...)
		}
		return appendSpan(dst, c.Last.Sub(c.First), g)
	}
	return appendOutcome(dst, &c.Verdict, g)
}

// appendClock appends the time of day in UTC, to the millisecond.
func appendClock(dst []byte, s capture.Stamp) []byte {
	const day = int64(24 * time.Hour)
	ms := uint64((int64(s)%day+day)%day) / 1e6
	for i, n := range [...]uint64{ms / 3600000, ms / 60000 % 60, ms / 1000 % 60} {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, byte('0'+n/10), byte('0'+n%10))
	}
	return appendDigits(append(dst, '.'), ms%1000, 3)
}

func appendEndpoint(dst []byte, a netip.AddrPort, g *glyphs) []byte {
	if !a.IsValid() || a.Addr().Zone() != "" {
		return append(dst, safeText(a.String(), g)...)
	}
	return a.AppendTo(dst)
}

// appendCompleteness appends the bits as letters, in the order in which a
// connection has them: SYN, SYN-ACK, ACK, data, FIN, RST.
func appendCompleteness(dst []byte, c uint8) []byte {
	for i, letter := range []byte("SSADFR") {
		if c&(1<<i) == 0 {
			letter = '.'
		}
		dst = append(dst, letter)
	}
	return dst
}

func outcomeText(v *conn.Verdict, g *glyphs) string { return string(appendOutcome(nil, v, g)) }

// appendOutcome appends "closed by client", "refused".
func appendOutcome(dst []byte, v *conn.Verdict, g *glyphs) []byte {
	dst = append(dst, safeText(string(v.Outcome), g)...)
	switch v.Outcome {
	case conn.OutcomeClosed, conn.OutcomeReset, conn.OutcomeHalfClosed:
		if v.HasBy {
			dst = append(dst, " by "...)
			dst = append(dst, v.By.String()...)
		}
	}
	return dst
}

// columnsOf is textWidth of bytes.
func columnsOf(b []byte) int {
	for _, c := range b {
		if c >= 0x80 {
			return textWidth(string(b))
		}
	}
	return len(b)
}

func appendSpaces(dst []byte, n int) []byte {
	const spaces = "                                "
	for ; n > len(spaces); n -= len(spaces) {
		dst = append(dst, spaces...)
	}
	return append(dst, spaces[:max(n, 0)]...)
}
