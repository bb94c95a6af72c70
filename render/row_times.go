package render

import (
	"tcpsee/capture"
	"tcpsee/dissect/conn"
)

// rowTimes says when rows are, in the way that Options.Time asks for. Whatever
// shows the time of a row has it from here.
type rowTimes struct {
	mode TimeMode
	base capture.Stamp // of the first row
	last capture.Stamp // of the row before
}

func newRowTimes(o *Options) rowTimes {
	return rowTimes{mode: o.Time, base: capture.NoTime, last: capture.NoTime}
}

// stamp sets the first row's time, once.
func (t *rowTimes) stamp(at capture.Stamp) {
	if !t.base.Known() {
		t.base = at
	}
}

// passed tells that an event has its row, or was folded. What is said of a
// connection as a whole has the time of its last segment, which was long ago,
// and a silence goes on though it is told of: neither is a row.
func (t *rowTimes) passed(e *conn.Event) {
	switch e.Type {
	case conn.TypeWait, conn.TypeVerdict, conn.TypeEnd, conn.TypeCapture:
	default:
		if e.Time.Known() {
			t.last = e.Time
		}
	}
}

// head names the column.
func (t *rowTimes) head() string {
	return [...]string{TimeStart: "seconds", TimeDelta: "+seconds", TimeClock: "UTC"}[min(t.mode, TimeClock)]
}

// told is the time to show of an event: none of a socket call that was made
// before the first frame, from which seconds are counted, for its place says
// enough.
func (t *rowTimes) told(e *conn.Event) capture.Stamp {
	if e.Type == conn.TypeCall && t.mode == TimeStart && t.base.Known() && e.Time < t.base {
		return capture.NoTime
	}
	return e.Time
}

// append appends the time of a row in at most width columns; nothing where it
// is not known, or where there is nothing to count it from.
func (t *rowTimes) append(dst []byte, at capture.Stamp, width int) []byte {
	if !at.Known() {
		return dst
	}
	switch t.mode {
	case TimeClock:
		n := len(dst)
		dst = at.Time().AppendFormat(dst, "15:04:05.000000")
		return dst[:min(len(dst), n+width)]
	case TimeDelta:
		if !t.last.Known() {
			return appendSeconds(dst, 0, width)
		}
		return appendSeconds(dst, at.Sub(t.last), width)
	}
	if !t.base.Known() {
		return dst
	}
	return appendSeconds(dst, at.Sub(t.base), width)
}

// wideTime is more columns than any time has, where room is not what counts.
const wideTime = 24

// secondsWidth is how many columns seconds have in a picture, clockWidth how
// many the time of day has, to the microsecond.
const (
	secondsWidth = len("0.000015")
	clockWidth   = len("16:39:16.442830")
)

// width is how many columns the times have in a picture of so many: in a narrow
// one the time of day has milliseconds, in a very narrow one seconds.
func (t *rowTimes) width(picture int) int {
	switch {
	case t.mode != TimeClock:
		return secondsWidth
	case picture < wideStates:
		return len("16:39:16")
	case picture < wideOptions:
		return len("16:39:16.442")
	}
	return clockWidth
}
