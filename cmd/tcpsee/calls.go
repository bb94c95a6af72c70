package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/dissect/conn"
)

// callQueue is how many socket calls may wait for the loop.
const callQueue = 4096

// callBox is where socket calls wait for the loop. It is no channel: what has been
// received from one, and is not held yet, would be in nobody's sight.
type callBox struct {
	came chan struct{} // there is something to take

	mu     sync.Mutex
	room   sync.Cond
	list   []timedCall
	closed bool
}

func newCallBox() *callBox {
	b := &callBox{came: make(chan struct{}, 1)}
	b.room.L = &b.mu
	return b
}

// put waits until there is room, and puts a call in.
func (b *callBox) put(c timedCall) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.list) >= callQueue && !b.closed {
		b.room.Wait()
	}
	if b.closed {
		return
	}
	b.list = append(b.list, c)
	select {
	case b.came <- struct{}{}:
	default:
	}
}

// take appends what has come to a list.
func (b *callBox) take(list []timedCall) []timedCall {
	if b == nil {
		return list
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) == 0 {
		return list
	}
	list = append(list, b.list...)
	clear(b.list)
	b.list = b.list[:0]
	b.room.Broadcast()
	return list
}

// arrived is what there is something to take after.
func (b *callBox) arrived() <-chan struct{} {
	if b == nil {
		return nil
	}
	return b.came
}

// close lets whoever makes calls go on when nobody takes them any more.
func (b *callBox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed, b.list = true, nil
	b.room.Broadcast()
}

// report is a drive.Reporter.
func (b *callBox) report(c drive.Call) {
	b.put(timedCall{at: capture.StampOf(c.Time), call: modelCall(c), fd: c.FD})
}

// takeSides puts calls of a wrapped command on a server's side that were made on
// a socket before it listened: until then nothing tells it from a client's. The
// calls are in the order of time. (The driver knows its ends from the start, and
// its calls have no process number.)
func takeSides(calls []timedCall) {
	type socket struct{ pid, fd int }
	var servers map[socket]bool
	for i := len(calls) - 1; i >= 0; i-- {
		c := &calls[i]
		s := socket{c.call.PID, c.fd}
		switch {
		case s.pid == 0:
		case c.call.Name == "listen" && c.call.From == conn.Server:
			if servers == nil {
				servers = make(map[socket]bool)
			}
			servers[s] = true
		case servers[s]:
			c.call.From = conn.Server
		}
		if c.call.Name == "socket" {
			delete(servers, s) // before it the descriptor was another's
		}
	}
}

// modelCall puts a driver's call into the model's words.
func modelCall(c drive.Call) conn.Call {
	m := conn.Call{Name: c.Name, Args: c.Args, Data: c.Data, Local: c.Local, Remote: c.Remote, PID: c.PID, Program: c.Program,
		Closing: conn.Closing{Linger0: c.Closing.Linger0, Unread: uint32(c.Closing.Unread)}, Shared: c.Closing.Shared}
	if c.End == drive.Server {
		m.From = conn.Server
	}
	switch c.Phase {
	case drive.Entry:
		m.Phase = conn.PhaseEntry
	case drive.Return:
		m.Phase = conn.PhaseReturn
	}
	switch {
	case errors.Is(c.Err, syscall.EINPROGRESS): // no failure: a non-blocking connect goes on
		m.Result = "EINPROGRESS"
	case c.Err != nil:
		m.Result = drive.ErrName(c.Err)
		m.Error = c.Err.Error()
	case c.Phase == drive.Return && c.Name == "resolve":
		_, m.Result, _ = strings.Cut(c.Args, ": ")
	case c.Phase != drive.Entry && (c.Name == "send" || c.Name == "recv"):
		m.Result = fmt.Sprint(c.N)
	}
	return m
}
