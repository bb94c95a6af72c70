package capture

import (
	"math"
	"math/bits"
)

// ngClock turns an interface's units of time into stamps (section 4.2,
// if_tsresol and if_tsoffset).
type ngClock struct {
	binary   bool
	exponent uint   // units are 10^-exponent or 2^-exponent seconds
	units    uint64 // in a second; 0 where 64 bits don't hold it
	nanos    uint64 // nanoseconds a unit, where that is a whole number; else 0
	offset   int64  // seconds to add
}

// newClock reads if_tsresol: the top bit chooses 2 over 10, the rest is the
// negative exponent.
func newClock(resolution byte) ngClock {
	c := ngClock{binary: resolution&0x80 != 0, exponent: uint(resolution & 0x7f)}
	switch {
	case c.binary:
		if c.exponent < 64 {
			c.units = 1 << c.exponent
		}
	case c.exponent < 20: // 10^19 < 2^64
		c.units = 1
		for range c.exponent {
			c.units *= 10
		}
		if c.exponent <= 9 {
			c.nanos = 1e9 / c.units
		}
	}
	return c
}

// The last Stamp is lastSecond and lastNanos after 1970, the first is
// firstSecond before it less firstNanos.
const (
	lastSecond  = math.MaxInt64 / 1_000_000_000
	lastNanos   = math.MaxInt64 % 1_000_000_000
	firstSecond = lastSecond + 1
	firstNanos  = 1_000_000_000 - lastNanos
)

// stamp converts a count of units since 1970, rounding down. It reports
// whether a Stamp holds the time; otherwise it returns the nearest.
func (c *ngClock) stamp(ts uint64) (s Stamp, held bool) {
	if c.offset == 0 && c.nanos != 0 && ts <= math.MaxInt64/c.nanos {
		return Stamp(ts * c.nanos), true
	}
	var sec, nanos uint64
	switch {
	case c.units != 0:
		sec = ts / c.units
		hi, lo := bits.Mul64(ts%c.units, 1e9)
		nanos, _ = bits.Div64(hi, lo, c.units) // hi < units: no overflow
	case c.binary:
		hi, _ := bits.Mul64(ts, 1e9)
		nanos = hi >> (c.exponent - 64)
	case c.exponent <= 28:
		nanos = ts / uint64(math.Pow10(int(c.exponent-9))) // a power of ten below 2^64, exact
	}
	return clampStamp(sec, c.offset, nanos)
}

// clampStamp adds seconds, an offset in seconds, and nanoseconds under 1e9. It
// reports whether a Stamp holds the sum.
func clampStamp(sec uint64, offset int64, nanos uint64) (s Stamp, held bool) {
	back := uint64(0)
	if offset < 0 {
		back = -uint64(offset) // also right for the least of all
	} else {
		sec = satAdd(sec, uint64(offset))
	}
	switch {
	case sec >= back && beyond(sec-back, lastSecond, nanos > lastNanos):
		return math.MaxInt64, false
	case sec < back && beyond(back-sec, firstSecond, nanos < firstNanos):
		return NoTime + 1, false
	}
	return Stamp((sec-back)*1e9 + nanos), true // wraps around to its sign
}

// beyond reports whether sec is past a limit, or at it and over.
func beyond(sec, limit uint64, over bool) bool { return sec > limit || sec == limit && over }
