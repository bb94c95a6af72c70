package main

import (
	"bytes"
	"errors"
	"os"

	"tcpsee/capture"
)

// wholeLines writes a file that ends with a whole line where no more can be
// written, as on a disk that is full: a part of an NDJSON object stops who reads
// it.
type wholeLines struct {
	f    *os.File
	open int // bytes since the last newline
}

func (w *wholeLines) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if end := bytes.LastIndexByte(p[:n], '\n'); end >= 0 {
		w.open = n - end - 1
	} else {
		w.open += n
	}
	if err != nil {
		err = errors.Join(err, capture.CutBack(w.f, w.open))
		w.open = 0
	}
	return n, err
}
