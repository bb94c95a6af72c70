package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

// defaultPager is used where PAGER is not set. Its flags, as git sets them:
// end where one screen holds all, pass colours, leave the screen as it is.
const (
	defaultPager  = "less"
	defaultLess   = "FRX"
	pagerIsNobody = "cat"
)

// pagerUsage is the help of --no-pager.
const pagerUsage = "write to the terminal, not to a pager (PAGER, else less)"

// pager is a program that shows long output a screen at a time.
type pager struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// pagerWords are the words of the pager's command, none where there is to be
// none.
func pagerWords() []string {
	words, set := os.LookupEnv("PAGER")
	if !set {
		words = defaultPager
	}
	w := strings.Fields(words)
	if len(w) == 1 && w[0] == pagerIsNobody || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return w
}

// startPager starts the user's pager on the terminal out; nil where there is
// none. It comes before confine and, as a pager starts other programs at its
// user's wish, after becomeUser.
func startPager(out, errs *os.File) (*pager, error) {
	words := pagerWords()
	if len(words) == 0 {
		return nil, nil
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return nil, nil // the picture is what was asked for
	}
	if err := becomeUser(); err != nil {
		return nil, err
	}
	p := &pager{cmd: exec.Command(path, words[1:]...)}
	p.cmd.Stdout, p.cmd.Stderr = out, errs
	p.cmd.Env = os.Environ()
	if _, set := os.LookupEnv("LESS"); !set {
		p.cmd.Env = append(p.cmd.Env, "LESS="+defaultLess)
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, nil
	}
	return p, nil
}

// pages starts a pager where the picture of saved captures goes to a terminal.
func (a *app) pages(fl *replayFlags, regular bool) (*pager, error) {
	if fl.noPager || !regular || fl.lesson.any() || fl.quiet || fl.takesStdout() || !isTerminal(a.std.out) {
		return nil, nil
	}
	return startPager(a.std.out, a.std.err)
}

// writer is where the picture goes: the pager, or out where there is none.
func (p *pager) writer(out io.Writer) io.Writer {
	if p == nil {
		return out
	}
	return p.in
}

// finish waits until the user has read all. err is what drawing ended with;
// that the pager was left before the end is no error. Ctrl-C and Ctrl-\
// belong to the pager while it shows.
func (p *pager) finish(err error) error {
	if p == nil {
		return err
	}
	signal.Ignore(keyboardSignals()...)
	_ = p.in.Close()
	_ = p.cmd.Wait() // its status says nothing about the picture
	signal.Reset(keyboardSignals()...)
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
