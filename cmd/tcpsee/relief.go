package main

import "time"

// Where packets come faster than they are decoded and drawn, the queue between
// the kernel and the picture fills. Before it is full, and packets are lost,
// their ends are: headers stay, and of most requests the first line.
const (
	reliefBytes = 192             // kept of a packet then: all headers, and some payload
	reliefFull  = 0.25            // of the queue: when that begins
	reliefEmpty = 0.01            // of the queue: when it may end
	reliefCalm  = 5 * time.Second // after so long a time below that
)

// relief cuts packets while the queue is full.
type relief struct {
	backlog func() float64  // of the queue, 0 to 1
	keep    func(int) error // changes how many bytes are kept; 0 is as many as before
	cut     bool
	calm    time.Time // since when the queue has been empty; zero where it is not
}

// look changes what is kept of packets where that is due, and returns what to
// say about it; nothing is to be said most of the time.
func (r *relief) look(now time.Time) string {
	if r == nil {
		return ""
	}
	full := r.backlog()
	switch {
	case !r.cut && full >= reliefFull:
		if r.keep(reliefBytes) != nil {
			return "" // the queue stays as it is; the kernel counts what it drops
		}
		r.cut, r.calm = true, time.Time{}
		return "packets come faster than they can be drawn: only the first 192 bytes of each are kept from here on"
	case r.cut && full > reliefEmpty:
		r.calm = time.Time{}
	case r.cut && r.calm.IsZero():
		r.calm = now
	case r.cut && now.Sub(r.calm) >= reliefCalm:
		if r.keep(0) != nil {
			return ""
		}
		r.cut = false
		return "packets are kept as before again"
	}
	return ""
}
