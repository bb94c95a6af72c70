package conn

import "tcpsee/capture"

// rest is what is left at the end and not told of.
type rest struct {
	begun   bool
	entries []uint32
	told    int
}

// Rest gives what Left gives, of at most n connections at a time. There is no
// more once it returns false.
func (t *Tracker) Rest(n int) (events []Event, more bool) {
	t.begin(capture.NoTime)
	r := &t.rest
	if !r.begun {
		t.unanswered()
		n := t.table.n
		t.table, t.leaving = newTable(), leavers{} // nobody looks for one any more
		*r = rest{begun: true, entries: t.left(n)}
		return t.events, true
	}
	for range min(n, len(r.entries)) {
		if r.told%leftAtOnce == 0 {
			t.loadLeft(r.entries[:min(leftAtOnce, len(r.entries))])
		}
		t.tell(t.entries.at(r.entries[0]))
		r.entries = r.entries[1:]
		r.told++
	}
	if len(r.entries) > 0 {
		return t.events, true
	}
	t.clear()
	return t.events, false
}

// numbered is an entry and the number of its connection.
type numbered struct {
	number uint64
	entry  uint32
}

// left returns the n entries in use, by number of the connection.
func (t *Tracker) left(n int) []uint32 {
	all := make([]numbered, 0, n)
	most := uint64(0)
	for i := uint32(1); i <= t.entries.used; i++ {
		if n := t.entries.at(i).number.get(); n != 0 {
			all = append(all, numbered{n, i})
			most = max(most, n)
		}
	}
	all = sortNumbered(all, most)
	entries := make([]uint32, len(all))
	for i := range all {
		entries[i] = all[i].entry
	}
	return entries
}

// radixBits is how many bits of a number are sorted by at a time.
const radixBits = 11

// sortNumbered sorts by number, none of which is over most: digit by digit,
// beginning with the lowest.
func sortNumbered(all []numbered, most uint64) []numbered {
	other := make([]numbered, len(all))
	for shift := 0; most>>shift != 0; shift += radixBits {
		var at [1 << radixBits]int // where the next one with that digit goes
		for i := range all {
			at[all[i].number>>shift&(1<<radixBits-1)]++
		}
		next := 0
		for d, n := range at {
			at[d] = next
			next += n
		}
		for i := range all {
			d := all[i].number >> shift & (1<<radixBits - 1)
			other[at[d]] = all[i]
			at[d]++
		}
		all, other = other, all
	}
	return all
}

// leftAtOnce is how many entries are loaded at once.
const leftAtOnce = 64

// loadLeft loads entries that are read next: see ahead.
func (t *Tracker) loadLeft(entries []uint32) {
	sum := uint64(0)
	for _, n := range entries {
		sum += t.loadEntry(t.entries.at(n))
	}
	t.ahead.sink += sum
}
