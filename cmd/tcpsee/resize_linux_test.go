package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// resizeTo changes the size of a program's terminal, which tells the program.
func (p *program) resizeTo(t *testing.T, rows, columns uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(p.in.(*os.File).Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		t.Fatal(err)
	}
}

// TestResize narrows the window while a capture is still coming: the rows from
// then on fit, and the heads of the columns stand above them again.
func TestResize(t *testing.T) {
	data, err := os.ReadFile("../../testdata/s01-chat.pcap")
	if err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(t.TempDir(), "coming.pcap")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skipf("no named pipes: %v", err)
	}
	p := onTerminal(t, tcpsee("replay", "--color=never", fifo))
	w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	packets := cutPcap(t, data)
	put := func(from, to int) {
		for _, b := range packets[from:to] {
			if _, err := w.Write(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(0, 1+3) // the file's header, and three packets
	p.out.await(t, "ACK      ack=1 ──")
	p.resizeTo(t, 24, 60)
	time.Sleep(300 * time.Millisecond) // a signal takes its time on a machine that is busy
	put(4, 5)
	p.out.await(t, "  4 ")
	put(5, 6)
	p.out.await(t, "  5 ")
	at := len(p.out.String())
	put(6, len(packets))
	w.Close()
	if status := p.end(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	all := p.out.String()
	if n := strings.Count(all, "seconds"); n != 2 {
		t.Errorf("the heads stand there %d times:\n%s", n, all)
	}
	late := all[at:]
	for l := range strings.Lines(late) {
		if n := utf8.RuneCountInString(strings.TrimRight(l, "\r\n")); n > 60 {
			t.Errorf("%d columns: %q", n, l)
		}
	}
	for _, want := range []string{" 10 ", "FIN-WAIT-1 ── FIN", "closed by the client"} {
		if !strings.Contains(late, want) {
			t.Errorf("does not say %q:\n%s", want, late)
		}
	}
}

// TestStepResized: while a key is awaited, all that has been shown is drawn
// again at the new width.
func TestStepResized(t *testing.T) {
	p := onTerminal(t, tcpsee("replay", "--step", "--color=never", "../../testdata/s01-chat.pcap"))
	p.out.await(t, "0 shown")
	p.say(t, " ")
	p.out.await(t, "1 shown")
	p.say(t, " ")
	p.out.await(t, "2 shown")
	p.resizeTo(t, 24, 60)
	p.out.await(t, clearScreen)
	p.say(t, " ")
	p.out.await(t, "3 shown")
	p.say(t, "q")
	if status := p.end(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	_, again, _ := strings.Cut(p.out.String(), clearScreen)
	if !strings.Contains(again, "SYN-SENT") || !strings.Contains(again, "SYN-ACK") {
		t.Errorf("does not show the rows again:\n%s", again)
	}
	for l := range strings.Lines(again) {
		l = l[strings.LastIndex(l, "\x1b[K")+1:] // behind the prompt, which is taken away
		if n := utf8.RuneCountInString(strings.TrimRight(l, "\r\n")); n > 60 {
			t.Errorf("%d columns: %q", n, l)
		}
	}
}

// cutPcap cuts a little-endian pcap file into its header and its packets.
func cutPcap(t *testing.T, data []byte) [][]byte {
	t.Helper()
	const header, record = 24, 16
	pieces := [][]byte{data[:header]}
	for at := header; at+record <= len(data); {
		n := record + int(data[at+8]) + int(data[at+9])<<8
		pieces = append(pieces, data[at:at+n])
		at += n
	}
	if len(pieces) != 11 {
		t.Fatalf("%d pieces, not the header and ten packets", len(pieces))
	}
	return pieces
}

// TestHelpFitsTerminal: what is said of flags is folded to the terminal, and of
// no flag is the kind of its value said in the words of a library.
func TestHelpFitsTerminal(t *testing.T) {
	for _, command := range []string{"demo", "connect", "listen", "run", "watch", "replay", "explain"} {
		p := onTerminal(t, tcpsee("help", command))
		if status := p.end(t); status != 0 {
			t.Errorf("%s: exit status %d", command, status)
		}
		help := p.out.String()
		for line := range strings.Lines(help) {
			line = strings.TrimRight(line, "\r\n")
			if utf8.RuneCountInString(line) > 80 {
				t.Errorf("%s: wider than the terminal: %q", command, line)
			}
			for _, kind := range []string{"count", "string", "int", "duration"} {
				if f := strings.Fields(line); len(f) > 2 && strings.HasPrefix(f[0], "-") && (f[1] == kind || f[2] == kind && strings.HasPrefix(f[1], "-")) {
					t.Errorf("%s: %q", command, line)
				}
			}
		}
		for _, flag := range []string{"--view VIEW", "--time FROM", "--linger TIME"} {
			if command == "explain" && flag != "--linger TIME" { // it draws a packet, or a word
				continue
			}
			if !strings.Contains(help, flag) {
				t.Errorf("%s: the help lacks %s", command, flag)
			}
		}
	}
}

// TestWidthThroughAPipe holds that what goes through a pipe to a terminal, as
// with | grep, fits that terminal, and that COLUMNS has the first word.
func TestWidthThroughAPipe(t *testing.T) {
	user, tty := openTerminal(t)
	defer tty.Close()
	if err := unix.IoctlSetWinsize(int(user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	for columns, want := range map[string]int{"": 80, "120": 120} {
		cmd := tcpsee("replay", "../../testdata/s01-chat.pcap")
		cmd.Env = append(cmd.Env, "COLUMNS="+columns, "LC_ALL=C.UTF-8")
		cmd.Stderr = tty
		out, err := cmd.Output() // which is a pipe
		if err != nil {
			t.Fatal(err)
		}
		widest := 0
		for _, l := range strings.Split(string(out), "\n") {
			widest = max(widest, utf8.RuneCountInString(l))
		}
		if widest > want || widest < want-8 {
			t.Errorf("COLUMNS=%s: the widest line has %d columns, want %d\n%s", columns, widest, want, out)
		}
	}
}
