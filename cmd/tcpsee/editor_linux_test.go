package main

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// editing starts an editor on a terminal of its own. What it shows comes in the
// output, and stopped is closed by Ctrl-C.
func editing(t *testing.T) (e *lineEditor, user *os.File, shown *output, stopped, ended chan struct{}) {
	t.Helper()
	t.Setenv("LC_ALL", "C.UTF-8")
	user, tty := openTerminal(t)
	shown, stopped, ended = newOutput(), make(chan struct{}, 9), make(chan struct{}, 9)
	go func() { _, _ = io.Copy(shown, user) }()
	e = newLineEditor(tty, tty)
	if err := e.start(func() { stopped <- struct{}{} }, func() { ended <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close) // the terminal is still being read, as standard input is: it is not closed
	return e, user, shown, stopped, ended
}

// awaitCall waits for c.
func awaitCall(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal(what)
	}
}

// TestEditorInput: what is typed is sent as nc sends it, tabs and half lines
// included, and Ctrl-C is heard after the end of input too.
func TestEditorInput(t *testing.T) {
	e, user, shown, stopped, ended := editing(t)
	if _, err := io.WriteString(user, "a\tb\rhalf\x04 li\tne\x04\r\x04"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(&typedLines{lines: e.lines})
	if want := "a\tb\nhalf li\tne\n"; err != nil || string(got) != want {
		t.Errorf("sends %q (%v), not %q", got, err, want)
	}
	awaitCall(t, ended, "the end of input is not told")
	for _, want := range []string{"→b", "> half\r\n", ">  li→ne\r\n"} {
		shown.await(t, want)
	}
	for range 2 {
		if _, err := io.WriteString(user, "more\r\x03"); err != nil {
			t.Fatal(err)
		}
		awaitCall(t, stopped, "Ctrl-C is not heard after Ctrl-D")
	}
	if len(ended) > 0 || strings.Contains(shown.String(), "more") {
		t.Errorf("goes on after the end:\n%q", shown)
	}
}

// TestEditorCloses: text that was typed and not sent stays in a line of its own,
// and where there is none no line is lost.
func TestEditorCloses(t *testing.T) {
	// The terminal makes \r\n of \n again.
	for text, want := range map[string]string{"": "\x1b[K\r", "half": "\x1b[Khalf\r\r\n"} {
		e, user, shown, _, _ := editing(t)
		if _, err := io.WriteString(user, text); err != nil {
			t.Fatal(err)
		}
		shown.await(t, "> "+text)
		e.close()
		if _, err := e.screen.WriteString("$ "); err != nil {
			t.Fatal(err)
		}
		shown.await(t, "$ ")
		if got := shown.String(); !strings.HasSuffix(got, want+"$ ") {
			t.Errorf("%q: %q, want %q at the end", text, got, want)
		}
	}
}

// TestEditorNobodyReads: lines that nobody takes yet keep no key from being
// read.
func TestEditorNobodyReads(t *testing.T) {
	_, user, shown, stopped, _ := editing(t)
	if _, err := io.WriteString(user, "one\rtwo\rthree\x03"); err != nil {
		t.Fatal(err)
	}
	awaitCall(t, stopped, "Ctrl-C is not heard")
	shown.await(t, "three")
}

// TestE2EEndOfInput: after Ctrl-D each of them is still ended by Ctrl-C, and
// Ctrl-\ ends one at once, with the terminal as it was.
func TestE2EEndOfInput(t *testing.T) {
	needsOf(t, []string{"nc.openbsd"})
	l := newLab(t)
	l.listener(l.client, "4700", "nc.openbsd", "-lk", "127.0.0.1", "4700")
	for _, c := range []struct {
		args       []string
		ready, key string
		status     int
		note       bool
	}{
		{[]string{"connect", "127.0.0.1", "4700"}, "handshake complete", "\x03", 0, true},
		{[]string{"connect", "-N", "127.0.0.1", "4700"}, "handshake complete", "", 0, false},
		{[]string{"listen", "--keep", "4600"}, "accept()", "\x03", 0, true},
		{[]string{"listen", "4801"}, "accept()", "\x03", 0, true},
		{[]string{"listen", "4802"}, "accept()", "\x1c", 0, true},
	} {
		p := onTerminal(t, l.in(l.client, append([]string{builtBinary(t)}, c.args...)...))
		p.out.await(t, c.ready)
		tty := int(p.in.(*os.File).Fd())
		p.say(t, "hi\r\x04")
		if c.note {
			p.out.await(t, "without -N nothing is sent for it")
		} else {
			p.out.await(t, "FIN-WAIT-1") // nc closes too
		}
		p.say(t, c.key)
		if status := p.end(t); status != c.status {
			t.Errorf("%v: status %d\n%s", c.args, status, p.out)
		}
		if modes, err := unix.IoctlGetTermios(tty, unix.TCGETS); err != nil || modes.Lflag&unix.ICANON == 0 {
			t.Errorf("%v leaves the terminal raw (%v)", c.args, err)
		}
		if c.args[0] == "connect" && !strings.Contains(p.out.String(), "closed by the client") {
			t.Errorf("%v: no verdict:\n%s", c.args, p.out)
		}
		if !c.note && strings.Contains(p.out.String(), "nothing is sent") {
			t.Errorf("%v: -N does send:\n%s", c.args, p.out)
		}
	}
}

// TestE2EJobControl: in the background they work at once, and read nothing; fg
// gives them the terminal; Ctrl-Z stops them, and fg lets them go on.
func TestE2EJobControl(t *testing.T) {
	needsOf(t, []string{"nc.openbsd"}, []string{"bash"})
	l := newLab(t)
	shell := func(script string) *program {
		cmd := l.in(l.client, "bash", "-mc", script)
		cmd.Env = append(cmd.Env, "BIN="+builtBinary(t))
		return onTerminal(t, cmd)
	}
	p := shell(`"$BIN" listen 3500 & read line; echo "the shell has $line"; fg`)
	p.out.await(t, "in the background nothing can be typed")
	p.out.await(t, "accept()")
	c := l.start(l.client, "nc.openbsd", "127.0.0.1", "3500")
	c.say(t, "hello\n")
	p.out.await(t, "< hello")
	p.say(t, "this line\r")
	p.out.await(t, "the shell has this line")
	p.out.await(t, editorPrompt)
	p.say(t, "back\r")
	c.out.await(t, "back\n")
	p.say(t, "half")
	p.out.await(t, "> half")
	p.say(t, "\x03")
	if status := p.end(t); status != 0 {
		t.Errorf("status %d\n%s", status, p.out)
	}
	p = shell(`"$BIN" listen 3501; echo now stopped; fg`)
	p.out.await(t, "accept()")
	c = l.start(l.client, "nc.openbsd", "127.0.0.1", "3501")
	p.out.await(t, "handshake complete")
	p.say(t, "ha")
	p.out.await(t, "> ha")
	p.say(t, "\x1a")
	p.out.await(t, "now stopped")
	p.say(t, "lf\r")
	c.out.await(t, "half\n")
	c.signal(t, syscall.SIGINT)
	if status := p.end(t); status != 0 {
		t.Errorf("status %d\n%s", status, p.out)
	}
	p = shell(`"$BIN" run nc.openbsd -l 3502 & wait`)
	p.out.await(t, "in the background nothing can be typed")
	p.out.await(t, "accept()")
	c = l.start(l.client, "nc.openbsd", "-N", "127.0.0.1", "3502")
	c.say(t, "hello\n")
	p.out.await(t, "hello")
	c.in.(io.Closer).Close()
	p.out.await(t, "closed by the client")
	if status := p.end(t); status != 0 {
		t.Errorf("status %d\n%s", status, p.out)
	}
	p = shell(`"$BIN" listen 3503 & wait`)
	p.out.await(t, "accept()")
	c = l.start(l.client, "nc.openbsd", "-N", "127.0.0.1", "3503")
	c.in.(io.Closer).Close()
	if status := p.end(t); status != 0 || strings.Contains(p.out.String(), "\n"+editorPrompt) {
		t.Errorf("status %d, and nobody can type:\n%s", status, p.out)
	}
}
