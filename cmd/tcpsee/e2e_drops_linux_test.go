package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// lostMark is the picture's word on packets that the kernel had no room for,
// and allLost the footer's sum.
var (
	lostMark = regexp.MustCompile(`^ *· · · +([\d,]+) packets? lost here`)
	allLost  = regexp.MustCompile(`Lost before they could be read: ([\d,]+) packets?`)
)

// TestE2EDrops: watch saves whole packets, and is stopped while more passes than
// the kernel has room for. What was lost stands in the picture between the rows where it is
// missing, by what tcpdump saved beside it, and the sum in the footer and in
// the data.
func TestE2EDrops(t *testing.T) {
	t.Parallel()
	needsOf(t, []string{"python3"})
	l := newLab(t)
	raw, data := l.dir+"/dump.pcap", l.dir+"/x.ndjson"
	dump := l.start(l.client, "tcpdump", "-i", "lo", "--immediate-mode", "-U", "-Z", "root", "-s", "128", "-B", "131072",
		"--time-stamp-precision=nano", "-w", raw, "tcp")
	dump.err.await(t, "listening on")
	w := l.start(l.client, builtBinary(t), "watch", "-i", "lo", "--full", "--width", "120", "-o", data, "-w", l.dir+"/x.pcapng", "port", "3000")
	w.err.await(t, "Ctrl-C ends")
	l.listener(l.client, "3000", "python3", "-c", `
import socket
s = socket.socket(); s.bind(("127.0.0.1", 3000)); s.listen(16)
while True:
    c, _ = s.accept()
    while c.recv(1 << 20): pass
    c.close()`)
	send := func(size string) {
		p := l.start(l.client, "python3", "-c", `
import socket
s = socket.create_connection(("127.0.0.1", 3000)); s.sendall(b"x" * (`+size+`)); s.shutdown(socket.SHUT_WR); s.recv(1); s.close()`)
		if p.end(t) != 0 {
			t.Fatal(p.err)
		}
	}
	send("10")
	w.out.await(t, "closed by the client")
	for range 2 {
		w.signal(t, syscall.SIGSTOP)
		send("100 << 20")
		w.signal(t, syscall.SIGCONT)
		seen := strings.Count(w.out.String(), "lost here")
		for end := time.Now().Add(patience); strings.Count(w.out.String(), "lost here") == seen; { // told before what comes next
			if send("10"); time.Now().After(end) {
				t.Fatalf("nothing is said to be lost\n%.3000s", w.out)
			}
		}
	}
	if status := w.interrupt(t); status != 0 {
		t.Errorf("watch ends with status %d\n%s", status, w.err)
	}
	dump.interrupt(t)
	if !strings.Contains(dump.err.String(), "0 packets dropped by kernel") {
		t.Skipf("tcpdump lost packets itself:\n%s", dump.err)
	}
	compareLost(t, w.out.String(), data, raw)
}

// compareLost holds a picture with gaps against all that has passed.
func compareLost(t *testing.T, picture, data, raw string) {
	t.Helper()
	text, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	dropped, shown := 0, []seen{}
	for _, s := range readSeen(t, string(text)) {
		switch s.Type {
		case "segment":
			shown = append(shown, s)
		case "capture":
			dropped = s.Dropped
		}
	}
	out, err := exec.Command(builtBinary(t), "replay", raw, "-o", "ndjson").Output()
	if err != nil {
		t.Fatal(err)
	}
	var passed []seen
	for _, s := range readSeen(t, string(out)) {
		if s.Type == "segment" {
			passed = append(passed, s)
		}
	}
	missing := findMissing(t, shown, passed)
	marked, sum, pending := map[int]int{}, 0, 0
	for line := range strings.Lines(picture) {
		if m := lostMark.FindStringSubmatch(line); m != nil {
			pending = number(m[1])
			sum += pending
		}
		if m := aRow.FindStringSubmatch(line); m != nil && pending > 0 {
			marked[number(m[1])], pending = pending, 0
		}
	}
	t.Logf("%d packets passed, %d shown, %d lost; missing before frames %v, marked before %v", len(passed), len(shown), dropped, missing, marked)
	if footer := allLost.FindStringSubmatch(picture); footer == nil || number(footer[1]) != dropped {
		t.Errorf("the footer says %v, and the data %d: %s", footer, dropped, picture[max(0, len(picture)-600):])
	}
	if len(shown)+dropped != len(passed) || sum != dropped {
		t.Errorf("%d shown and %d lost (marks: %d), of %d", len(shown), dropped, sum, len(passed))
	}
	checkMarks(t, missing, marked)
}

// findMissing says how many packets of those that passed are missing before a
// frame. Two captures may have packets of two processors in another order.
func findMissing(t *testing.T, shown, passed []seen) map[int]int {
	t.Helper()
	const shuffled = 16
	missing, owner, at := map[int]int{}, map[int]int{}, 0 // owner: before which frame a packet is missing
	for _, s := range shown {
		i := max(0, at-shuffled)
		for ; i < len(passed); i++ {
			if _, free := owner[i]; (i >= at || free) && passed[i].same(s) {
				break
			}
		}
		switch {
		case i == len(passed):
			t.Fatalf("frame %d has not passed, or not behind the one before: %s", s.Frame, s.packet())
		case i < at: // it is not missing after all
			if missing[owner[i]]--; missing[owner[i]] == 0 {
				delete(missing, owner[i])
			}
			delete(owner, i)
		default:
			for ; at < i; at++ {
				owner[at] = s.Frame
				missing[s.Frame]++
			}
			at++
		}
	}
	return missing
}

// checkMarks: each mark stands where packets are missing. The kernel counts
// one sum until it is asked, so that a mark also has what was lost further on
// while nobody could ask: never less than is missing so far, and the same in
// the end.
func checkMarks(t *testing.T, missing, marked map[int]int) {
	t.Helper()
	owed, frames := 0, []int{}
	for frame := range missing {
		frames = append(frames, frame)
	}
	slices.Sort(frames)
	for _, frame := range frames {
		if owed += marked[frame] - missing[frame]; owed < 0 {
			t.Errorf("%d are missing before frame %d, and %d marked until there", missing[frame], frame, missing[frame]+owed)
		}
	}
	for frame, n := range marked {
		if missing[frame] == 0 {
			t.Errorf("a mark of %d before frame %d, where none are missing", n, frame)
		}
	}
}

// same reports whether two programs captured the same packet: each has its own
// stamps, and some ACKs are like others.
func (s seen) same(o seen) bool {
	const near = 50 * time.Millisecond
	return s.packet() == o.packet() && s.Time.Sub(o.Time).Abs() < near
}

// number reads one as a picture writes it: 1,829.
func number(s string) int {
	n, _ := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	return n
}
