package capture

// layout is what differs between formats that are a file header, or none, and
// one record after another.
type layout interface {
	// headerSize is how many bytes stand before the first record.
	headerSize() int

	// header reads them.
	header(b []byte) *Fault

	// measure returns how many bytes the record at the front of b has in all,
	// or, where b is too short to tell, more than there are.
	measure(b []byte) (size int, fault *Fault)

	// frame makes f, which has the values of an earlier frame, that of the
	// record at the front of b, whose bytes are all there. It reports whether
	// the record has one.
	frame(f *Frame, b []byte) bool

	// place is the record that is next, and its offset.
	place() (record, offset int64)
}

// records walks through a file of records.
type records struct {
	led   *logbook
	begun bool  // the file header has been read
	done  int64 // records
	at    int64 // offset of the bytes given to walk
}

// place implements format and layout.
func (r *records) place() (int64, int64) {
	if !r.begun {
		return 0, 0
	}
	return r.done + 1, r.at
}

// finish implements format. Nothing is passed over in such a file.
func (r *records) finish() *Fault { return nil }

// walk is parse of a format with that layout.
func (r *records) walk(l layout, b []byte, out []Frame, last bool) (frames []Frame, used, need int, fault *Fault) {
	if !r.begun {
		size := l.headerSize()
		if len(b) < size {
			return out, 0, size, r.cut(l, len(b), size, last, "the file header")
		}
		if fault = l.header(b); fault != nil {
			return out, 0, 0, fault
		}
		used = size
		r.begun, r.at = true, int64(size)
	}
	for len(out) < cap(out) && used <= len(b) {
		rest := b[used:]
		size, f := l.measure(rest)
		if f != nil {
			fault = f
			break
		}
		if len(rest) < size {
			need = size
			if len(rest) > 0 {
				fault = r.cut(l, len(rest), size, last, "this record")
			}
			break
		}
		if next := out[:len(out)+1]; l.frame(&next[len(out)], rest) {
			out = next
		}
		used += size
		r.done++
		r.at += int64(size)
	}
	return out, used, need, fault
}

// cut is the fault of a file that ends after have of want bytes.
func (r *records) cut(l layout, have, want int, last bool, what string) *Fault {
	if !last {
		return nil
	}
	record, offset := l.place()
	return r.led.fault(record, offset, "the file is cut short: of the %d bytes of %s only %d are there", want, what, have)
}

// passOver notes that the next record's packet gives no frame, for it is of a
// kind that is not known.
func (r *records) passOver(what string, kind int) {
	r.led.number++
	record, offset := r.place()
	r.led.find(*r.led.fault(record, offset, "a packet of %s %d, which is not known, was passed over", what, kind))
}

// number gives f, a packet, its number, and the values that most packets have.
func (r *records) number(f *Frame) {
	r.led.number++
	r.led.packets++
	f.Number = r.led.number
	f.Interface, f.File, f.Record = 0, 0, RecordPacket
	f.Direction, f.Checksums = DirectionUnknown, ChecksumsUnsaid
	f.Dropped, f.Comments = 0, nil
}
