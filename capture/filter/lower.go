package filter

// block is straight code with what happens at its end.
type block struct {
	test
	kind  blockKind
	t, f  *block // where it goes on; blockJump has t only
	codes int    // identity of the code
	pure  bool   // the code has no effect but the value in the accumulator
	mem   bool   // it reads scratch memory
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
	codes          map[string]int // identities of code
	blocks         int
	walks, visits  int
	keep           bool // as gen.keep
}

// lower makes blocks of a condition.
func lower(c *cond, keep bool) (*program, error) {
	p := &program{
		accept: &block{kind: blockRet}, reject: &block{kind: blockRet},
		codes: map[string]int{}, keep: keep,
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
	case condConst:
		if c.val {
			return t
		}
		return f
	}
	p.blocks++
	if p.blocks > maxBlocks {
		return p.reject // lower returns an error
	}
	b := &block{test: c.test, kind: blockTest, t: t, f: f}
	if c.kind == condDo {
		b.kind, b.f = blockJump, nil
	} else if !p.keep {
		b.peep()
	}
	p.identify(b)
	return b
}

// peep makes one test of a mask that is to leave 0: whether no bit of it is set.
func (b *block) peep() {
	last := len(b.code) - 1
	if b.jump != jmpJEQ || b.x || b.k != 0 || last < 0 || b.code[last].Op != classALU|aluAnd {
		return
	}
	b.jump, b.k = jmpJSET, b.code[last].K
	b.code = b.code[:last]
	b.t, b.f = b.f, b.t
}

// identify computes what the optimiser wants to know of a block's code.
func (p *program) identify(b *block) {
	key := make([]byte, 0, 8*len(b.code))
	for _, in := range b.code {
		key = append(key, byte(in.Op), byte(in.Op>>8), byte(in.K), byte(in.K>>8),
			byte(in.K>>16), byte(in.K>>24))
		if class := in.Op & 7; class == classLD || class == classLDX {
			b.mem = b.mem || in.Op&0xe0 == modeMEM
		}
	}
	id, ok := p.codes[string(key)]
	if !ok {
		id = len(p.codes)
		p.codes[string(key)] = id
	}
	// What a test keeps in scratch memory is for itself alone.
	b.codes, b.pure = id, b.kind == blockTest
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
	p.visits += len(list)
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
