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
	return func(c drive.Call) { out <- timedCall{at: capture.StampOf(c.Time), call: modelCall(c)} }
}

// modelCall puts a driver's call into the model's words.
func modelCall(c drive.Call) conn.Call {
	m := conn.Call{Name: c.Name, Args: c.Args, Data: c.Data, Local: c.Local, Remote: c.Remote, PID: c.PID, Program: c.Program}
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
