package main

import (
	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// Where nobody reads rows, as in a table or a file of packets, the loop makes
// no events of segments, lets live frames gather, and looks a few packets ahead.

// sparing has nothing made that no renderer reads: no events of segments, no
// sentences.
func (l *loop) sparing() {
	if l.finish != nil {
		return
	}
	n := l.needs()
	if rowless := n&render.NeedsSegments == 0; rowless != l.rowless {
		l.rowless = rowless
		l.tracker.Segments(!rowless)
		l.gather(rowless)
	}
	if n&(render.NeedsMeasures|render.NeedsSentences) == 0 {
		l.tracker.StopMeasuring()
	}
	l.tracker.Sentences(n&render.NeedsSentences != 0)
}

// gather lets frames of a live source wait a little, so that many are read at
// once, or has them read at once.
func (l *loop) gather(on bool) {
	switch {
	case l.patience == nil:
	case on:
		l.patience(gatherTime)
	default:
		l.patience(0)
	}
}

// framesAhead is frames where nobody reads rows: the tracker is told of a few
// packets before it follows the first of them.
func (l *loop) framesAhead(fs []capture.Frame) {
	if l.few == nil {
		l.few = new(few)
	}
	for len(fs) > 0 {
		if fs[0].Record == capture.RecordCustom {
			l.custom(&fs[0])
			fs = fs[1:]
			continue
		}
		n := l.decodeFew(fs)
		fs = fs[n:]
		l.tracker.Meet(l.few.list, &l.few.coming)
		l.tracker.Ahead(&l.few.coming)
		for i := range l.few.list {
			l.track(&l.few.list[i])
		}
	}
}

// decodeFew decodes the next few packets, and returns of how many frames. What
// was put together from fragments is the last of them, for it lives until the
// next fragment comes.
func (l *loop) decodeFew(fs []capture.Frame) (n int) {
	w := l.few
	w.list = w.packets[:0]
	for n < len(fs) && fs[n].Record == capture.RecordPacket && len(w.list) < len(w.packets) {
		p := &w.packets[len(w.list)]
		n++
		if !l.prepare(&fs[n-1], p) {
			continue
		}
		if w.list = w.list[:len(w.list)+1]; p.Joined != nil || p.Content == dissect.ContentFragment {
			break
		}
	}
	return n
}

// few are packets that are decoded before the first of them is followed.
type few struct {
	packets [fewPackets]dissect.Packet
	list    []dissect.Packet // of packets, those at hand
	coming  conn.Coming
}

// fewPackets is how many that are: enough for their connections to come out of
// memory together, and so few that they stay in the fastest cache.
const fewPackets = 64

// unread are segments of which no events were made, for no renderer read them.
type unread struct {
	segments, bytes int64 // payload
	last            capture.Stamp
}

func (u *unread) add(p *dissect.Packet) {
	u.segments++
	u.bytes += int64(p.TCP.Len)
	u.last = p.Frame.Time
}

// tellUnread tells renderers that count segments without reading them.
func (l *loop) tellUnread() {
	if l.unread.segments == 0 {
		return
	}
	for _, r := range l.renderers {
		if r, ok := r.(interface{ unread(unread) error }); ok {
			l.keep(r.unread(l.unread))
		}
	}
	l.unread = unread{}
}
