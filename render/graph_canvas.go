package render

import (
	"time"
	"unicode/utf8"

	"tcpsee/dissect/conn"
)

// ink is what a cell of a plot shows, the more important the higher.
type ink uint8

// The inks.
const (
	inkNone ink = iota
	inkWindow
	inkAck
	inkData
	inkSack
	inkStopped
	inkAgain
)

func (i ink) colour() string {
	switch i {
	case inkWindow:
		return sgrYellow
	case inkAck:
		return sgrGreen
	case inkData:
		return sgrCyan
	case inkSack:
		return sgrViolet
	case inkStopped, inkAgain:
		return sgrRed
	}
	return ""
}

// canvas is a plot of dots: two columns and four rows of them a cell in
// Braille, one a cell in ASCII.
type canvas struct {
	cols, rows int
	wide, tall int // dots of a cell
	ascii      bool
	dots       []uint8 // of each cell, the Braille pattern
	ink        []ink
	lo, hi     int64
	last       time.Duration
}

// marks says what a plot holds that the legend has to explain.
type marks struct{ again, sack, stopped bool }

func newCanvas(cols, rows int, ascii bool) *canvas {
	c := &canvas{cols: cols, rows: rows, wide: 2, tall: 4, ascii: ascii}
	if ascii {
		c.wide, c.tall = 1, 1
	}
	c.dots, c.ink = make([]uint8, cols*rows), make([]ink, cols*rows)
	return c
}

// scale sets what the edges of the plot stand for.
func (c *canvas) scale(lo, hi int64, last time.Duration) {
	c.lo, c.hi, c.last = lo, max(hi, lo+1), max(last, 1)
}

func (c *canvas) dotCol(d time.Duration) int {
	n := c.cols*c.wide - 1
	return min(max(int(float64(n)*float64(d)/float64(c.last)+0.5), 0), n)
}

// dotRow is counted from the bottom.
func (c *canvas) dotRow(n int64) int {
	top := c.rows*c.tall - 1
	return int(float64(top)*float64(n-c.lo)/float64(c.hi-c.lo) + 0.5)
}

// dot sets one dot, if it is inside of the plot.
func (c *canvas) dot(x, y int, i ink) {
	if x < 0 || y < 0 || x >= c.cols*c.wide || y >= c.rows*c.tall {
		return
	}
	cell := (c.rows-1-y/c.tall)*c.cols + x/c.wide
	if !c.ascii {
		// Braille patterns number their dots down the left column, then the right;
		// the lowest row was added later (Unicode, chapter 21.1).
		c.dots[cell] |= [2][4]uint8{{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}}[x%2][y%4]
	}
	c.ink[cell] = max(c.ink[cell], i)
}

// rise sets the dots of a range of sequence numbers.
func (c *canvas) rise(x int, r [2]int64, i ink) {
	for y := max(c.dotRow(r[0]), 0); y <= min(c.dotRow(r[1]), c.rows*c.tall-1); y++ {
		c.dot(x, y, i)
	}
}

// plot draws one direction.
func (c *canvas) plot(p *plot, side conn.Side, window bool) marks {
	var m marks
	ack, edge, x0 := int64(0), int64(0), -1
	step := func(x int, b *plotBin) {
		if x0 >= 0 {
			for x1 := x0; x1 <= x; x1++ {
				c.dot(x1, c.dotRow(ack), inkAck)
				if window && x1%2 == 0 {
					c.dot(x1, c.dotRow(edge), inkWindow)
				}
			}
			c.rise(x, [2]int64{min(ack, b.ack), max(ack, b.ack)}, inkAck)
		}
		ack, edge, x0 = b.ack, b.edge, x
	}
	for i := range p.bins[side] {
		b := &p.bins[side][i]
		d := p.time.span(i)
		if d > c.last {
			break
		}
		x := c.dotCol(d)
		if b.acked {
			step(x, b)
		}
		if b.data[1] > b.data[0] {
			c.rise(x, b.data, inkData)
		}
		if b.sack[1] > b.sack[0] {
			c.rise(x, b.sack, inkSack)
			m.sack = true
		}
		if b.stopped {
			c.dot(x, c.dotRow(b.edge), inkStopped)
			m.stopped = true
		}
		if b.again[1] > b.again[0] {
			c.rise(x, b.again, inkAgain)
			m.again = true
		}
	}
	if x0 >= 0 {
		step(c.cols*c.wide-1, &plotBin{ack: ack, edge: edge})
	}
	return m
}

// appendRow writes a row of cells. Letters stand for what has to be told from
// the rest without colour.
func (c *canvas) appendRow(l *line, r int, color bool) {
	var b [utf8.UTFMax]byte
	last := inkNone
	for x := range c.cols {
		cell := r*c.cols + x
		i := c.ink[cell]
		if color && i.colour() != last.colour() {
			if last.colour() != "" {
				l.sgr(sgrReset)
			}
			l.sgr(i.colour())
		}
		last = i
		l.wide(utf8.AppendRune(b[:0], c.sign(cell)), 1)
	}
	if color && last.colour() != "" {
		l.sgr(sgrReset)
	}
}

func (c *canvas) sign(cell int) rune {
	switch c.ink[cell] {
	case inkNone:
		return ' '
	case inkAgain:
		return 'R'
	case inkSack:
		return 'S'
	case inkStopped:
		return 'Z'
	}
	if !c.ascii {
		return 0x2800 | rune(c.dots[cell])
	}
	switch c.ink[cell] {
	case inkData:
		return '|'
	case inkAck:
		return '_'
	}
	return '.'
}
