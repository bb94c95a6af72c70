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
	return nil, withCaret(&usageError{err})
}

// withCaret shows where a filter is wrong.
func withCaret(err error) error {
	var syntax *filter.SyntaxError
	if !errors.As(err, &syntax) {
		return err
	}
	hint := syntax.Caret()
	if syntax.Hint != "" {
		hint += "\n" + syntax.Hint
	}
	return withHint(err, hint)
}

// hostNames looks names in a filter up with the system's means.
type hostNames struct{}

func (hostNames) LookupHost(name string) ([]netip.Addr, error) { return lookupHost(name) }

// matchers holds one program for each link type that has been met.
type matchers struct {
	expr     *filter.Expr
	live     bool
	exact    bool
	also     *matchers // selects what passes besides; nil is nothing
	byLink   map[capture.LinkType]*filter.Matcher
	last     *filter.Matcher // of lastLink; nil where that is to be looked up
	lastLink capture.LinkType

	passed  bool                       // a saved frame has been selected
	missed  int64                      // saved frames that were not
	refused map[capture.LinkType]int64 // frames of types that the expression can say nothing of
	wrong   error                      // the first reason for that, or for selecting nothing of a type
}

// savedMatchers tests a file's frames; nil for no filter.
func savedMatchers(e *filter.Expr) *matchers {
	if e == nil {
		return nil
	}
	m := newMatchers(e)
	m.exact = true
	return m
}

// test is match for saved frames, nil for no filter.
func (m *matchers) test() func(*capture.Frame) bool {
	if m == nil {
		return nil
	}
	return func(f *capture.Frame) bool {
		if !m.match(f) {
			m.missed++
			return false
		}
		m.passed = true
		return true
	}
}

// refusal is why the expression was of no use for any frame that came, where
// that is so: tcpdump, too, refuses "inbound" for a file that does not say it.
func (m *matchers) refusal() error {
	if m == nil || m.wrong == nil {
		return nil
	}
	for _, p := range m.byLink {
		if p != nil {
			return nil
		}
	}
	return withCaret(m.wrong)
}

// untested gives the frames that the expression could say nothing of, for the
// footer, and where it selected none those that it does not match.
func (m *matchers) untested(leaveOut func(why string, n int64)) {
	if m == nil {
		return
	}
	missed := m.missed
	for link, n := range m.refused {
		missed -= n
		leaveOut("of "+link.String()+", which the filter cannot test", n)
	}
	if !m.passed {
		leaveOut("that the filter does not match", missed)
	}
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
	return &matchers{expr: e, byLink: make(map[capture.LinkType]*filter.Matcher), refused: make(map[capture.LinkType]int64)}
}

func (m *matchers) match(f *capture.Frame) bool {
	if f.Link == capture.LinkPKTAP || f.Link == capture.LinkUser2 {
		in := dissect.Tapped(f)
		f = &in
	}
	p := m.last
	if p == nil || f.Link != m.lastLink {
		p = m.forLink(f.Link)
		m.last, m.lastLink = p, f.Link
	}
	switch {
	case p == nil:
		if _, ok := m.refused[f.Link]; ok {
			m.refused[f.Link]++
		}
		return false
	case m.live && m.also == nil && p.Decided(f):
		return true
	case p.MatchFrame(f), m.also != nil && m.also.match(f):
		return true
	}
	return !m.exact && p.MatchRelated(f.Data, f.OrigLen)
}

// forLink returns the expression for a link type, which it compiles when it is
// new; nil where it can say nothing of it.
func (m *matchers) forLink(link capture.LinkType) *filter.Matcher {
	if p, ok := m.byLink[link]; ok {
		return p
	}
	compile := m.expr.Matcher
	if m.live {
		compile = m.expr.LiveMatcher
	}
	p, err := compile(link)
	if err != nil {
		if m.wrong == nil {
			m.wrong = err
		}
		if !errors.Is(err, filter.ErrRejectsAll) {
			m.refused[link] = 0
		}
	}
	m.byLink[link] = p
	return p
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
