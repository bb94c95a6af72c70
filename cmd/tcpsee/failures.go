package main

import (
	"errors"
	"slices"
	"syscall"
)

// maxFailures bounds what is told of outputs: there are few of them.
const maxFailures = 16

// failures are the errors of the outputs, of which each may have its own: a
// disk that is full is full for all that write to it.
type failures []error

// add takes an error, unless it is nil or has been told: an output that has
// failed says so at every call.
func (f *failures) add(err error) {
	told := func(had error) bool { return had.Error() == err.Error() }
	if err != nil && len(*f) < maxFailures && !slices.ContainsFunc(*f, told) {
		*f = append(*f, err)
	}
}

// err joins them; nil is none. That a reader has left is no news beside a file
// that is not whole.
func (f failures) err() error {
	left := func(err error) bool { return errors.Is(err, syscall.EPIPE) }
	rest := slices.DeleteFunc(slices.Clone(f), left)
	switch {
	case len(rest) == 0 && len(f) > 0:
		return f[0]
	case len(rest) == 1:
		return rest[0]
	}
	return errors.Join(rest...)
}
