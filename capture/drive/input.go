package drive

import (
	"errors"
	"io"
	"sync"
)

// Input reads ahead from a reader that cannot be interrupted, such as a
// terminal, so that the end of a connection need not wait for it. A server
// that keeps taking clients makes one Input and gives it to each Relay: what
// was read and not sent to one client goes to the next.
//
// Its goroutine stays behind in Read until the reader ends or gives bytes; it
// holds at most one piece of 16 KiB.
type Input struct {
	from   io.Reader
	start  sync.Once
	pieces chan []byte
	err    error // set before pieces is closed

	mu   sync.Mutex
	held []byte // read and not used
}

// NewInput wraps r, which nobody else may read from then on. Nothing is read
// before a Relay asks.
func NewInput(r io.Reader) *Input {
	return &Input{from: r, pieces: make(chan []byte)}
}

func (in *Input) pump() {
	defer close(in.pieces)
	for {
		b := make([]byte, readSize)
		n, err := in.from.Read(b)
		if n > 0 {
			in.pieces <- b[:n:n]
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				in.err = err
			}
			return
		}
	}
}

// errStopped says that stop was closed before there was input.
var errStopped = errors.New("stopped")

// next waits for the next piece until stop is closed. The end is io.EOF, or
// the reader's error.
func (in *Input) next(stop <-chan struct{}) ([]byte, error) {
	in.start.Do(func() { go in.pump() })
	in.mu.Lock()
	b := in.held
	in.held = nil
	in.mu.Unlock()
	if len(b) > 0 {
		return b, nil
	}
	select {
	case <-stop:
		return nil, errStopped
	default:
	}
	select {
	case <-stop:
		return nil, errStopped
	case b, ok := <-in.pieces:
		switch {
		case ok:
			return b, nil
		case in.err != nil:
			return nil, in.err
		}
		return nil, io.EOF
	}
}

// putBack keeps a piece that was not used for whoever asks next.
func (in *Input) putBack(b []byte) {
	in.mu.Lock()
	in.held = b
	in.mu.Unlock()
}

// Read makes an Input a reader. It must not be used while a Relay does.
func (in *Input) Read(p []byte) (int, error) {
	b, err := in.next(nil)
	n := copy(p, b)
	if n < len(b) {
		in.putBack(b[n:])
	}
	return n, err
}
