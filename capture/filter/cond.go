package filter

// cond is a condition that is to become blocks of a program: a test of the
// accumulator after some loads, or a combination of others. It is used once.
type cond struct {
	kind condKind
	a, b *cond
	c    *cond // condChoose
	val  bool  // condConst
	test       // condTest and condDo
}

type condKind uint8

const (
	condTest  condKind = iota
	condDo             // runs code, and is true
	condConst          // is val
	condAnd
	condOr
	condNot
	condWhen
	condChoose
)

// test is code that leaves a value in the accumulator, and a comparison of it
// with k or the index register.
type test struct {
	code []Instruction
	jump uint16 // jmpJEQ, …
	// opaque says that nothing is to be concluded from the outcome, nor is it
	// to be concluded from others.
	opaque bool
	x      bool // compare with the index register
	k      uint32
}

// and combines conditions from left to right; nil ones are left out.
func and(cs ...*cond) *cond { return fold(condAnd, cs) }

// or is the same with "or".
func or(cs ...*cond) *cond { return fold(condOr, cs) }

func fold(kind condKind, cs []*cond) *cond {
	var all *cond
	for _, c := range cs {
		switch {
		case c == nil:
		case all == nil:
			all = c
		default:
			all = &cond{kind: kind, a: all, b: c}
		}
	}
	return all
}

func not(c *cond) *cond { return &cond{kind: condNot, a: c} }

func always(v bool) *cond { return &cond{kind: condConst, val: v} }

func do(code ...Instruction) *cond { return &cond{kind: condDo, test: test{code: code}} }

// when runs then if c is true, and is itself always true.
func when(c, then *cond) *cond { return &cond{kind: condWhen, a: c, b: then} }

// choose is t if c is true, and else f.
func choose(c, t, f *cond) *cond { return &cond{kind: condChoose, a: c, b: t, c: f} }

// compare is a test of what code loads.
func compare(jump uint16, k uint32, code ...Instruction) *cond {
	return &cond{test: test{code: code, jump: jump, k: k}}
}
