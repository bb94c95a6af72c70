package capture

import (
	"encoding/binary"
	"strings"
)

// Options that a copy keeps as they are, though nothing here reads them.
const (
	optIPv4     = 4 // of an interface
	optIPv6     = 5
	optMAC      = 6
	optEUI      = 7
	optSpeed    = 8
	optZone     = 10
	optFilter   = 11
	optIfOS     = 12
	optIfHW     = 15
	optTxSpeed  = 16
	optRxSpeed  = 17
	optZoneName = 18

	optCustomText = 2988 // that programs may copy, like optCustom
)

// interfaceOptions tells of the options of an interface that are kept how
// many bytes at their front depend on the byte order, as one number.
var interfaceOptions = map[uint16]int{optComment: 0, optIPv4: 0, optIPv6: 0, optMAC: 0, optEUI: 0, optSpeed: 8, optZone: 4,
	optFilter: 0, optIfOS: 0, optIfHW: 0, optTxSpeed: 8, optRxSpeed: 8, optZoneName: 0, optCustomText: 4, optCustom: 4}

// appendOption appends an option to b as a little-endian section has it, where
// it is one of those to be kept.
func (p *pcapng) appendOption(b []byte, kept map[uint16]int, code uint16, v []byte) []byte {
	number, ok := kept[code]
	code4 := code == optFilter && p.big && len(v) > 0 && v[0] != 0 // a program, whose numbers are the section's
	if !ok || code4 || len(v) < number {
		return b
	}
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(v)))
	switch number {
	case 4:
		b = binary.LittleEndian.AppendUint32(b, p.u32(v))
	case 8:
		b = binary.LittleEndian.AppendUint64(b, p.u64(v))
	}
	b = append(b, v[number:]...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// InterfaceCounts is what a file states of an interface at its end (section
// 4.6), for a Writer.
type InterfaceCounts struct {
	Interface int // index into Source.Interfaces
	at        Stamp
	times     [optStop + 1]Stamp
	values    [optDelivered + 1]uint64
	has       uint16 // bit n: option n of times and values is there
	comments  []string
}

// counts reads the options of a statistics block, and reports whether they
// lie within it.
func (p *pcapng) counts(b []byte, clock ngClock, c *InterfaceCounts) bool {
	return p.options(b, func(code uint16, v []byte) {
		switch {
		case code == optComment:
			c.comments = append(c.comments, strings.ToValidUTF8(string(v), "\ufffd"))
		case code > optDelivered || len(v) != 8:
		case code >= optReceived && c.has>>code&1 == 1:
			c.values[code] = satAdd(c.values[code], p.u64(v))
		case code >= optReceived:
			c.values[code] = p.u64(v)
			c.has |= 1 << code
		case code >= optStart:
			if t, ok := clock.stamp(uint64(p.u32(v))<<32 | uint64(p.u32(v[4:]))); ok {
				c.times[code] = t
				c.has |= 1 << code
			}
		}
	})
}

// lost is how many packets were.
func (c *InterfaceCounts) lost() uint64 {
	return satAdd(c.values[optIfDropped], c.values[optOSDropped])
}

// keepCounts has c take the place of what the interface had.
func (p *pcapng) keepCounts(c InterfaceCounts) {
	l := p.led
	if l.countsOf == nil {
		l.countsOf = make(map[int]int)
	}
	size := 0
	for _, s := range c.comments {
		size += asideEntry + len(s)
	}
	if size > 0 && !p.admits(size, "comments") {
		c.comments = nil
	}
	i, known := l.countsOf[c.Interface]
	if known {
		l.counts[i] = c
		return
	}
	l.countsOf[c.Interface] = len(l.counts)
	l.counts = append(l.counts, c)
}
