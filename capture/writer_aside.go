package capture

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// maxOriginComments is how many bytes of the source's comments a section
// header takes over: readers refuse large ones.
const maxOriginComments = 128 << 10

// WriteNames saves names of addresses, as name resolution blocks. Before the
// first frame they wait for its interface: editcap refuses files that have
// names in front.
func (w *Writer) WriteNames(names map[netip.Addr]string) error {
	w.begin()
	if len(w.used) == 0 {
		if w.names == nil {
			w.names = make(map[netip.Addr]string)
		}
		maps.Copy(w.names, names)
		return w.err
	}
	return w.writeNames(names)
}

// WriteSecrets saves decryption secrets, of at most MaxAside bytes, for the
// frames that follow. Before the first frame they wait like names. The data
// must not be changed.
func (w *Writer) WriteSecrets(s Secrets) error {
	if err := checkSecrets(s); err != nil {
		return w.fail(err)
	}
	w.begin()
	if len(w.used) == 0 {
		w.secrets = append(w.secrets, s)
		return w.err
	}
	return w.writeSecrets(s)
}

// checkSecrets refuses what no reader keeps.
func checkSecrets(s Secrets) error {
	if len(s.Data) > MaxAside {
		return fmt.Errorf("save decryption secrets: %d bytes are over the limit of %d", len(s.Data), MaxAside)
	}
	return nil
}

// asideDue writes the names and secrets that have waited.
func (w *Writer) asideDue() {
	if w.names == nil && w.secrets == nil {
		return
	}
	names, secrets := w.names, w.secrets
	w.names, w.secrets = nil, nil
	for _, s := range secrets {
		_ = w.writeSecrets(s) // the error stays in w
	}
	if len(names) > 0 {
		_ = w.writeNames(names)
	}
}

func (w *Writer) writeSecrets(s Secrets) error {
	before := w.size
	w.start(blockSecrets)
	w.put32(s.Kind)
	w.put32(uint32(len(s.Data)))
	w.putPadded(s.Data)
	w.finish()
	w.aside += w.size - before
	return w.err
}

func (w *Writer) writeNames(names map[netip.Addr]string) error {
	before := w.size
	w.start(blockNames)
	for _, a := range slices.SortedFunc(maps.Keys(names), netip.Addr.Compare) {
		if len(w.buf)-w.at > maxWhole/2 { // readers refuse larger blocks
			w.put32(namesEnd)
			w.finish()
			w.start(blockNames)
		}
		kind, raw := uint16(namesIPv6), a.AsSlice()
		if a.Is4() {
			kind = namesIPv4
		}
		name := clip(names[a], maxName)
		if len(raw) == 0 || name == "" {
			continue
		}
		w.put16(kind)
		w.put16(uint16(len(raw) + len(name) + 1))
		w.buf = append(w.buf, raw...)
		w.buf = append(w.buf, name...)
		w.buf = append(w.buf, 0)
		w.pad()
	}
	w.put32(namesEnd)
	w.finish()
	w.aside += w.size - before
	return w.err
}

// SetOrigin says what the file that frames come from says of itself, for the
// section headers that are still to be written.
func (w *Writer) SetOrigin(s Section) { w.o.Origin = s }

// originComments appends the comments of the source to the first section
// header.
func (w *Writer) originComments() {
	room := maxOriginComments
	for _, c := range w.o.Origin.Comments {
		c = clip(c, maxComment)
		if room -= len(c) + 8; w.section > 1 || room < 0 {
			return
		}
		w.option(optComment, c)
	}
}

// application is ours, with that which made what is copied.
func (w *Writer) application() string {
	ours, theirs := w.o.Application, w.o.Origin.Application
	switch {
	case theirs == "" || theirs == ours:
		return ours
	case strings.HasPrefix(theirs, ours+" (copy of "): // a copy of a copy
		return theirs
	}
	return ours + " (copy of " + theirs + ")"
}

// SetCounts completes a copy: interfaces without a frame are described, too,
// and what the source states of each is what WriteStatistics will write.
func (w *Writer) SetCounts(each []InterfaceCounts, ifaces []Interface) error {
	w.begin()
	if w.section == 1 && len(ifaces) <= maxOrdered {
		w.describeUpTo(len(ifaces), ifaces)
	}
	w.asideDue()
	w.each, w.copied = each, true
	return w.err
}

// WriteStatistics saves how many packets each interface of the section gave
// and what the capture lost. What is not known of a single interface stands
// at the first one, with a comment where there are several. A copy of a file
// that does not say whether anything was lost does not say so either.
func (w *Writer) WriteStatistics(s Stats) error {
	w.begin()
	list := make([]InterfaceCounts, len(w.used))
	rest := s.Dropped
	stated := make(map[int]InterfaceCounts)
	for _, c := range w.each {
		stated[c.Interface] = c
	}
	for id, key := range w.from {
		c, ok := stated[key.index]
		delete(stated, key.index) // of those with the same index the first has it
		if !ok {
			c.values[optDelivered], c.has = w.counts[id], 1<<optDelivered
		}
		rest -= min(rest, c.lost())
		list[id] = c
	}
	if len(list) > 0 && (rest > 0 || !w.copied) {
		c := &list[0]
		c.values[optOSDropped] = satAdd(c.values[optOSDropped], rest)
		c.has |= 1 << optOSDropped
		if len(list) > 1 && rest > 0 {
			c.comments = append(slices.Clip(c.comments), commonDrops)
		}
	}
	for id := range list {
		w.writeCounts(uint32(id), &list[id])
	}
	return w.err
}

// commonDrops is the comment on drops that are not those of one interface.
const commonDrops = "the drop count is that of all interfaces together"

func (w *Writer) writeCounts(id uint32, c *InterfaceCounts) {
	negative := w.from[id].negative
	fits := func(t Stamp) bool { return negative || t >= 0 }
	at := moment(0, negative) // for ours: the moment of writing is not the capture's
	if fits(c.at) {
		at = moment(c.at, negative)
	}
	w.start(blockStatistics)
	w.put32(id)
	w.put32(uint32(at >> 32))
	w.put32(uint32(at))
	for _, text := range c.comments {
		w.option(optComment, clip(text, maxComment))
	}
	for code := uint16(optStart); code <= optDelivered; code++ {
		switch {
		case c.has>>code&1 == 0:
		case code <= optStop && !fits(c.times[code]):
		case code <= optStop:
			t := moment(c.times[code], negative)
			w.option64(code, t>>32|t<<32) // the upper half comes first
		default:
			w.option64(code, c.values[code])
		}
	}
	w.put32(optEnd)
	w.finish()
}
