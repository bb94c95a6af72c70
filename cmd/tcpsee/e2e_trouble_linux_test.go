package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// replays checks that a saved capture can be read to its end.
func replays(t *testing.T, file string) []seen {
	t.Helper()
	var errs bytes.Buffer
	cmd := exec.Command(builtBinary(t), "replay", file, "-o", "ndjson")
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("replay %s: %v\n%s", file, err, errs.String())
	}
	return readSeen(t, string(out))
}

// TestE2ESignals: Ctrl-C and SIGTERM at any moment, from before main to the
// middle of a connection, once or twice, end watch cleanly; the file that it has begun is
// readable.
func TestE2ESignals(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.listener(l.client, "3000", "python3", "-c", `
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 3000)); s.listen(64)
while True:
    c, _ = s.accept(); c.sendall(b"hello\n"); c.close()`)
	l.start(l.client, "python3", "-c", `
import socket
while True:
    s = socket.create_connection(("127.0.0.1", 3000)); s.recv(100); s.recv(100); s.close()`)
	for i := range 50 {
		sig, file := syscall.SIGINT, fmt.Sprintf("%s/%d.pcapng", l.dir, i)
		if i%5 == 4 {
			sig = syscall.SIGTERM
		}
		p := l.start(l.client, builtBinary(t), "watch", "-i", "lo", "-q", "-w", file, "-o", file+".ndjson", "port", "3000")
		if i%2 == 0 {
			for end := time.Now().Add(patience); fileSize(file) < int64(i*200) && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		} else {
			time.Sleep(time.Duration(i) * time.Millisecond) // any moment will do
		}
		p.signal(t, sig)
		if i%3 == 0 { // timeout(1) sends it to the process, and to its group
			time.Sleep(time.Millisecond) // else the two are one
			p.signal(t, sig)
		}
		status := p.end(t)
		if fileSize(file) < 0 { // before main could see to it: the signal's own end
			continue
		}
		if status != 0 && status != -1 {
			t.Errorf("run %d ends with status %d after %v\n%s", i, status, sig, p.err)
		}
		if fileSize(file) > 0 {
			replays(t, file)
		}
	}
}

// fileSize is -1 where there is none.
func fileSize(name string) int64 {
	st, err := os.Stat(name)
	if err != nil {
		return -1
	}
	return st.Size()
}

// TestE2EReaderLeaves: `| head` and a terminal that closes end watch, and
// what is saved stays readable.
func TestE2EReaderLeaves(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	server := l.listener(l.client, "3000", "nc.openbsd", "-l", "-k", "127.0.0.1", "3000")
	file := l.dir + "/x.pcapng"
	p := l.start(l.client, "bash", "-c", fmt.Sprintf("%s watch -i lo -w %s port 3000 | head -3; echo ended ${PIPESTATUS[0]}", builtBinary(t), file))
	p.err.await(t, "Ctrl-C ends")
	for i := 0; i < 20 && !strings.Contains(p.out.String(), "ended"); i++ {
		over(t, l.start(l.client, "nc.openbsd", "-z", "127.0.0.1", "3000"))
	}
	p.out.await(t, "ended 0")
	if lines := strings.Count(p.out.String(), "\n"); lines != 4 {
		t.Errorf("%d lines:\n%s", lines, p.out)
	}
	over(t, p)
	if len(segmentsOf(replays(t, file))) == 0 {
		t.Error("nothing is saved")
	}
	_ = server.cmd.Process.Kill()

	needTool(t, "script")
	file = l.dir + "/y.pcapng"
	// script(1) makes a terminal, which closes when script is killed.
	w := l.start(l.client, "script", "-qfc", builtBinary(t)+" watch -i lo -w "+file+" port 3001", "/dev/null")
	w.out.await(t, "Ctrl-C ends")
	child := childrenOf(t, w.cmd.Process.Pid)
	over(t, l.start(l.client, "nc.openbsd", "-z", "127.0.0.1", "3001"))
	w.out.await(t, "refused (")
	_ = w.cmd.Process.Kill()
	for _, pid := range child {
		awaitEnd(t, pid)
	}
	if n := len(segmentsOf(replays(t, file))); n != 2 {
		t.Errorf("%d segments are saved, want 2", n)
	}
}

// childrenOf returns all processes below one.
func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	var all []int
	for _, dir := range must(filepath.Glob("/proc/[0-9]*")) {
		if parentOf(dir) == pid {
			child, _ := strconv.Atoi(filepath.Base(dir))
			all = append(append(all, child), childrenOf(t, child)...)
		}
	}
	return all
}

func must(list []string, err error) []string {
	if err != nil {
		panic(err)
	}
	return list
}

// awaitEnd waits until a process that is nobody's child here has gone.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
	}
	t.Errorf("process %d does not end", pid)
}

// TestE2EDiskFull: the disk fills up while saving: it is said, the status is
// 1, and what was saved can be read to its end.
func TestE2EDiskFull(t *testing.T) {
	for _, args := range []string{"-w x.pcapng", "-w x.pcapng --rotate-size 1000000", "-o x.pcapng", "-o x.ndjson"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k,mode=777", "none", l.dir).CombinedOutput(); err != nil {
				t.Skipf("needs to mount: %s", out)
			}
			t.Cleanup(func() { _ = exec.Command("umount", "-l", l.dir).Run() })
			flags := strings.Fields(args)
			file := l.dir + "/" + flags[1]
			flags[1] = file
			server := l.listener(l.client, "3000", "nc.openbsd", "-l", "-k", "127.0.0.1", "3000")
			defer func() { _ = server.cmd.Process.Kill() }()
			p := l.start(l.client, append(append([]string{builtBinary(t), "watch", "-i", "lo"}, flags...), "port", "3000")...)
			p.err.await(t, "Ctrl-C ends")
			l.start(l.client, "bash", "-c", "head -c 3000000 /dev/zero | nc.openbsd -N 127.0.0.1 3000; while nc.openbsd -z 127.0.0.1 3000; do :; done")
			if status := p.end(t); status != 1 || !strings.Contains(p.err.String(), "no space left") || !strings.Contains(p.err.String(), "x.") {
				t.Errorf("status %d\n%s", status, p.err)
			}
			if strings.HasSuffix(file, ".pcapng") && len(segmentsOf(replays(t, file))) == 0 {
				t.Error("nothing is saved")
			}
			if b, err := os.ReadFile(file); strings.HasSuffix(file, ".ndjson") && (err != nil || !bytes.HasSuffix(b, []byte("}\n"))) {
				t.Errorf("the last line is not whole: %q, %v", b[max(0, len(b)-20):], err)
			}
		})
	}
}

// TestE2EDiskFullInRun: where saving fails under a command that goes on, that is
// said at once, and not when the command ends.
func TestE2EDiskFullInRun(t *testing.T) {
	l := newLab(t)
	p := l.start(l.client, builtBinary(t), "run", "-w", "/dev/full", "--", "sh", "-c", "nc.openbsd -z 127.0.0.1 9; read line")
	p.err.await(t, "the command goes on")
	p.say(t, "\n")
	if status := p.end(t); status != exitRun || !strings.Contains(p.err.String(), "error: save capture: write /dev/full: no space left") {
		t.Errorf("status %d\n%s", status, p.err)
	}
}

// TestE2EKeepWithoutOutput: where what clients say can be printed no longer, no
// further client is taken: what they say would be lost.
func TestE2EKeepWithoutOutput(t *testing.T) {
	for _, c := range []struct {
		where  string
		status int
		says   string
	}{{"> /dev/full", 1, "error: write what came: write /dev/stdout: no space left"}, {"| head -1 >/dev/null; exit ${PIPESTATUS[0]}", 0, ""}} {
		l := newLab(t)
		p := l.start(l.client, "bash", "-c", builtBinary(t)+" listen --keep 3000 "+c.where)
		p.err.await(t, "accept()")
		l.start(l.client, "bash", "-c", "for i in 1 2 3; do printf 'hello\n' | nc.openbsd -N 127.0.0.1 3000; sleep 0.1; done")
		if status := p.end(t); status != c.status || !strings.Contains(p.err.String(), c.says) {
			t.Errorf("%s: status %d\n%s", c.where, status, p.err)
		}
	}
}

// TestE2EInterfaces: an interface goes down and comes back, and is removed,
// while it is watched, by name and among all.
func TestE2EInterfaces(t *testing.T) {
	for _, iface := range []string{"c0", "any"} {
		t.Run(iface, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			file := l.dir + "/x.pcapng"
			p := l.start(l.client, builtBinary(t), "watch", "-i", iface, "-w", file, "port", "3000")
			p.err.await(t, "Ctrl-C ends")
			ask := func(word string) {
				over(t, l.start(l.client, "nc.openbsd", server4, "3000"))
				p.out.await(t, word)
			}
			ask("refused (")
			l.batch(l.client, "link set c0 down", "link set c0 up", "route add default via 10.9.0.254")
			ask("connection 2")
			l.batch(l.client, "link del c0")
			status := 0
			if iface == "any" { // the others are still there
				over(t, l.start(l.client, "nc.openbsd", "127.0.0.1", "3000"))
				p.out.await(t, "connection 3")
				status = p.interrupt(t)
			} else if status = p.end(t); !strings.Contains(p.err.String(), "c0") {
				t.Errorf("it is not said why watch ends:\n%s", p.err)
			}
			if want := map[string]int{"c0": 1, "any": 0}[iface]; status != want {
				t.Errorf("status %d, want %d\n%s%s", status, want, p.out, p.err)
			}
			if n := len(segmentsOf(replays(t, file))); n < 4 {
				t.Errorf("%d segments are saved", n)
			}
		})
	}
}

// TestE2ESlowReader: nobody reads the picture while much passes. Memory stays
// bounded, and what was lost is counted where the picture goes on: what is
// shown and what is counted as dropped is all that passed.
func TestE2ESlowReader(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	cmd := l.in(l.client, builtBinary(t), "watch", "-i", "lo", "-o", "ndjson", "port", "3000")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs := newOutput()
	cmd.Stderr = errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	errs.await(t, "Ctrl-C ends")
	busy := l.start(l.client, "python3", "-c", `
import socket, threading
s = socket.socket(); s.bind(("127.0.0.1", 3000)); s.listen(64)
def serve():
    while True:
        c, _ = s.accept(); c.close()
threading.Thread(target=serve, daemon=True).start()
for _ in range(20000):
    c = socket.create_connection(("127.0.0.1", 3000)); c.recv(1); c.close()
print("done")`)
	busy.out.await(t, "done")
	if high := memoryPeak(t, cmd.Process.Pid); high > 400<<10 {
		t.Errorf("%d KiB of memory", high)
	}
	var text bytes.Buffer
	done := make(chan error, 1)
	go func() { _, err := text.ReadFrom(out); done <- err }()
	// What waits is drawn before watch ends only if it is read: end it when
	// the last connection has come, or cannot come any more.
	time.Sleep(time.Second)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-done
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, errs)
	}
	shown, dropped := 0, 0
	for line := range bytes.Lines(text.Bytes()) {
		switch {
		case bytes.HasPrefix(line, []byte(`{"type":"segment"`)):
			shown++
		case bytes.HasPrefix(line, []byte(`{"type":"capture"`)):
			dropped = readSeen(t, string(line))[0].Dropped
		}
	}
	t.Logf("%d segments shown, %d dropped", shown, dropped)
	if whole := 20000 * 6; shown+dropped < whole {
		t.Errorf("%d segments shown and %d dropped of %d or more", shown, dropped, whole)
	}
}

// memoryPeak is the most memory that a process has had, in KiB.
func memoryPeak(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.Fields(v)[0])
			return n
		}
	}
	return 0
}
