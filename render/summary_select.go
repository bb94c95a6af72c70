package render

import (
	"cmp"
	"slices"
	"strings"

	"tcpsee/dissect/conn"
)

// maxSorted is how many rows are kept to be sorted. Of more than that the
// first are shown, and the totals say so.
const maxSorted = 50_000

// sortKey is something that connections can be sorted by.
type sortKey struct {
	name string
	less func(a, b *conn.Connection) int
	down bool // the largest first
}

// sortKeys are the keys, in the order in which they are listed.
var sortKeys = [...]sortKey{
	{name: "number", less: by(func(c *conn.Connection) int64 { return c.Number })},
	{name: "start", less: by(func(c *conn.Connection) int64 { return int64(c.First) })},
	{name: "client", less: func(a, b *conn.Connection) int { return a.Client.Compare(b.Client) }},
	{name: "server", less: func(a, b *conn.Connection) int { return a.Server.Compare(b.Server) }},
	{name: "app", less: by(func(c *conn.Connection) string { return c.App })},
	{name: "handshake", less: by(func(c *conn.Connection) int64 { return int64(c.IRTT) }), down: true},
	{name: "sent", less: by(func(c *conn.Connection) uint64 { return c.Bytes[conn.Client] }), down: true},
	{name: "received", less: by(func(c *conn.Connection) uint64 { return c.Bytes[conn.Server] }), down: true},
	{name: "bytes", less: by(func(c *conn.Connection) uint64 { return c.Bytes[0] + c.Bytes[1] }), down: true},
	{name: "segments", less: by(func(c *conn.Connection) uint64 { return c.Segments[0] + c.Segments[1] }), down: true},
	{name: "resent", less: by(func(c *conn.Connection) uint64 { return c.Retransmits[0] + c.Retransmits[1] }), down: true},
	{name: "duration", less: by(func(c *conn.Connection) int64 { return int64(c.Last.Sub(c.First)) }), down: true},
	{name: "verdict", less: by(func(c *conn.Connection) string { return string(c.Verdict.Outcome) })},
}

func by[T cmp.Ordered](key func(c *conn.Connection) T) func(a, b *conn.Connection) int {
	return func(a, b *conn.Connection) int { return cmp.Compare(key(a), key(b)) }
}

// SortKeys lists what Options.Sort may be. Numbers are sorted from the largest
// on, but for a connection's own; a minus sign before a key turns the order
// around.
func SortKeys() []string {
	names := make([]string, 0, len(sortKeys))
	for _, k := range sortKeys {
		names = append(names, k.name)
	}
	return names
}

// orderBy gives the order that a key stands for, nil for none.
func orderBy(key string) func(a, b *conn.Connection) int {
	name, turned := strings.CutPrefix(key, "-")
	for _, k := range sortKeys {
		if k.name != name {
			continue
		}
		sign := 1
		if k.down != turned {
			sign = -1
		}
		return func(a, b *conn.Connection) int {
			return cmp.Or(sign*k.less(a, b), cmp.Compare(a.Number, b.Number))
		}
	}
	return nil
}

// outcomes are the words for what became of a connection.
var outcomes = [...]conn.Outcome{
	conn.OutcomeClosed, conn.OutcomeReset, conn.OutcomeRefused, conn.OutcomeNoAnswer, conn.OutcomeUnreachable, conn.OutcomeHalfOpen,
	conn.OutcomeHalfClosed, conn.OutcomeOpen, conn.OutcomeStalled, conn.OutcomeMidstream,
}

// OnlyWords lists what Options.Only may hold: outcomes and labels.
func OnlyWords() []string {
	var words []string
	for _, o := range outcomes {
		words = append(words, string(o))
	}
	for l := conn.Retransmission; l <= conn.TimeWait; l++ {
		if !slices.Contains(words, l.String()) {
			words = append(words, l.String())
		}
	}
	return words
}

// selected reports whether a connection has one of the outcomes or labels that
// are asked for. All three labels of what was sent again count as
// retransmission.
func selected(c *conn.Connection, only []string) bool {
	if len(only) == 0 {
		return true
	}
	for _, w := range only {
		if string(c.Verdict.Outcome) == w || c.Verdict.Detail != "" && c.Verdict.Detail == w {
			return true
		}
		if w == conn.Retransmission.String() && c.Retransmits[0]+c.Retransmits[1] > 0 {
			return true
		}
		for l, n := range c.LabelCounts {
			if n > 0 && conn.Label(l).String() == w {
				return true
			}
		}
	}
	return false
}

// ordered keeps connections in an order, the first of them only.
type ordered struct {
	order func(a, b *conn.Connection) int
	list  []*conn.Connection
	left  uint64 // that were not kept
	limit int
}

func (o *ordered) add(c *conn.Connection) {
	kept := *c
	kept.Verdict.Evidence, kept.Verdict.EvidenceFiles, kept.Verdict.EvidenceNames = nil, nil, nil
	kept.Verdict.Text, kept.Verdict.Meaning, kept.Verdict.NextStep = "", "", ""
	o.list = append(o.list, &kept)
	if len(o.list) >= 2*o.limit {
		o.cut()
	}
}

func (o *ordered) cut() {
	slices.SortFunc(o.list, o.order)
	if n := len(o.list) - o.limit; n > 0 {
		o.left += uint64(n)
		clear(o.list[o.limit:])
		o.list = o.list[:o.limit]
	}
}
