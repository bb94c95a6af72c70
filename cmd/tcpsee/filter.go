package main

import (
	"errors"
	"net/netip"
	"strings"

	"tcpsee/capture"
	"tcpsee/capture/filter"
	"tcpsee/dissect"
)

// parseFilter reads a pcap-filter(7) expression given as words; nil stands for
// none.
func parseFilter(words []string) (*filter.Expr, error) {
	text := strings.TrimSpace(strings.Join(words, " "))
	if text == "" {
		return nil, nil
	}
	e, err := filter.ParseWith(text, hostNames{})
	if err == nil {
		return e, nil
	}
	var syntax *filter.SyntaxError
	if errors.As(err, &syntax) {
		hint := syntax.Caret()
		if syntax.Hint != "" {
			hint += "\n" + syntax.Hint
		}
		return nil, withHint(&usageError{err}, hint)
	}
	return nil, &usageError{err}
}

// hostNames looks names in a filter up with the system's means.
type hostNames struct{}

func (hostNames) LookupHost(name string) ([]netip.Addr, error) { return lookupHost(name) }

// matchers holds one program for each link type that has been met.
type matchers struct {
	expr   *filter.Expr
	live   bool
	exact  bool
	also   *matchers // selects what passes besides; nil is nothing
	byLink map[capture.LinkType]*filter.Matcher
}

// matchSaved returns a test of a file's frames, nil for no filter.
func matchSaved(e *filter.Expr) func(*capture.Frame) bool {
	if e == nil {
		return nil
	}
	m := newMatchers(e)
	m.exact = true
	return m.match
}

// matchLive is the same for frames that the kernel has let through. Unless
// exact, ICMP errors that quote what would match and ARP for its addresses
// pass too. So does what also selects, if that is not nil.
func matchLive(e *filter.Expr, exact bool, also *filter.Expr) func(*capture.Frame) bool {
	if e == nil {
		return nil
	}
	m := newMatchers(e)
	m.live, m.exact = true, exact
	if also != nil {
		m.also = newMatchers(also)
		m.also.live, m.also.exact = true, true
	}
	return m.match
}

func newMatchers(e *filter.Expr) *matchers {
	return &matchers{expr: e, byLink: make(map[capture.LinkType]*filter.Matcher)}
}

func (m *matchers) match(f *capture.Frame) bool {
	if f.Link == capture.LinkPKTAP {
		in := dissect.Tapped(f)
		f = &in
	}
	p, ok := m.byLink[f.Link]
	if !ok { // an error is a link type that the expression says nothing of
		if m.live {
			p, _ = m.expr.LiveMatcher(f.Link)
		} else {
			p, _ = m.expr.Matcher(f.Link)
		}
		m.byLink[f.Link] = p
	}
	switch {
	case p == nil:
		return false
	case m.live && m.also == nil && p.Decided(f):
		return true
	case p.MatchFrame(f), m.also != nil && m.also.match(f):
		return true
	}
	return !m.exact && p.MatchRelated(f.Data, f.OrigLen)
}

// watchProgram is what the kernel runs for watch: the filter, and what
// explains a connection besides unless exact is asked for, and what also
// selects, if that is not nil.
func watchProgram(e *filter.Expr, exact bool, also *filter.Expr) ([]capture.Instruction, error) {
	if e == nil {
		var err error
		if e, err = filter.Parse("tcp"); err != nil {
			return nil, err
		}
	}
	prog, err := e.Compile(filter.Options{Link: filter.AnyLink, ICMPErrors: !exact, Neighbours: !exact, Also: also})
	if err != nil {
		return nil, err
	}
	out := make([]capture.Instruction, len(prog))
	for i, in := range prog {
		out[i] = capture.Instruction(in)
	}
	return out, nil
}

// lookups selects questions for addresses and their answers: DNS over UDP, mDNS
// and LLMNR.
func lookups() (*filter.Expr, error) {
	return filter.Parse("udp port 53 or udp port 5353 or udp port 5355")
}
