package render

import "tcpsee/dissect/conn"

// Widths from which a picture holds more.
const (
	wideStates  = 76  // the states' full names
	wideLayer   = 66  // the column of the layer
	wideOptions = 100 // options and windows, and a card of fewer lines
	wideSum     = 110 // the encapsulation as a sum
	wideNumber  = 110 // more room between the columns
	wideColumns = 150 // each layer in a column of its own
)

// Widths of columns.
const (
	stateFull  = len("SYN-RECEIVED")
	stateShort = len("FIN-WAIT-1")
	sumWidth   = len("L7+L4+L3+L2=frame")
	arrowWide  = 38 // of an arrow where the layers have columns of their own
)

// Widths of the columns of layers 4 to 1.
const (
	widthL4 = 21
	widthL3 = 10
	widthL2 = 3
	widthL1 = 7
)

// layout says where the columns of a picture begin. It depends on the options
// alone, so that nothing jumps while rows come.
type layout struct {
	width  int
	number int  // columns of the frame's number
	pair   int  // of number and time together
	layer  int  // where the number of the layer stands; -1 for nowhere
	client int  // where the client's state begins
	arrow  int  // where the arrow begins
	server int  // where the server's state begins
	state  int  // columns of a state
	after  int  // where what follows the server's state begins
	tag    int  // columns of a connection's number, once there are several
	short  bool // the states' short names
	extras bool // options and windows on the arrow
	sum    bool // the encapsulation as a sum
	layers bool // each layer in a column of its own
	l7     int  // columns of layer 7, with layers
}

func newLayout(o *Options) layout {
	w := o.Width
	if w == 0 {
		w = DefaultWidth
	}
	w = max(w, MinWidth)
	l := layout{width: w, number: 3, pair: 13, layer: -1, state: stateFull, tag: 4}
	l.short = w < wideStates || o.Absolute && w < 90
	l.layers = w >= wideColumns
	l.extras = w >= wideOptions && !l.layers
	l.sum = w >= wideSum && !l.layers
	if w < wideStates {
		l.pair = 11
	}
	if w >= wideOptions {
		l.tag = 5
	}
	if w >= wideNumber {
		l.number, l.pair = 4, 15
	}
	if l.short {
		l.state = stateShort
	}
	if o.Time == TimeClock {
		l.pair = l.number + 1 + (&rowTimes{mode: o.Time}).width(w)
	}
	l.client = l.pair + 1
	if w >= wideLayer {
		l.layer = l.pair + 1
		l.client = l.layer + 2
	}
	l.arrow = l.client + l.state + 1
	l.placeServer()
	return l
}

// placeServer places what stands to the right of the arrow.
func (l *layout) placeServer() {
	end := l.width
	switch {
	case l.layers:
		l.server = l.arrow + arrowWide + 1
		l.after = l.server + l.state + 2
		l.l7 = l.width - l.after - widthL4 - widthL3 - widthL2 - widthL1 - 4*2
		return
	case l.sum:
		end -= sumWidth + 4
	}
	l.server = end - l.state
	l.after = end + 1
}

// right is the column behind the server's state.
func (l *layout) right() int { return l.server + l.state }

// stateName is the state's name of RFC 9293, or where there is little room the
// one that ss(8) prints.
func (l *layout) stateName(s conn.State) string {
	if l.short {
		switch s {
		case conn.StateEstablished:
			return "ESTAB"
		case conn.StateSynReceived:
			return "SYN-RECV"
		}
	}
	return s.String()
}
