//go:build amd64 || arm64

package drive

import (
	"bytes"
	"encoding/json"
	"testing"

	"golang.org/x/sys/unix"
)

// handled is a thread that waits in recv when a signal comes.
type handled struct {
	t    *testing.T
	tr   *tracing
	k    *task
	recv *pendingCall
	sent bytes.Buffer
}

// Stack pointers: in recv, of who called that, in a handler, and in one that has a
// stack of its own.
const (
	spRecv    = 0x7000_8000
	spCaller  = 0x7000_9000
	spHandler = 0x7000_7000
	spOther   = 0x7100_0000_0000
)

func newHandled(t *testing.T) *handled {
	x := &handled{t: t}
	h := &helper{report: newWireWriter(&x.sent)}
	x.tr = &tracing{h: h, sockets: newSocketTable(h.report), noted: make(map[string]bool)}
	x.recv = &pendingCall{nr: unix.SYS_RECVFROM, kind: kindRecv, sp: spRecv, told: true, socket: new(wrappedSocket), c: Call{Name: "recv"}}
	x.k = &task{tid: -1, p: &process{pid: -1}, call: x.recv, interrupted: true}
	return x
}

func (x *handled) enter(nr, sp uint64) { x.tr.entered(x.k, nr, [6]uint64{^uint64(0)}, sp) }

// told reports whether recv was told to have been interrupted.
func (x *handled) told() bool {
	x.t.Helper()
	if x.sent.Len() == 0 {
		return false
	}
	var m wireMessage
	if err := json.Unmarshal(x.sent.Bytes(), &m); err != nil || m.Call == nil || m.Call.call().Err != unix.EINTR {
		x.t.Fatalf("sent %s: %v", x.sent.String(), err)
	}
	return true
}

// TestHandlerLeft: where a handler is left by longjmp(3), the call is over as soon
// as the thread is back at who made it.
func TestHandlerLeft(t *testing.T) {
	x := newHandled(t)
	x.enter(unix.SYS_RT_SIGPROCMASK, spHandler)
	if x.told() {
		t.Error("told while the handler may go on")
	}
	x.enter(unix.SYS_GETPID, spCaller)
	if !x.told() || len(x.k.suspended) != 0 {
		t.Errorf("not told: %+v", x.k)
	}
}

// TestHandlerOfAnother: the end of a handler whose signal interrupted no call is not
// that of one which was left before.
func TestHandlerOfAnother(t *testing.T) {
	x := newHandled(t)
	x.enter(unix.SYS_RT_SIGPROCMASK, spHandler)
	x.enter(unix.SYS_RT_SIGRETURN, spHandler-0x800)
	x.k.handlerOver(spHandler - 0x400)
	if x.k.call != nil || x.k.interrupted || x.told() {
		t.Errorf("%+v", x.k)
	}
}

// TestHandlerEnds: a call is not over before its signal's handler is, wherever that
// has its stack.
func TestHandlerEnds(t *testing.T) {
	x := newHandled(t)
	x.enter(unix.SYS_GETPID, spOther)
	x.enter(unix.SYS_RT_SIGRETURN, spOther)
	x.k.handlerOver(spRecv)
	if x.k.call != x.recv || !x.k.interrupted || !x.k.handled || x.told() {
		t.Errorf("%+v", x.k)
	}
	x.enter(unix.SYS_GETPID, spRecv)
	if !x.told() {
		t.Error("not made again, and not told")
	}
}
