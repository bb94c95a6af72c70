package conn

// outsideFacts are segments far outside the receiver's window.
type outsideFacts struct {
	frame place // the first; 0 is none
	count uint32
	by    Side   // in whose name it came
	next  uint32 // relative number that was due
	seq   uint32 // and that came
	hops  [2]uint8

	inStep uint32 // how many went on with those that count, as far apart
}

// rewritten reports whether they are the others once more, before or behind a
// device that shifts sequence numbers: what somebody forges, or an older
// connection, does not go on in step.
func (x *outsideFacts) rewritten() bool { return x.inStep >= 2 && x.inStep >= x.count/2 }

// aboutOutside is a sentence about them, "" where there are none.
func (j *judgement) aboutOutside() string {
	x := &j.f.outside
	if x.frame == 0 {
		return ""
	}
	if x.rewritten() {
		if j.v.NextStep == "" {
			j.v.NextStep = "capture on one side of that device only."
		}
		return j.words("%s in the %s's name (the first: %d) go on in step with the others, and far outside the %s's window: they are the same packets on the other side of a device that rewrites sequence numbers (a firewall that makes them random, or a SYN proxy), and the capture has both sides. Each counts once.",
			plural(x.count, "segment"), x.by, x.frame, x.by.Other())
	}
	text := j.words("A segment in the %s's name (%d) has number %s, where %s was due: far outside the %s's window, so that its system leaves it out.",
		x.by, x.frame, count(uint64(x.seq)), count(uint64(x.next)), x.by.Other())
	it, are := "It", "It is of an older connection with the same ports, or somebody has forged it."
	if x.count > 1 {
		text = j.words("%s in the %s's name (the first: %d, with number %s, where %s was due) lie far outside the %s's window, so that its system leaves them out.",
			plural(x.count, "segment"), x.by, x.frame, count(uint64(x.seq)), count(uint64(x.next)), x.by.Other())
		it, are = "The first", "They are of an older connection with the same ports, or somebody has forged them."
	}
	if farApart(x.hops[0], x.hops[1]) {
		return text + j.words(" %s came with the hop limit (TTL) %d, what the %s sent with %d: somebody else has sent it.", it, x.hops[1], x.by, x.hops[0])
	}
	return text + " " + are
}
