package render

import (
	"math/bits"
	"strconv"
	"time"

	"tcpsee/dissect/conn"
)

// courseBins is how many stretches of time a course is kept in. They become
// twice as long each time that they do not suffice.
const courseBins = 512

// timeBins divides the time since a connection's beginning, however long that
// may become, into at most a given number of equal stretches.
type timeBins struct {
	shift uint // a stretch is 1 µs << shift
	limit int
}

// index gives the stretch that a point in time is in, and by how many doublings
// what was gathered before has to be merged first.
func (b *timeBins) index(d time.Duration) (i int, doublings uint) {
	us := uint64(max(d, 0) / time.Microsecond)
	if over := us >> b.shift; over >= uint64(b.limit) {
		doublings = uint(bits.Len64(over / uint64(b.limit)))
		b.shift += doublings
	}
	return int(us >> b.shift), doublings
}

// span is how long n stretches are.
func (b *timeBins) span(n int) time.Duration { return time.Duration(n) << b.shift * time.Microsecond }

// courses follows what one connection does in time, as long as there is one
// only.
type courses struct {
	conn    int64
	several bool
	time    timeBins
	latest  time.Duration // since its beginning: where time goes back, the picture stays
	bins    []courseBin
}

// courseBin is a stretch of time.
type courseBin struct {
	bytes [2]uint64 // of payload, by sender
	rtt   time.Duration
}

func newCourses() *courses { return &courses{time: timeBins{limit: courseBins}} }

func (c *courses) add(e *conn.Event) {
	if c.several || e.Packet == nil {
		return
	}
	if c.conn != e.Conn {
		if c.conn != 0 {
			c.several, c.bins = true, nil
			return
		}
		c.conn = e.Conn
	}
	c.latest = max(c.latest, e.Delta)
	i, doublings := c.time.index(c.latest)
	for range doublings {
		c.merge()
	}
	for len(c.bins) <= i {
		c.bins = append(c.bins, courseBin{})
	}
	b := &c.bins[i]
	b.bytes[e.From&1] += e.SentBytes()
	b.rtt = max(b.rtt, e.RTT)
}

func (c *courses) merge() {
	n := (len(c.bins) + 1) / 2
	for i := range n {
		b := c.bins[2*i]
		if 2*i+1 < len(c.bins) {
			o := c.bins[2*i+1]
			b.bytes[0] += o.bytes[0]
			b.bytes[1] += o.bytes[1]
			b.rtt = max(b.rtt, o.rtt)
		}
		c.bins[i] = b
	}
	c.bins = c.bins[:n]
}

// Columns of a course.
const (
	courseLabel = 17
	courseTail  = 25
	courseMax   = 96
)

// append draws the course: throughput each way, and the round trip.
func (c *courses) append(dst []byte, width int, g *glyphs) []byte {
	if c.several || len(c.bins) < 2 {
		return dst
	}
	cols := min(width-courseLabel-courseTail, courseMax, len(c.bins))
	span := c.time.span(len(c.bins))
	dst = append(dst, "in time, "+spanText(span/time.Duration(cols), g)+" a column:\n"...)
	for side, name := range [...]string{"to the server", "to the client"} {
		v := make([]float64, cols)
		most := 0.0
		for i, b := range c.bins {
			v[i*cols/len(c.bins)] += float64(b.bytes[side])
		}
		for i := range v {
			v[i] /= (span / time.Duration(cols)).Seconds()
			most = max(most, v[i])
		}
		dst = appendCourse(dst, name, v, most, "at most "+bytesText(uint64(most))+"/s", g)
	}
	v := make([]float64, cols)
	least, most := time.Duration(0), time.Duration(0)
	for i, b := range c.bins {
		k := i * cols / len(c.bins)
		v[k] = max(v[k], float64(b.rtt))
		if b.rtt > 0 && (least == 0 || b.rtt < least) {
			least = b.rtt
		}
		most = max(most, b.rtt)
	}
	if most == 0 {
		return dst
	}
	tail := spanText(least, g) + " to " + spanText(most, g)
	if textWidth(tail)+2 > courseTail {
		tail = "up to " + spanText(most, g)
	}
	return appendCourse(dst, "round trip", v, float64(most), tail, g)
}

func appendCourse(dst []byte, name string, v []float64, most float64, tail string, g *glyphs) []byte {
	dst = append(dst, ' ', ' ')
	dst = append(dst, name...)
	for n := len(name) + 2; n < courseLabel; n++ {
		dst = append(dst, ' ')
	}
	for _, x := range v {
		dst = appendLevel(dst, x, most, g)
	}
	dst = append(dst, ' ', ' ')
	dst = append(dst, tail...)
	return append(dst, '\n')
}

// appendLevel draws one value as a bar an eighth to a whole line high, in
// ASCII as a digit from 1 to 9; nothing is a dot.
func appendLevel(dst []byte, x, most float64, g *glyphs) []byte {
	if x <= 0 || most <= 0 {
		if g.ascii {
			return append(dst, '.')
		}
		return append(dst, "·"...)
	}
	if g.ascii {
		return strconv.AppendInt(dst, 1+int64(min(x/most*9, 8)), 10)
	}
	return append(dst, string(rune('▁'+int(min(x/most*8, 7))))...)
}
