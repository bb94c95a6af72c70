package capture

import "fmt"

// Limits of custom data.
const (
	// maxHeld is how many bytes of custom data, with what each takes besides,
	// wait for a packet.
	maxHeld = 8 << 20

	// maxCustomOption is the most bytes of data in one option. Its length
	// with padding still fits into 16 bits, in which some program may add it.
	maxCustomOption = maxOption&^3 - (customOptionHead - 4)

	// maxCustomOptions is how long a packet's options may become through
	// custom data: libpcap expects no more than this beside the snap length.
	maxCustomOptions = 128 << 10
)

// heldCustom is custom data that wait for a packet to go with.
type heldCustom struct {
	data    []byte // of all records, one after the other
	ends    []int  // of each record in data
	settled int    // the first so many are too large for an option, and wait for the end
}

// record returns the i-th record.
func (h *heldCustom) record(i int) []byte { return h.data[h.from(i):h.ends[i]] }

// from returns where the i-th record begins, or would.
func (h *heldCustom) from(i int) int {
	if i == 0 {
		return 0
	}
	return h.ends[i-1]
}

// fits reports whether data may be held back, too.
func (h *heldCustom) fits(data []byte) bool {
	return len(h.data)+len(data)+(len(h.ends)+1)*customOptionHead <= maxHeld
}

func (h *heldCustom) add(data []byte) {
	h.data = append(h.data, data...)
	h.ends = append(h.ends, len(h.data))
}

// keep moves the i-th record to the front, behind n that were kept before.
func (h *heldCustom) keep(i, n int) {
	at, data := h.from(n), h.record(i)
	h.ends[n] = at + copy(h.data[at:], data)
}

// drop forgets the records from the i-th up to the j-th.
func (h *heldCustom) drop(i, j int) {
	for ; j < len(h.ends); j++ {
		h.keep(j, i)
		i++
	}
	h.data, h.ends = h.data[:h.from(i)], h.ends[:i]
}

// WriteCustom saves tcpsee's own data, at most MaxCustom bytes, which a file
// source gives out again as a RecordCustom frame, and other programs pass
// over. It goes into the file with the next frame, or at Close; see Writer.
// The data may be changed afterwards.
func (w *Writer) WriteCustom(data []byte) error {
	if err := checkCustom(data); err != nil {
		return w.fail(err)
	}
	w.begin()
	if !w.held.fits(data) {
		w.customBlocks(len(w.held.ends))
	}
	if w.err == nil {
		w.held.add(data)
	}
	return w.err
}

// checkCustom refuses what no reader takes.
func checkCustom(data []byte) error {
	if len(data) > MaxCustom {
		return fmt.Errorf("save custom record: %d bytes are over the limit of %d", len(data), MaxCustom)
	}
	return nil
}

// customOptions appends what is held back to the options of the packet block
// being made, which begin at from. What does not fit waits on, in order.
func (w *Writer) customOptions(from int) {
	h := w.held
	if h.settled == len(h.ends) {
		return
	}
	i := h.settled
	for ; i < len(h.ends); i++ {
		data := h.record(i)
		if len(data) > maxCustomOption {
			h.keep(i, h.settled)
			h.settled++
			continue
		}
		size := customOptionHead + (len(data)+3)&^3
		if len(w.buf)-from+size+4 > maxCustomOptions { // 4 bytes end the options
			break
		}
		w.put16(optCustom)
		w.put16(uint16(customOptionHead - 4 + len(data)))
		w.put32(customEnterprise)
		w.buf = append(w.buf, customMark...)
		w.putPadded(data)
	}
	h.drop(h.settled, i)
}

// customBlocks writes the first n records that are held back as blocks.
func (w *Writer) customBlocks(n int) {
	for i := range n {
		data := w.held.record(i)
		w.begin()
		w.start(blockCustom)
		w.put32(customEnterprise)
		w.buf = append(w.buf, customMark...)
		w.put32(uint32(len(data)))
		w.putPadded(data)
		w.finish()
	}
	w.held.settled = 0
	w.held.drop(0, n)
}
