package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The flood that watch must bear.
const (
	floodVariable = "TCPSEE_TEST_FLOOD" // tells a second process of the test's binary for how many seconds to send
	floodSeconds  = "TCPSEE_FLOOD_SECONDS"
	floodBinary   = "TCPSEE_FLOOD_BINARY"
	floodRate     = 16_000 // connections a second
	floodPort     = 3000
)

// BenchmarkFlood has watch and tcpdump -w beside each other while connections
// open and close in a network namespace of their own, a second long or as
// TCPSEE_FLOOD_SECONDS says, and says what a packet cost each of them in
// processor time, from start to end. TCPSEE_FLOOD_BINARY names a program to take
// in place of the one that is built. Where no packet was lost, what watch says
// at its end must be right to the connection.
func BenchmarkFlood(b *testing.B) {
	if os.Geteuid() != 0 {
		b.Skip("capturing needs root")
	}
	for _, tool := range []string{"ip", "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Skip("needs " + tool)
		}
	}
	dir := b.TempDir()
	binary := os.Getenv(floodBinary)
	if binary == "" {
		binary = filepath.Join(dir, "tcpsee")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	for _, kind := range []struct {
		name string
		args []string
	}{
		{"table", []string{"--view", "summary"}},
		{"table-saved", []string{"--view", "summary", "-w", filepath.Join(dir, "x.pcapng")}},
		{"saved", []string{"-q", "-w", filepath.Join(dir, "x.pcapng")}},
		{"rows", []string{"--view", "timeline"}},
	} {
		b.Run(kind.name, func(b *testing.B) {
			for range b.N {
				runFlood(b, dir, append([]string{binary, "watch", "-i", "lo"}, append(kind.args, "port", strconv.Itoa(floodPort))...))
			}
		})
	}
}

func runFlood(b *testing.B, dir string, watch []string) {
	ns := fmt.Sprintf("tcpsee-flood-%d", os.Getpid())
	defer func() { _ = exec.Command("ip", "netns", "del", ns).Run() }()
	for _, c := range [][]string{{"ip", "netns", "add", ns}, {"ip", "-n", ns, "link", "set", "lo", "up"},
		{"ip", "netns", "exec", ns, "sh", "-c", "echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range; echo 4096 >/proc/sys/net/ipv4/tcp_max_tw_buckets"}} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", c, err, out)
		}
	}
	within := func(args ...string) *exec.Cmd {
		return exec.Command("ip", append([]string{"netns", "exec", ns}, args...)...)
	}
	dump := within("tcpdump", "-i", "lo", "-B", "65536", "-s", "0", "-Z", "root", "-w", filepath.Join(dir, "dump.pcap"), "tcp", "port", strconv.Itoa(floodPort))
	var dumpSays, said, errs strings.Builder
	dump.Stderr = &dumpSays
	saw := within(watch...)
	out, err := os.Create(filepath.Join(dir, "picture"))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	saw.Stdout, saw.Stderr = out, &errs
	for _, c := range []*exec.Cmd{dump, saw} {
		if err := c.Start(); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(1500 * time.Millisecond) // both are up
	sender := within(os.Args[0], "-test.run=^TestSendFlood$")
	seconds := os.Getenv(floodSeconds)
	if seconds == "" {
		seconds = "1"
	}
	sender.Env = append(os.Environ(), floodVariable+"="+seconds)
	sender.Stdout = &said
	if err := sender.Run(); err != nil {
		b.Fatalf("%v\n%s", err, said.String())
	}
	time.Sleep(time.Second)
	peak := peakMemory(saw.Process.Pid)
	for _, c := range []*exec.Cmd{saw, dump} {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			b.Fatalf("%v: %v\n%s", c.Args, err, errs.String())
		}
	}
	judgeFlood(b, said.String(), tail(out.Name()), dumpSays.String())
	packets := numberIn(b, `(\d+) packets captured`, dumpSays.String())
	each := func(c *exec.Cmd) float64 {
		return float64(c.ProcessState.UserTime()+c.ProcessState.SystemTime()) / float64(packets)
	}
	b.ReportMetric(each(saw), "cpu-ns/packet")
	b.ReportMetric(each(dump), "tcpdump-ns/packet")
	b.ReportMetric(each(saw)/each(dump), "times-tcpdump")
	b.ReportMetric(float64(peak), "KiB-peak")
}

// judgeFlood compares what watch says at its end with what was sent.
func judgeFlood(b *testing.B, sent, picture, dump string) {
	n := numberIn(b, `(\d+) connections`, sent)
	b.Logf("%s; tcpdump lost %d", strings.TrimSpace(strings.Split(sent, "\n")[0]), numberIn(b, `(\d+) packets dropped by kernel`, dump))
	if lost := regexp.MustCompile(`Lost before they could be read.*`).FindString(picture); lost != "" {
		b.Logf("the machine had too much to do: %s", lost)
		return
	}
	if m := regexp.MustCompile(`([\d,]+) connections: ([\d,]+) closed\.`).FindStringSubmatch(picture); m != nil {
		for _, s := range m[1:] {
			if got := numberIn(b, `(\d+)`, strings.ReplaceAll(s, ",", "")); got != n {
				b.Errorf("%d connections were made, the table says %s", n, m[0])
			}
		}
	} else if strings.Contains(picture, " connections") && strings.Contains(picture, "segments, ") {
		b.Errorf("%d connections were made and closed, the table says %s", n, picture)
	}
}

// numberIn is the number that a pattern's group finds.
func numberIn(b *testing.B, pattern, text string) int {
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		b.Fatalf("no %s in %q", pattern, text)
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// tail is the end of a file.
func tail(name string) string {
	raw, _ := os.ReadFile(name)
	return string(raw[max(0, len(raw)-1000):])
}

// peakMemory is the most memory that a process had, in KiB.
func peakMemory(pid int) int {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for l := range strings.Lines(string(raw)) {
		if f := strings.Fields(l); len(f) > 1 && f[0] == "VmHWM:" {
			n, _ := strconv.Atoi(f[1])
			return n
		}
	}
	return 0
}

// TestSendFlood is the sending process of BenchmarkFlood, and no test. The
// server closes first. Both ends make plain system calls, for the machine has
// the flood, tcpdump and watch to carry.
func TestSendFlood(t *testing.T) {
	seconds, _ := strconv.Atoi(os.Getenv(floodVariable))
	if seconds == 0 {
		return
	}
	runtime.GOMAXPROCS(8)
	at := unix.SockaddrInet4{Port: floodPort, Addr: netip.MustParseAddr("127.0.0.1").As4()}
	ln, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(ln, &at)
	}
	if err == nil {
		err = unix.Listen(ln, 4096)
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		runtime.LockOSThread()
		for {
			if fd, _, err := unix.Accept4(ln, unix.SOCK_CLOEXEC); err == nil {
				unix.Close(fd)
			}
		}
	}()
	const clients = 4
	var made atomic.Int64
	ended := make(chan error, clients)
	began := time.Now()
	for range clients {
		go func() {
			runtime.LockOSThread()
			for time.Since(began) < time.Duration(seconds)*time.Second {
				if float64(made.Load()) >= time.Since(began).Seconds()*floodRate {
					time.Sleep(500 * time.Microsecond)
					continue
				}
				if err := oneOfFlood(&at); err != nil {
					ended <- err
					return
				}
				made.Add(1)
			}
			ended <- nil
		}()
	}
	for range clients {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	fmt.Printf("%d connections, %.0f a second\n", made.Load(), float64(made.Load())/time.Since(began).Seconds())
}

// oneOfFlood makes a connection and waits for its end.
func oneOfFlood(at *unix.SockaddrInet4) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, at); err != nil {
		return err
	}
	var b [1]byte
	_, err = unix.Read(fd, b[:])
	return err
}
