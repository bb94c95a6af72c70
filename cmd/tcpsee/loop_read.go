package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// read is the loop proper. It returns why the source ended, nil for its end.
// Frames are drawn by the goroutine that has read them, for it costs more to
// hand a few of them over than to draw them; all else is done here.
func (l *loop) read(ctx context.Context) error {
	tick := newTicker(l.live)
	defer tick.Stop()
	hold := time.NewTimer(time.Hour)
	defer hold.Stop()
	stop := newEnding(ctx.Done(), l.finish, l.graceful())
	ended, taken := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(taken)
		l.takeAll(ended, hold, stop)
	}()
	defer l.endTaking(stop, taken)
	for {
		var work func()
		select {
		case err := <-ended:
			return err
		case <-l.calls.arrived():
			work = func() { l.takeCalls(hold) }
		case <-hold.C:
			work = func() { l.overdue(hold) }
		case now := <-tick.C:
			work = func() { l.tick(capture.StampOf(now)) }
		case <-l.window.changed():
			work = func() { l.window.resize(l.renderers) }
		case <-stop.finish:
			work = func() { stop.finished(l.straggle()) }
		case <-stop.ctx:
			work = stop.cancelled
		case <-stop.close.C:
			l.src.Close() // the batches that are left end the loop
			work = stop.closed
		case <-stop.give.C:
			if !l.inHand.Load() {
				return nil // a read that cannot be woken: standard input
			}
			work = stop.goOn // it takes long to draw what was read
		}
		if l.does(work); l.failed() {
			return nil
		}
	}
}

// takeAll draws batches until the source ends, or enough have been drawn, and
// says why it ended, nil for its end.
func (l *loop) takeAll(ended chan<- error, hold *time.Timer, stop *ending) {
	for {
		frames, err := l.src.Next()
		l.inHand.Store(true)
		l.waitForCalls(frames)
		enough := false
		l.does(func() {
			if enough = l.over; !enough {
				enough = l.take(frames, hold, stop)
			}
			if l.reached {
				err = nil
			}
			l.inHand.Store(false)
		})
		if err != nil || enough {
			ended <- endOf(err)
			return
		}
	}
}

// waitForCalls waits until the calls have come that were made before the last of
// the frames, or that is too old to wait for long.
func (l *loop) waitForCalls(frames []capture.Frame) {
	if l.behind == nil || len(frames) == 0 {
		return
	}
	last := frames[len(frames)-1].Time
	if !last.Known() {
		return
	}
	at, now := last.Time(), time.Now()
	until := at.Add(frameHold)
	if least := now.Add(lateHold); until.Before(least) {
		until = least
	}
	for ; now.Before(until) && l.behind(at); now = time.Now() {
		time.Sleep(behindPause)
	}
}

// take draws a batch, and reports whether no more is to come.
func (l *loop) take(frames []capture.Frame, hold *time.Timer, stop *ending) bool {
	select {
	case <-l.window.changed(): // what comes after a change is drawn after it
		l.window.resize(l.renderers)
	default:
	}
	l.takeCalls(hold)
	l.sparing()
	l.saveBeside()
	l.frames(frames)
	l.tellUnread()
	l.ease()
	l.flush()
	if len(l.ends.held) > 0 {
		l.arm(hold)
	}
	stop.heard(l.straggle())
	if l.live {
		stop.goOn()
	}
	return l.reached || len(l.broken) > 0
}

// takeCalls takes the calls that have come: each was made before now, and so maybe
// before a frame that is about to be drawn.
func (l *loop) takeCalls(hold *time.Timer) {
	if l.held = l.calls.take(l.held); len(l.held) > 0 {
		l.arm(hold)
	}
}

// arm has what is held drawn when frames from before it would have come.
func (l *loop) arm(hold *time.Timer) {
	if !l.armed {
		l.armed = true
		hold.Reset(callHold)
	}
}

// endTaking ends takeAll, where it has not ended. A source that was given up
// does not wake.
func (l *loop) endTaking(stop *ending, taken <-chan struct{}) {
	l.does(func() { l.over = true })
	l.src.Close()
	select {
	case <-taken:
	case <-stop.patience():
	}
}

// does lets one of read's goroutines work.
func (l *loop) does(work func()) {
	l.work.Lock()
	defer l.work.Unlock()
	work()
}

// failed reports whether a renderer did, or saving.
func (l *loop) failed() bool {
	l.work.Lock()
	defer l.work.Unlock()
	return len(l.broken) > 0
}

// overdue draws the calls that have waited for long enough: what has come by
// then and was not drawn on a busy machine is from before them, maybe.
func (l *loop) overdue(hold *time.Timer) {
	l.armed = false
	before := time.Now().Add(-callHold)
	if l.inHand.Load() || l.waiting != nil && l.waiting() || l.moreCalls(before) {
		l.armed = true
		hold.Reset(readAgain)
		return
	}
	l.releaseCalls(capture.StampOf(before))
	if len(l.held)+len(l.ends.held) > 0 {
		l.arm(hold)
	}
	l.flush()
}

// moreCalls reports whether calls from before that time are on their way, as long
// as what is held is young enough to wait for them.
func (l *loop) moreCalls(before time.Time) bool {
	at := capture.StampOf(before)
	young := func(s capture.Stamp) bool { return at.Sub(s) < frameHold }
	return l.behind != nil && l.behind(before) && !slices.ContainsFunc(l.held, func(c timedCall) bool { return !young(c.at) }) &&
		!slices.ContainsFunc(l.ends.held, func(e conn.Event) bool { return !young(e.Time) })
}

// tick draws what time alone brings.
func (l *loop) tick(now capture.Stamp) {
	l.emit(l.tracker.Tick(now))
	l.tellFindings(now)
	l.flush()
}

// graceful is how long to go on after the user has ended the command: frames
// that were captured before are still on their way through the ring. A saved
// capture has none.
func (l *loop) graceful() time.Duration {
	if l.live {
		return drainTime
	}
	return 0
}

// ending is how a loop comes to its end before its source does.
type ending struct {
	ctx    <-chan struct{} // the user ended it
	finish <-chan struct{} // the driver has nothing more to do
	close  *time.Timer     // time to close the source
	give   *time.Timer     // the source did not wake
	drain  time.Duration
	until  time.Time // no straggler is awaited after that

	closing, giving bool // the timers run, or have
}

func newEnding(ctx, finish <-chan struct{}, drain time.Duration) *ending {
	e := &ending{ctx: ctx, finish: finish, drain: drain, close: time.NewTimer(time.Hour), give: time.NewTimer(time.Hour)}
	e.close.Stop()
	e.give.Stop()
	return e
}

// finished waits idle for what the other end may still send.
func (e *ending) finished(idle time.Duration) {
	e.finish, e.until = nil, time.Now().Add(maxStraggle)
	e.closeAfter(idle)
}

func (e *ending) closeAfter(d time.Duration) {
	e.closing = true
	e.close.Reset(d)
}

// heard waits anew after each batch, up to a limit.
func (e *ending) heard(idle time.Duration) {
	if e.closing && time.Now().Add(idle).Before(e.until) {
		e.close.Reset(idle)
	}
}

func (e *ending) cancelled() {
	e.ctx, e.finish, e.until = nil, nil, time.Time{}
	e.closeAfter(e.drain)
}

// goOn gives a closed source that still has frames to give the time for that.
func (e *ending) goOn() {
	if e.giving {
		e.give.Reset(giveUp)
	}
}

func (e *ending) closed() {
	e.ctx, e.finish, e.closing, e.giving = nil, nil, false, true
	e.close.Stop()
	e.give.Reset(giveUp)
}

// patience is when a source that was closed has been given up.
func (e *ending) patience() <-chan time.Time {
	if e.giving { // it was, or it has ended
		return time.After(0)
	}
	return time.After(giveUp)
}

// straggle is how long to wait for stragglers of a driven session.
func (l *loop) straggle() time.Duration {
	if len(l.open) == 0 && l.total.Segments > 0 {
		return settled
	}
	return l.idle
}

// endOf turns the ordinary end of a source into nil.
func endOf(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// newTicker ticks for live captures only.
func newTicker(live bool) *time.Ticker {
	if live {
		return time.NewTicker(tickInterval)
	}
	t := time.NewTicker(time.Hour)
	t.Stop()
	return t
}
