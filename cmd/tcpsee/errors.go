package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"tcpsee/capture"
	"tcpsee/capture/drive"
)

// The exit statuses (README, Exit status).
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// hinted is an error that knows what the user can do next.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// withHint says what to do about err.
func withHint(err error, hint string) error { return &hinted{err, hint} }

// usageError is a command line that makes no sense: exit status 2.
type usageError struct{ err error }

func (u *usageError) Error() string { return u.err.Error() }
func (u *usageError) Unwrap() error { return u.err }

// usagef makes a usageError.
func usagef(format string, a ...any) error { return &usageError{fmt.Errorf(format, a...)} }

// errReported ends a command with status 1 where the picture or an earlier
// message has already said why.
var errReported = errors.New("already reported")

// exit prints err as `error:` then `hint:` and returns the exit status.
func (a *app) exit(err error) int {
	if err == nil {
		return exitOK
	}
	if readerLeft(err) {
		return exitOK
	}
	var status *statusError
	if errors.As(err, &status) {
		return status.status
	}
	if !errors.Is(err, errReported) {
		fmt.Fprint(inLocale(a.std.err), paragraph(a.std.err, "error: ", err.Error()))
		if h := hintFor(err); h != "" {
			fmt.Fprint(inLocale(a.std.err), paragraph(a.std.err, "hint: ", h))
		}
	}
	var usage *usageError
	var port *drive.PortError
	var failed *failedRun
	switch {
	case errors.As(err, &failed):
		return failed.status
	case errors.As(err, &usage) || errors.As(err, &port):
		return exitUsage
	}
	return exitFailure
}

// readerLeft reports whether err is that the reader of our output has gone, as
// in | head. A socket call says the same of a connection that has broken.
func readerLeft(err error) bool {
	var op *drive.OpError
	return errors.Is(err, syscall.EPIPE) && !errors.As(err, &op)
}

// note prints err as `note:`, with the way out in its last line, where it does
// not count for the exit status.
func (a *app) note(err error) {
	text := err.Error()
	if h := hintFor(err); h != "" {
		text += "\n" + h
	}
	fmt.Fprint(inLocale(a.std.err), paragraph(a.std.err, "note: ", text))
}

// drawnError is one whose reason the picture has told, with what to try next.
type drawnError struct{ err error }

func (d *drawnError) Error() string { return d.err.Error() }
func (d *drawnError) Unwrap() error { return d.err }

// hintFor finds the way out of an error.
func hintFor(err error) string {
	var drawn *drawnError
	if errors.As(err, &drawn) {
		return ""
	}
	var h *hinted
	if errors.As(err, &h) {
		return h.hint
	}
	if s := adviceFor(err); s != "" {
		return s
	}
	var p *capture.PermissionError
	if errors.As(err, &p) {
		return p.Hint
	}
	if s := drive.Hint(err); s != "" {
		return s
	}
	var port *drive.PortError
	if errors.As(err, &port) {
		return "3000 is a port, and so is http, which stands for 80"
	}
	var usage *usageError
	if errors.As(err, &usage) {
		return "tcpsee help lists the commands and flags"
	}
	if errors.Is(err, syscall.ENOSPC) {
		return "df -h shows which disk is full; of packets, --rotate-size with --rotate-count keeps the last ones only"
	}
	if errors.Is(err, syscall.EDQUOT) {
		return "quota -s shows how much you may store on that disk"
	}
	if errors.Is(err, syscall.EFBIG) {
		return "ulimit -f shows how long a file may become in this shell; --rotate-size begins the next one before that"
	}
	if errors.Is(err, fs.ErrNotExist) {
		var at *fs.PathError
		if errors.As(err, &at) && at.Path == os.DevNull {
			return "no program can be started where " + os.DevNull + " is missing, as in a container without a /dev; mknod -m 666 /dev/null c 1 3 makes it"
		}
		return "check the name"
	}
	return ""
}
