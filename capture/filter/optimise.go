package filter

import "slices"

// Limits on the work of the optimiser.
const (
	maxVisits = 1 << 24 // of blocks, those of walks through all of them counted
	visitCost = 16      // so many times, for what is done with each then
	maxFacts  = 4096    // looked at to decide a test
	maxApart  = 64      // compared where ways with different facts meet
)

// facts are the outcomes of tests on the way to a block, the last one first.
// Ways that part share what they have in common. nil is none.
type facts struct {
	fact
	before *facts
	depth  int
}

// fact is the outcome of a test.
type fact struct {
	value vnum
	with  vnum
	jump  uint16
	x     bool
	k     uint32
	holds bool
}

// optimise leaves out tests whose outcome is known, unites blocks that do the
// same, and then loads of what is loaded already. None of that changes what a
// program selects: a load that is left out was made before on the same way,
// or its value decides nothing.
//
// It knows as much as libpcap's optimiser, not more, since that decides
// whether an expression "rejects all packets".
func (p *program) optimise() {
	p.order()
	p.root.join() // to what computes the offsets of headers
	if p.root.kind == blockTest {
		p.root.t.join() // with PPI, that comes second
	}
	for again := true; again && p.visits < maxVisits; {
		again = p.number(false)
		again = p.thread() || again
		again = p.pullUp() || again
	}
	p.join()
	for p.visits < maxVisits && p.number(true) {
	}
	for p.visits < maxVisits && p.unite() {
	}
	p.begin()
	p.join()
}

// thread makes edges lead past tests whose outcome is known there.
func (p *program) thread() bool {
	order := p.order()
	begin := make([]*facts, len(order)) // of each block
	seen := make([]bool, len(order))
	changed := false
	edge := func(to **block, known *facts) {
		if next := skip(*to, known); next != *to {
			*to = next
			changed = true
		}
		b := *to
		if b.kind == blockRet {
			return
		}
		if !seen[b.seq] {
			seen[b.seq] = true
			begin[b.seq] = known
		} else {
			begin[b.seq] = common(begin[b.seq], known)
		}
	}
	seen[p.root.seq] = true
	for _, b := range order {
		if b.kind == blockRet || !seen[b.seq] {
			continue // or no longer reached
		}
		known := begin[b.seq]
		switch {
		case b.kind == blockJump:
			edge(&b.t, known)
		case b.opaque || b.value == 0:
			edge(&b.t, known)
			edge(&b.f, known)
		default:
			edge(&b.t, with(known, b, true))
			edge(&b.f, with(known, b, false))
		}
	}
	return changed
}

// begin leaves out a test at the root that decides nothing. As in libpcap, its
// load stays, for what it does to packets that are too short.
func (p *program) begin() {
	r := p.root
	for r.kind == blockTest && r.t == r.f || r.kind == blockJump && r.t.kind == blockRet {
		r = r.t
	}
	if r == p.root || r.kind == blockRet {
		p.root = r
		return
	}
	first := &block{kind: blockJump, t: r}
	first.code = p.root.code
	p.root = first
}

// skip returns the first block from b on that is not decided by facts.
func skip(b *block, known *facts) *block {
	for {
		switch {
		case b.kind == blockJump && (b.t.kind == blockRet || len(b.code) == 0):
			b = b.t // it computes offsets for nothing
			continue
		case b.kind == blockTest && b.t == b.f && b.t.kind == blockRet:
			b = b.t
			continue
		case b.kind != blockTest || !b.pure:
			return b
		case b.t == b.f:
			b = b.t
			continue
		}
		holds, ok := decide(b, known)
		if !ok {
			return b
		}
		if holds {
			b = b.t
		} else {
			b = b.f
		}
	}
}

// decide returns the outcome of b's test if facts say it: the same test was
// made, or the value is known to equal another one.
func decide(b *block, known *facts) (holds, ok bool) {
	if b.value == 0 || b.x && b.with == 0 {
		return false, false
	}
	for f, left := known, maxFacts; f != nil && left > 0; f, left = f.before, left-1 {
		if f.value != b.value || f.x != b.x {
			continue
		}
		if f.jump == b.jump && f.k == b.k && f.with == b.with {
			return f.holds, true
		}
		if f.jump == jmpJEQ && b.jump == jmpJEQ && f.holds && !f.x {
			return false, true
		}
	}
	return false, false
}

func with(known *facts, b *block, holds bool) *facts {
	return known.and(fact{b.value, b.with, b.jump, b.x, b.k, holds})
}

func (f *facts) and(x fact) *facts {
	depth := 1
	if f != nil {
		depth += f.depth
	}
	return &facts{x, f, depth}
}

// common returns the facts of two ways: those from before they parted, and what
// was found on both since, as far as it is among the last of each.
func common(a, b *facts) *facts {
	var onA, onB []fact
	for a != b {
		if b == nil || a != nil && a.depth >= b.depth {
			onA = append(onA, a.fact)
			a = a.before
		} else {
			onB = append(onB, b.fact)
			b = b.before
		}
	}
	both := a
	onA, onB = onA[:min(len(onA), maxApart)], onB[:min(len(onB), maxApart)]
	for _, f := range slices.Backward(onA) {
		if slices.Contains(onB, f) {
			both = both.and(f)
		}
	}
	return both
}

// edge is where a block leads if its test holds, or if not.
type edge struct {
	from  *block
	holds bool
}

// to is where the edge leads.
func (e edge) to() **block {
	if e.holds {
		return &e.from.t
	}
	return &e.from.f
}

// pullUp moves tests of one value next to each other, within chains of tests
// of which any one, or every one, is to hold. It reports whether it moved any.
func (p *program) pullUp() bool {
	order := p.order()
	in := edges(order)
	changed := false
	for _, b := range order {
		for _, holds := range []bool{false, true} {
			for p.visits < maxVisits && b.kind == blockTest && p.pull(b, in, holds) {
				changed = true
			}
		}
	}
	return changed
}

// edges returns the edges that lead to each block.
func edges(order []*block) [][]edge {
	in := make([][]edge, len(order))
	for _, b := range order {
		if b.kind != blockRet {
			in[b.t.seq] = append(in[b.t.seq], edge{b, true})
		}
		if b.kind == blockTest {
			in[b.f.seq] = append(in[b.f.seq], edge{b, false})
		}
	}
	return in
}

// pull looks at the chain of tests from b on that go on at one place if they
// hold, and at the next test if not; or the reverse, if holds is true. Where
// all that leads to b has tested one value, and a test of that value stands in
// the chain behind tests of others, it is moved before these, and in is kept
// true.
func (p *program) pull(b *block, in [][]edge, holds bool) bool {
	value, ok := tested(in[b.seq])
	if !ok {
		return false
	}
	next := func(b *block) **block { return edge{b, holds}.to() }
	exit := *edge{b, !holds}.to()
	links := func(c *block) bool {
		p.visits++
		return c.kind == blockTest && c.pure && *edge{c, !holds}.to() == exit &&
			(c == b || len(in[c.seq]) == 1)
	}
	other, before := b, (*block)(nil) // the first of another value, and what leads to it
	for ; links(other) && other.value == value; other = *next(before) {
		before = other
	}
	if !links(other) {
		return false
	}
	after := other // what leads to the one to move
	for links(*next(after)) && (*next(after)).value != value {
		after = *next(after)
	}
	moved := *next(after)
	if !links(moved) {
		return false
	}
	rest := *next(moved)
	*next(after) = rest
	in[rest.seq][slices.Index(in[rest.seq], edge{moved, holds})].from = after
	*next(moved) = other
	in[moved.seq], in[other.seq] = in[other.seq], []edge{{moved, holds}}
	for _, e := range in[moved.seq] {
		*e.to() = moved
	}
	return true
}

// tested returns the value that all blocks test from which edges come.
func tested(in []edge) (value vnum, ok bool) {
	if len(in) == 0 {
		return 0, false
	}
	value = in[0].from.value
	for _, e := range in {
		if e.from.kind != blockTest || e.from.opaque || e.from.value != value || value == 0 {
			return 0, false
		}
	}
	return value, true
}

// unite makes one of blocks that do the same.
func (p *program) unite() bool {
	type shape struct {
		kind blockKind
		code string
		jump uint16
		x    bool
		k    uint32
		t, f *block
	}
	order := p.order()
	first := map[shape]*block{}
	same := make(map[*block]*block, len(order))
	changed := false
	for i := len(order) - 1; i >= 0; i-- {
		b := order[i]
		if b.kind == blockRet {
			same[b] = b
			continue
		}
		b.t = same[b.t]
		if b.kind == blockTest {
			b.f = same[b.f]
		}
		s := shape{b.kind, string(b.identity()), b.jump, b.x, b.k, b.t, b.f}
		twin, ok := first[s]
		if !ok {
			first[s], twin = b, b
		} else {
			changed = true
		}
		same[b] = twin
	}
	p.root = same[p.root]
	return changed
}

// identity returns the code of a block in a form that can be compared.
func (b *block) identity() []byte {
	key := make([]byte, 0, 8*len(b.code))
	for _, in := range b.code {
		key = append(key, byte(in.Op), byte(in.Op>>8), byte(in.K), byte(in.K>>8),
			byte(in.K>>16), byte(in.K>>24))
	}
	return key
}

// join puts the code of blocks that only go on before that of the next block,
// where no other leads to it.
func (p *program) join() {
	for _, b := range p.order() {
		b.join()
	}
}

// join does so with one block.
func (b *block) join() {
	for b.kind == blockJump && b.t.preds == 1 && b.t.kind != blockRet {
		n := b.t
		b.code = append(b.code[:len(b.code):len(b.code)], n.code...)
		b.test = test{code: b.code, jump: n.jump, x: n.x, k: n.k, opaque: n.opaque}
		b.kind, b.t, b.f, b.pure = n.kind, n.t, n.f, false
	}
}
