package render

import "io"

// outputChunk is how many bytes are gathered before they are written.
const outputChunk = 32 << 10

// output gathers bytes and writes them in pieces. The first error stays.
type output struct {
	w   io.Writer
	buf []byte
	err error
}

func newOutput(w io.Writer) output {
	return output{w: w, buf: make([]byte, 0, outputChunk+4096)}
}

// settle writes what was gathered once it is a chunk.
func (o *output) settle() error {
	if len(o.buf) < outputChunk {
		return o.err
	}
	return o.flush()
}

// flush writes what was gathered. After an error nothing is gathered any more.
func (o *output) flush() error {
	if len(o.buf) > 0 && o.err == nil {
		n, err := o.w.Write(o.buf)
		if err == nil && n < len(o.buf) {
			err = io.ErrShortWrite
		}
		o.err = err
	}
	o.buf = o.buf[:0]
	return o.err
}

// Write gathers b. It is how others write to an output.
func (o *output) Write(b []byte) (int, error) {
	o.buf = append(o.buf, b...)
	return len(b), o.settle()
}
