package render

import (
	"math"
	"strconv"
	"strings"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// Columns are one column of CSV, or some that belong together.
type Columns struct {
	Names   string // as in the first row: "conn", "client_bytes,server_bytes"
	Meaning string
}

// connectionColumns are columns of the summary with what is in them.
type connectionColumns struct {
	Columns
	append func(dst []byte, r *connectionRow) []byte
}

// connectionRow is a connection with what its row needs besides.
type connectionRow struct {
	*conn.Connection
	files []string
	g     *glyphs
}

func (r *connectionRow) text(dst []byte, s string) []byte {
	return appendCSVField(dst, safeText(s, r.g))
}

// ofEnds are two columns, the client's and the server's.
func ofEnds(name, meaning string, f func(dst []byte, c *conn.Connection, s conn.Side) []byte) connectionColumns {
	return connectionColumns{Columns{"client_" + name + ",server_" + name, meaning}, func(b []byte, r *connectionRow) []byte {
		return f(append(f(b, r.Connection, conn.Client), ','), r.Connection, conn.Server)
	}}
}

// newConnectionColumns returns the columns of the summary in CSV. Names are
// those of NewNDJSON where it has them, with the end in front. Durations are
// seconds, sizes bytes; what is not known is empty. Columns stay where they
// are: new ones come last.
func newConnectionColumns() []connectionColumns {
	type row = *connectionRow
	one := func(name, meaning string, f func([]byte, row) []byte) connectionColumns {
		return connectionColumns{Columns{name, meaning}, f}
	}
	list := []connectionColumns{
		one("conn", "its number, from 1", func(b []byte, r row) []byte { return strconv.AppendInt(b, r.Number, 10) }),
		one("start", "of its first segment, RFC 3339 in UTC", appendCSVStart),
		one("client,client_port,server,server_port", "addresses and ports", appendCSVAddresses),
		one("app", "layer 7, as far as it was recognised", func(b []byte, r row) []byte { return r.text(b, r.App) }),
		one("completeness", "what was captured, a sum: 1 SYN, 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST",
			func(b []byte, r row) []byte { return appendUint(b, uint64(r.Completeness)) }),
		one("irtt", "the handshake's round trip, from SYN to the ACK that completes it", func(b []byte, r row) []byte { return appendCSVSpan(b, r.IRTT) }),
		ofEnds("bytes", "of payload that this end sent, repeats included", func(b []byte, c *conn.Connection, s conn.Side) []byte { return appendUint(b, c.Bytes[s]) }),
		ofEnds("segments", "that it sent", func(b []byte, c *conn.Connection, s conn.Side) []byte { return appendUint(b, c.Segments[s]) }),
		one("retransmissions", "segments that were sent again, by both ends", func(b []byte, r row) []byte { return appendUint(b, r.Retransmits[0]+r.Retransmits[1]) }),
		one("duration", "from the first segment to the last", appendCSVDuration),
		one("verdict", "what became of it: closed, reset, refused, …", func(b []byte, r row) []byte { return r.text(b, string(r.Verdict.Outcome)) }),
		one("by", "which end closed, reset or refused it", appendCSVBy),
		one("detail", "a narrower word for the verdict", func(b []byte, r row) []byte { return r.text(b, r.Verdict.Detail) }),
		one("file", "the one of several that it began in", appendCSVFile),
		one("syns", "SYNs that the client sent", func(b []byte, r row) []byte { return appendUint(b, uint64(r.SYNs)) }),
	}
	return append(list, measureColumns()...)
}

// measureColumns are those of what was measured.
func measureColumns() []connectionColumns {
	type connection = *conn.Connection
	trip := func(f func(*conn.RoundTrips) time.Duration) func([]byte, connection, conn.Side) []byte {
		return func(b []byte, c connection, s conn.Side) []byte {
			if c.Measures.RTT[s].Count == 0 {
				return b
			}
			return appendSecondsJSON(b, f(&c.Measures.RTT[s]))
		}
	}
	return []connectionColumns{
		ofEnds("unique_bytes", "of payload that this end sent, each byte once", func(b []byte, c connection, s conn.Side) []byte { return appendUint(b, c.Unique[s]) }),
		ofEnds("retransmissions", "segments that it sent again", func(b []byte, c connection, s conn.Side) []byte { return appendUint(b, c.Retransmits[s]) }),
		ofEnds("half_rtt", "from the place of the capture to this end and back, in the handshake",
			func(b []byte, c connection, s conn.Side) []byte { return appendCSVSpan(b, c.HalfRTT[s.Other()]) }),
		ofEnds("rtt_count", "its ACKs that show how long it took to acknowledge what the other end had sent, seen at the place of the capture",
			func(b []byte, c connection, s conn.Side) []byte {
				return appendCSVCount(b, uint64(c.Measures.RTT[s].Count))
			}),
		ofEnds("rtt_min", "the shortest of these times", trip(func(r *conn.RoundTrips) time.Duration { return r.Min })),
		ofEnds("rtt_mean", "their average", trip(func(r *conn.RoundTrips) time.Duration { return r.Mean })),
		ofEnds("rtt_max", "the longest of them", trip(func(r *conn.RoundTrips) time.Duration { return r.Max })),
		ofEnds("longest_rto", "how long it waited at most before it sent the same bytes again",
			func(b []byte, c connection, s conn.Side) []byte { return appendCSVSpan(b, c.Measures.RTO[s]) }),
		ofEnds("most_in_flight", "bytes that it had sent and not seen acknowledged, at most",
			func(b []byte, c connection, s conn.Side) []byte {
				return appendCSVCount(b, uint64(c.Measures.InFlight[s]))
			}),
		ofEnds("window_used", "the largest part of the other end's window that was in flight; 1 is all of it", appendWindowUsed),
		ofEnds("goodput", "bytes a second: unique_bytes divided by duration", appendGoodput),
		{Columns{"longest_silence", "the longest time between two segments"}, func(b []byte, r *connectionRow) []byte { return appendCSVSpan(b, r.Measures.Silence) }},
		{Columns{"silence_end", "frame of the segment that ended it"}, appendCSVSilenceEnd},
		{Columns{"silence_end_file", "that this frame is in, where it is not file"}, appendCSVSilenceFile},
	}
}

// ConnectionColumns are the columns of the summary as CSV, in order.
func ConnectionColumns() []Columns {
	var list []Columns
	for _, c := range newConnectionColumns() {
		list = append(list, c.Columns)
	}
	return list
}

func appendCSVHead(dst []byte, list []Columns) []byte {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.Names
	}
	return append(append(dst, strings.Join(names, ",")...), '\r', '\n')
}

// appendCSVRow appends a connection as CSV (RFC 4180), with the one of files
// that it began in.
func appendCSVRow(dst []byte, columns []connectionColumns, c *conn.Connection, files []string, g *glyphs) []byte {
	r := connectionRow{c, files, g}
	for i := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = columns[i].append(dst, &r)
	}
	return append(dst, '\r', '\n')
}

func known(a, b capture.Stamp) bool { return a.Known() && b.Known() }

func appendCSVStart(dst []byte, r *connectionRow) []byte {
	if !r.First.Known() {
		return dst
	}
	return r.First.Time().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
}

func appendCSVAddresses(dst []byte, r *connectionRow) []byte {
	dst = append(r.text(dst, r.Client.Addr().String()), ',')
	dst = append(appendUint(dst, uint64(r.Client.Port())), ',')
	dst = append(r.text(dst, r.Server.Addr().String()), ',')
	return appendUint(dst, uint64(r.Server.Port()))
}

func appendCSVDuration(dst []byte, r *connectionRow) []byte {
	if !known(r.First, r.Last) {
		return dst
	}
	return appendSecondsJSON(dst, r.Last.Sub(r.First))
}

func appendCSVBy(dst []byte, r *connectionRow) []byte {
	if !r.Verdict.HasBy {
		return dst
	}
	return append(dst, r.Verdict.By.String()...)
}

func appendCSVFile(dst []byte, r *connectionRow) []byte {
	if len(r.files) < 2 || r.File < 0 || r.File >= len(r.files) {
		return dst
	}
	return r.text(dst, r.files[r.File])
}

func appendCSVSilenceEnd(dst []byte, r *connectionRow) []byte {
	if r.Measures.Silence <= 0 {
		return dst
	}
	return strconv.AppendInt(dst, r.Measures.SilenceEnd, 10)
}

func appendCSVSilenceFile(dst []byte, r *connectionRow) []byte {
	f := r.Measures.SilenceFile
	if len(r.files) < 2 || r.Measures.Silence <= 0 || f == r.File || f < 0 || f >= len(r.files) {
		return dst
	}
	return r.text(dst, r.files[f])
}

// appendCSVCount appends how many of something were measured, nothing for 0.
func appendCSVCount(dst []byte, n uint64) []byte {
	if n == 0 {
		return dst
	}
	return appendUint(dst, n)
}

// appendCSVSpan appends a duration in seconds, nothing for 0.
func appendCSVSpan(dst []byte, d time.Duration) []byte {
	if d <= 0 {
		return dst
	}
	return appendSecondsJSON(dst, d)
}

// appendWindowUsed appends the part of the other end's window that an end used
// at most, nothing where the window is not known.
func appendWindowUsed(dst []byte, c *conn.Connection, s conn.Side) []byte {
	share, ok := c.Measures.Window[s].Share()
	if !ok {
		return dst
	}
	return appendShort(dst, share, 4)
}

// appendShort appends a number from 0 with some decimals, and with as many more
// as leave a small one three digits.
func appendShort(dst []byte, x float64, decimals int) []byte {
	const most = 12
	for small := x * math.Pow10(decimals); small > 0 && small < 100 && decimals < most; decimals++ {
		if small >= 1 && small == math.Trunc(small) {
			break // no more is left
		}
		small *= 10
	}
	return strconv.AppendFloat(dst, x, 'f', decimals, 64)
}

// appendGoodput appends an end's goodput in bytes a second, nothing where it
// has none.
func appendGoodput(dst []byte, c *conn.Connection, s conn.Side) []byte {
	g, ok := c.Goodput(s)
	if !ok {
		return dst
	}
	return appendShort(dst, g, 1)
}
