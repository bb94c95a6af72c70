package main

import (
	"context"
	"runtime/debug"
	"time"

	"tcpsee/dissect"
	"tcpsee/dissect/conn"
	"tcpsee/render"
)

// needs is what the renderers read, all together, and the comments that are
// saved.
func (l *loop) needs() (n render.Needs) {
	for _, s := range l.saves {
		if s.notes {
			n |= render.NeedsSegments | render.NeedsSentences
		}
	}
	for _, r := range l.renderers {
		n |= render.NeedsOf(r)
	}
	return n
}

// trackerOptions adds to what the flags say that nobody needs to be told what
// no renderer reads.
func (l *loop) trackerOptions() conn.Options {
	n, o := l.needs(), l.tracking
	o.Live = l.live
	if len(l.files) > 1 {
		o.Files = render.FileNames(l.files)
	}
	if l.sockets != nil {
		o.Listening = l.sockets.listening
	}
	if l.live && l.disguise == nil { // else the tracker's addresses are not the sockets'
		o.Program = l.names.program
	}
	o.Detail = n&render.NeedsDetail != 0
	o.Measures = n&(render.NeedsMeasures|render.NeedsSentences) != 0 // sentences may speak of them
	o.Verdicts = n&render.NeedsVerdicts != 0
	o.Quiet = n&render.NeedsApp == 0
	o.Brief = n&render.NeedsSentences == 0
	return o
}

// isSaved reports whether the source is made of regular files alone: reading it
// never waits, and nothing else happens meanwhile.
func (l *loop) isSaved() bool {
	return !l.live && !l.prompt && l.calls == nil && l.finish == nil
}

// With many connections, what is kept of them holds no pointer and costs a
// collection of garbage next to nothing: it may come often, so that little
// garbage gathers beside.
const (
	thriftFrom    = 1 << 16 // connections
	thriftPercent = 10      // see debug.SetGCPercent
)

// thrift is called now and then, by who follows connections. Where no sentences
// are made there is hardly any garbage.
func (l *loop) thrift() {
	if !l.wordy || l.percent != 0 || l.tracker.Stats().Open < thriftFrom {
		return
	}
	if l.percent = debug.SetGCPercent(thriftPercent); 0 < l.percent && l.percent < thriftPercent {
		debug.SetGCPercent(l.percent)
	}
}

// splurge takes thrift back.
func (l *loop) splurge() {
	if l.percent != 0 {
		debug.SetGCPercent(l.percent)
	}
}

// savedAtOnce is how many frames of regular files are decoded before they are
// followed: enough for the tracker to look ahead, and few enough to stay in a
// cache.
const savedAtOnce = 64

// readSaved is read for regular files.
func (l *loop) readSaved(ctx context.Context) error {
	defer l.src.Close()
	most := savedAtOnce
	if len(l.saves) > 0 || l.disguise != nil {
		most = 1 // what is saved is in the order of what happens, and a disguise is of one frame at a time
	}
	s, p := new(stages), new(parcel)
	for len(l.broken) == 0 && ctx.Err() == nil {
		var err error
		s.frames, err = l.src.Next()
		l.sparing()
		l.saveBeside()
		for len(s.frames) > 0 {
			l.decodeSome(s, p, most)
			l.tracker.Meet(p.packets, &p.coming)
			l.trackAll(p)
			p.empty()
		}
		l.shows()
		if l.reached {
			return nil
		}
		if err != nil {
			return endOf(err)
		}
	}
	return nil
}

// saveBeside saves what a batch that was read came with, before its packets.
func (l *loop) saveBeside() {
	for _, s := range l.saves {
		l.keep(s.beside())
	}
}

// shows comes after each batch of saved frames that has been drawn. What is
// drawn is shown now and then: of a large file, a few rows that match would
// otherwise wait until there are many.
func (l *loop) shows() {
	l.progress.step()
	if now := time.Now(); now.Sub(l.flushed) >= flushInterval {
		l.flushed = now
		for _, r := range l.renderers {
			l.keep(r.Flush())
		}
	}
}

// left draws the connections that are left at the end.
func (l *loop) left() {
	for e := range l.tracker.Left() {
		l.draw(e)
	}
}

// framesOf counts the frames that a segment of which no event was made stands
// for.
func framesOf(p *dissect.Packet) int64 { return max(1, int64(len(p.Fragments))) }
