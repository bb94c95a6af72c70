package filter

// block is straight code with what happens at its end.
type block struct {
	test
	kind  blockKind
	t, f  *block // where it goes on; blockJump has t only
	value vnum   // what is tested; 0: unknown
	with  vnum   // what it is compared with, where that is in the index register
	pure  bool   // the code has no effect but the value in the accumulator
	seq   int    // place in the order of the last walk
	preds int    // edges that lead here
	walk  int    // the last walk that came by
}

type blockKind uint8

const (
	blockTest blockKind = iota
	blockJump
	blockRet
)

// program is a directed graph of blocks without cycles.
type program struct {
	root           *block
	accept, reject *block
	blocks         int
	walks, visits  int
	fault          string // what the optimiser refuses; empty: nothing
}

// lower makes blocks of a condition.
func lower(c *cond) (*program, error) {
	p := &program{
		accept: &block{kind: blockRet}, reject: &block{kind: blockRet},
	}
	p.root = p.lower(c, p.accept, p.reject)
	if p.blocks > maxBlocks {
		return nil, ErrTooLong
	}
	return p, nil
}

// lower returns the block at which c begins, if t and f come after it.
func (p *program) lower(c *cond, t, f *block) *block {
	switch c.kind {
	case condNot:
		return p.lower(c.a, f, t)
	case condAnd:
		return p.lower(c.a, p.lower(c.b, t, f), f)
	case condOr:
		return p.lower(c.a, t, p.lower(c.b, t, f))
	case condWhen:
		return p.lower(c.a, p.lower(c.b, t, t), t)
	case condChoose:
		return p.lower(c.a, p.lower(c.b, t, f), p.lower(c.c, t, f))
	case condConst:
		return p.constant(c.val, t, f)
	}
	p.blocks++
	if p.blocks > maxBlocks {
		return p.reject // lower returns an error
	}
	b := &block{test: c.test, kind: blockTest, t: t, f: f}
	if c.kind == condDo {
		b.kind, b.f = blockJump, nil
	}
	b.pure = b.kind == blockTest && !b.opaque
	return b
}

// constant returns a test that always has one outcome.
func (p *program) constant(val bool, t, f *block) *block {
	p.blocks++
	k := uint32(1)
	if val {
		k = 0
	}
	return &block{kind: blockTest, pure: true, t: t, f: f,
		test: test{code: []Instruction{ldImm(k)}, jump: jmpJEQ}}
}

// order returns the blocks that can be reached, each before those it leads
// to: a block, what follows if its test holds, and then what follows if not,
// as far as it has no place yet. That is the order in which tcpdump prints
// them.
func (p *program) order() []*block {
	var list []*block
	p.walks++
	var walk func(b *block)
	walk = func(b *block) {
		if b.walk == p.walks {
			return
		}
		b.walk, b.preds = p.walks, 0
		if b.kind == blockTest {
			walk(b.f)
		}
		if b.kind != blockRet {
			walk(b.t)
		}
		list = append(list, b)
	}
	walk(p.root)
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	p.visits += len(list) * visitCost
	for i, b := range list {
		b.seq = i
		if b.kind != blockRet {
			b.t.preds++
		}
		if b.kind == blockTest {
			b.f.preds++
		}
	}
	return list
}
