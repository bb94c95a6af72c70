package render

import (
	"net/netip"
	"slices"

	"tcpsee/dissect/conn"
)

// lateNames is for how many rows of a connection the program at an end that
// was introduced without its name is asked for again: a busy machine does not
// always find it before the first row has to be there.
const lateNames = 40

// processName names the program at an address, "" where nobody knows.
func (t *timeline) processName(a netip.AddrPort) string {
	if t.o.ProcessName == nil || !a.IsValid() {
		return ""
	}
	p := safeName(t.o.ProcessName(a), maxName, &t.g)
	if p != "" {
		t.named = append(t.named, a)
	}
	return p
}

// introduced notes which ends of a connection its introduction has named.
func (v *connView) introduced(e *conn.Event, named []netip.AddrPort) {
	v.named = [2]bool{slices.Contains(named, e.Client), slices.Contains(named, e.Server)}
}

// nameLate says the names that have been found since the connection was
// introduced.
func (t *timeline) nameLate(v *connView, e *conn.Event) {
	if t.o.ProcessName == nil || v == nil || v.named == [2]bool{true, true} || v.asked >= lateNames {
		return
	}
	v.asked++
	for i, a := range [2]netip.AddrPort{e.Client, e.Server} {
		if v.named[i] {
			continue
		}
		p := t.processName(a)
		if p == "" {
			continue
		}
		v.named[i] = true
		s := "the " + conn.Side(i).String() + " is " + p
		if t.multi {
			s = tagText(v.number, t.lay.tag-1, &t.g) + "  " + s
		}
		t.note(t.lay.client, s, "")
	}
}
