package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The end-to-end tests run the binary as a user has it, beside the programs of
// the exercise, in networks that each test makes for itself: a client, a
// router and a server, each a network namespace.
//
//	client 10.9.0.1, fd09::1 ── router ── server 10.9.1.2, fd09:1::2
//
// The client knows the server as bob and as www.example.org, and localhost as
// ::1 first. What tcpsee shows is compared with what tcpdump saved in the same
// place at the same time.

// lab is such a network.
type lab struct {
	t                      *testing.T
	client, router, server string // namespaces
	dir                    string // anybody may write there
}

// labs counts them, for their names.
var labs atomic.Int64

// Addresses of a lab.
const (
	client4, server4 = "10.9.0.1", "10.9.1.2"
	server6          = "fd09:1::2"
)

// newLab makes a network, and removes it when the test ends.
func newLab(t *testing.T) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("a network of its own takes a second")
	}
	needRoot(t)
	needTool(t, "ip")
	needTool(t, "tcpdump")
	if out, err := exec.Command("unshare", "-n", "true").CombinedOutput(); err != nil {
		t.Skipf("needs network namespaces: %s", out)
	}
	id := fmt.Sprintf("tcpsee-%d-%d", os.Getpid(), labs.Add(1))
	l := &lab{t: t, client: id + "-c", router: id + "-r", server: id + "-s", dir: openDir(t)}
	t.Cleanup(l.remove)
	for _, ns := range l.all() {
		l.command("ip", "netns", "add", ns)
		if err := os.MkdirAll("/etc/netns/"+ns, 0o755); err != nil {
			t.Fatal(err)
		}
		hosts := "::1 localhost\n127.0.0.1 localhost\n" + server4 + " bob www.example.org\n" + server6 + " bob\n"
		if err := os.WriteFile("/etc/netns/"+ns+"/hosts", []byte(hosts), 0o644); err != nil {
			t.Fatal(err)
		}
		l.command("ip", "netns", "exec", ns, "sh", "-c",
			"for f in accept_dad router_solicitations mldv2_unsolicited_report_interval; do for d in all default; do echo 0 >/proc/sys/net/ipv6/conf/$d/$f; done; done 2>/dev/null;"+
				"echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
		l.command("ip", "-n", ns, "link", "set", "lo", "up")
	}
	l.command("ip", "link", "add", "c0", "netns", l.client, "type", "veth", "peer", "name", "r0", "netns", l.router)
	l.command("ip", "link", "add", "s0", "netns", l.server, "type", "veth", "peer", "name", "r1", "netns", l.router)
	l.batch(l.router, "addr add 10.9.0.254/24 dev r0", "addr add fd09::fe/64 dev r0 nodad",
		"addr add 10.9.1.254/24 dev r1", "addr add fd09:1::fe/64 dev r1 nodad", "link set r0 up", "link set r1 up")
	l.batch(l.client, "addr add 10.9.0.1/24 dev c0", "addr add fd09::1/64 dev c0 nodad", "link set c0 up",
		"route add default via 10.9.0.254", "-6 route add default via fd09::fe")
	l.batch(l.server, "addr add 10.9.1.2/24 dev s0", "addr add fd09:1::2/64 dev s0 nodad", "link set s0 up",
		"route add default via 10.9.1.254", "-6 route add default via fd09:1::fe")
	return l
}

func (l *lab) all() []string { return []string{l.client, l.router, l.server} }

func (l *lab) remove() {
	for _, ns := range l.all() {
		_ = exec.Command("ip", "netns", "del", ns).Run()
		_ = os.RemoveAll("/etc/netns/" + ns)
	}
}

// command runs a command to its end, outside.
func (l *lab) command(args ...string) {
	l.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		l.t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// batch gives ip commands to a namespace.
func (l *lab) batch(ns string, lines ...string) {
	l.t.Helper()
	for _, line := range lines {
		l.command(append([]string{"ip", "-n", ns}, strings.Fields(line)...)...)
	}
}

// in is a command in a namespace; it keeps the process number that it gets.
func (l *lab) in(ns string, args ...string) *exec.Cmd {
	cmd := exec.Command("ip", append([]string{"netns", "exec", ns}, args...)...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "COLUMNS=") || strings.HasPrefix(s, "LC_") || strings.HasPrefix(s, "LANG=") || strings.HasPrefix(s, "SUDO_")
	}), "LC_ALL=C.UTF-8", "PYTHONUNBUFFERED=1")
	return cmd
}

// start starts a command in a namespace.
func (l *lab) start(ns string, args ...string) *program {
	l.t.Helper()
	return start(l.t, l.in(ns, args...))
}

// listener starts a server and waits until it listens.
func (l *lab) listener(ns, port string, args ...string) *program {
	l.t.Helper()
	p := l.start(ns, args...)
	l.awaitPort(ns, port, p)
	return p
}

// awaitPort waits until somebody listens on a port of a namespace.
func (l *lab) awaitPort(ns, port string, p *program) {
	l.t.Helper()
	n, err := strconv.Atoi(port)
	if err != nil {
		l.t.Fatal(err)
	}
	want := fmt.Sprintf(":%04X ", n)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		out, _ := l.in(ns, "cat", "/proc/net/tcp", "/proc/net/tcp6").Output()
		for line := range strings.Lines(string(out)) {
			w := strings.Fields(line)
			if len(w) > 3 && w[3] == "0A" && strings.HasSuffix(w[1]+" ", want) {
				return
			}
		}
		select {
		case err := <-p.done:
			p.done <- err
			l.t.Fatalf("%v ended: %v\n%s%s", p.cmd.Args, err, p.out, p.err)
		default:
		}
	}
	l.t.Fatalf("%v does not listen on %s\n%s%s", p.cmd.Args, port, p.out, p.err)
}

// named is how tcpsee should write a process that runs.
func (p *program) named(t *testing.T) string {
	t.Helper()
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return processName(strings.TrimSpace(string(comm)), int32(p.cmd.Process.Pid))
}

// openDir makes a directory in which everybody may write.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tcpsee-e2e-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// watcher is tcpsee watch, and tcpdump in the same place.
type watcher struct {
	*program
	l         *lab
	dump      *program
	data, raw string // files: NDJSON, and what tcpdump saves
	saved     string // what -w saves
}

// watch starts both, and returns when both are in force. as comes before the
// command: it may make it another user's.
func (l *lab) watch(ns, iface string, as []string, args ...string) *watcher {
	l.t.Helper()
	dir := openDir(l.t)
	w := &watcher{l: l, data: dir + "/x.ndjson", raw: dir + "/dump.pcap", saved: dir + "/x.pcapng"}
	w.dump = l.start(ns, "tcpdump", "-i", iface, "--immediate-mode", "-U", "-Z", "root", "-s", "65535", "-B", "32768", "-w", w.raw, "tcp")
	w.dump.err.await(l.t, "listening on")
	if as == nil {
		as = []string{builtBinary(l.t)}
	}
	w.program = l.start(ns, append(append(slices.Clone(as), "watch", "-i", iface, "--width", "120", "-o", w.data, "-w", w.saved), args...)...)
	w.err.await(l.t, "Ctrl-C ends")
	return w
}

// seen is what these tests read of an NDJSON object.
type seen struct {
	Type       string
	Time       time.Time
	Frame      int
	Conn       int
	From       string
	Src, Dst   string
	Sport      int
	Dport      int
	Kind       string
	SeqRaw     uint32 `json:"seq_raw"`
	AckRaw     uint32 `json:"ack_raw"`
	Len        int
	Labels     labelNames
	Verdict    string
	By, Detail string
	Dropped    int
	States     map[string][2]string
}

// packet is what tells a segment from others.
func (s seen) packet() string {
	return fmt.Sprintf("%s:%d>%s:%d %s seq %d ack %d len %d", s.Src, s.Sport, s.Dst, s.Dport, s.Kind, s.SeqRaw, s.AckRaw, s.Len)
}

func readSeen(t *testing.T, text string) []seen {
	t.Helper()
	var list []seen
	for line := range strings.Lines(text) {
		var s seen
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		list = append(list, s)
	}
	return list
}

func segmentsOf(list []seen) []string {
	var packets []string
	for _, s := range list {
		if s.Type == "segment" {
			packets = append(packets, s.packet())
		}
	}
	return packets
}

// finish ends the watching when the picture has every one of words, and holds
// what was shown against tcpdump's file and the verdicts that are due.
func (w *watcher) finish(want []outcome, words ...string) []seen {
	t := w.l.t
	t.Helper()
	for _, word := range words {
		w.out.await(t, word)
	}
	if status := w.interrupt(t); status != 0 {
		t.Errorf("watch ends with status %d\n%s", status, w.err)
	}
	text, err := os.ReadFile(w.data)
	if err != nil {
		t.Fatal(err)
	}
	list := readSeen(t, string(text))
	w.awaitRecords(len(segmentsOf(list)))
	var got []outcome
	for _, s := range list {
		switch s.Type {
		case "connection":
			got = append(got, outcome{s.Verdict, s.By, s.Detail})
		case "capture":
			if s.Dropped != 0 {
				t.Errorf("the kernel dropped %d", s.Dropped)
			}
		}
	}
	if want != nil && !slices.Equal(got, want) {
		t.Errorf("verdicts %v, want %v", got, want)
	}
	w.compare(list)
	w.rows(list)
	if t.Failed() {
		t.Logf("\n%s%s", w.out, w.err)
	}
	return list
}

// compare holds what was shown, and what was saved, against tcpdump's file.
func (w *watcher) compare(list []seen) {
	t := w.l.t
	t.Helper()
	w.dump.interrupt(t)
	shown := segmentsOf(list)
	for what, file := range map[string]string{"tcpdump saved": w.raw, "-w saved": w.saved} {
		out, err := exec.Command(builtBinary(t), "replay", file, "-o", "ndjson").Output()
		if err != nil {
			t.Fatalf("replay %s: %v", file, err)
		}
		if saved := segmentsOf(readSeen(t, string(out))); !slices.Equal(shown, saved) {
			t.Errorf("watch shows %d segments and %s %d:\n%s\n\n%s\n%s", len(shown), what, len(saved), strings.Join(shown, "\n"), strings.Join(saved, "\n"), w.dump.err)
		}
	}
}

// aRow is the beginning of a row that has a frame.
var aRow = regexp.MustCompile(`^ *(\d+) +(?:c\d+ +)?\d+\.\d{6} `)

// rows checks that the picture has one row for each frame, and says how long
// after its packet each was there.
func (w *watcher) rows(list []seen) {
	t := w.l.t
	t.Helper()
	packets, drawn := map[int]time.Time{}, map[int]int{}
	for _, s := range list {
		if s.Frame > 0 {
			packets[s.Frame] = s.Time
		}
	}
	w.out.mu.Lock()
	defer w.out.mu.Unlock()
	var late []time.Duration
	at, came := 0, w.out.came
	for line := range strings.Lines(w.out.text.String()) {
		for at += len(line); came[0].end < at; came = came[1:] {
		}
		m := aRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		if drawn[n]++; packets[n].IsZero() || drawn[n] > 1 {
			t.Errorf("row %d is drawn %d times: %s", n, drawn[n], line)
			continue
		}
		late = append(late, came[0].at.Sub(packets[n]))
	}
	if len(drawn) != len(packets) {
		t.Errorf("%d rows are drawn of %d", len(drawn), len(packets))
	}
	if slices.Sort(late); len(late) > 0 {
		t.Logf("%d rows, after their packets: median %.2f ms, most %.2f ms", len(late), milliseconds(late[len(late)/2]), milliseconds(late[len(late)-1]))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// awaitRecords waits until tcpdump has saved as many as tcpsee has shown.
func (w *watcher) awaitRecords(n int) {
	for end := time.Now().Add(patience); records(w.raw) < n && time.Now().Before(end); {
		time.Sleep(2 * time.Millisecond)
	}
}

// names checks that the picture names the programs at both ends, "" where it
// cannot know one: in the head, or as soon as they were found.
func (w *watcher) names(client, server string) {
	w.l.t.Helper()
	for side, name := range map[string]string{"client": client, "server": server} {
		if name == "" {
			continue
		}
		if s := w.out.String(); !strings.Contains(s, side+" "+name) && !strings.Contains(s, "the "+side+" is "+name) {
			w.l.t.Errorf("the %s is not named %s\n%s", side, name, s)
		}
	}
}

// aProcess is how a picture names one.
var aProcess = regexp.MustCompile(`[A-Za-z][\w.-]*\[\d+\]`)

// namesOnly checks that the picture names these programs and no other. Of a
// connection that lasts some milliseconds a busy machine may name none.
func (w *watcher) namesOnly(names ...string) {
	w.l.t.Helper()
	for _, got := range aProcess.FindAllString(w.out.String(), -1) {
		if !slices.Contains(names, got) {
			w.l.t.Errorf("%s is named, and there are %v\n%s", got, names, w.out)
		}
	}
}

// records counts the records of a pcap file of this machine's byte order.
func records(file string) int {
	const header, record = 24, 16
	b, _ := os.ReadFile(file)
	n := 0
	for at := header; at+record <= len(b); n++ {
		at += record + int(binary.NativeEndian.Uint32(b[at+8:]))
	}
	return n
}

// signal sends a signal to a program, which may have ended by itself just now.
func (p *program) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("%v: %v", p.cmd.Args, err)
	}
}

// over waits for the end of programs, whatever their status.
func over(t *testing.T, programs ...*program) {
	t.Helper()
	for _, p := range programs {
		p.end(t)
	}
}
