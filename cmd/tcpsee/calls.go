package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"tcpsee/capture"
	"tcpsee/capture/drive"
	"tcpsee/dissect/conn"
)

// callQueue is how many socket calls may wait for the loop.
const callQueue = 4096

// reporter passes the driver's calls to the loop.
func reporter(out chan<- timedCall) drive.Reporter {
	return func(c drive.Call) { out <- timedCall{at: capture.StampOf(c.Time), call: modelCall(c), fd: c.FD} }
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
		Closing: conn.Closing{Linger0: c.Closing.Linger0, Unread: uint32(c.Closing.Unread)}}
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
