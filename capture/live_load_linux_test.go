package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// loadVariable tells a second process of the test's binary what to send, so
// that the first one's processor time is that of capturing alone.
const loadVariable = "TCPSEE_TEST_LOAD"

// The loads that a capture must bear.
const (
	loadFrames      = 400_000 // small frames a second
	loadConnections = 10_000  // connections a second
	loadTime        = 5 * time.Second
	loadBulk        = 4 << 30 // bytes
)

// BenchmarkLoad captures what a second process sends in a network namespace of
// their own, as watch does (without saving, and with), and says how much of it the kernel lost, what a
// frame cost in processor time (all threads of the capturing process), and how
// old the median frame was when it came out.
func BenchmarkLoad(b *testing.B) {
	for _, load := range []struct {
		name, kind string
		atLeast    int // frames
		options    LiveOptions
	}{
		{"small", "small", loadFrames * int(loadTime/time.Second), LiveOptions{Interface: "load1", SnapLen: 9216, BufferBytes: 32 << 20}},
		{"connections", "connections", loadConnections * int(loadTime/time.Second) * 6, LiveOptions{Interface: "lo", SnapLen: 9216, BufferBytes: 32 << 20}},
		{"bulk", "bulk", loadBulk >> 16, LiveOptions{Interface: "lo", SnapLen: 9216, BufferBytes: 32 << 20}},
		{"bulk-whole", "bulk", loadBulk >> 16, LiveOptions{Interface: "lo", BufferBytes: 64 << 20}},
	} {
		b.Run(load.name, func(b *testing.B) {
			newNamespace(b)
			newVeth(b, "load0", "load1")
			setUp(b, "load0", true)
			setUp(b, "load1", true)
			for range b.N {
				runLoad(b, load.kind, load.options, load.atLeast)
			}
		})
	}
}

func runLoad(b *testing.B, name string, o LiveOptions, atLeast int) {
	live, err := OpenLive(o)
	if err != nil {
		b.Fatal(err)
	}
	q := NewQueue(live, 0)
	defer q.Close()
	sender := exec.Command(os.Args[0], "-test.run=^TestSendLoad$")
	sender.Env = append(os.Environ(), loadVariable+"="+name)
	said, err := sender.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := sender.Start(); err != nil {
		b.Fatal(err)
	}
	before, began := processTime(b), time.Now()
	sent := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(said)
		_ = sender.Wait()
		time.Sleep(100 * time.Millisecond) // what is on its way
		q.Close()
		sent <- string(all)
	}()
	// Not on this thread, which newNamespace has locked: it costs a switch of
	// threads to hand anything to a goroutine that has a thread of its own.
	came := make(chan *haul, 1)
	go func() { came <- takeAll(q) }()
	got := <-came
	spent, took := processTime(b)-before, time.Since(began)
	frames := got.frames
	lost := q.Stats().Dropped
	b.Logf("%s: %d frames of %d bytes captured in %v, %d lost by the kernel's count; %s",
		name, frames, got.bytes, took.Round(time.Millisecond), lost, strings.TrimSpace(<-sent))
	if frames+int(lost) < atLeast {
		b.Errorf("only %d frames came, and %d were lost: the load was less than %d", frames, lost, atLeast)
	}
	b.ReportMetric(float64(spent)/float64(max(frames, 1)), "cpu-ns/frame")
	b.ReportMetric(float64(frames)/took.Seconds(), "frames/s")
	b.ReportMetric(float64(lost), "lost")
	b.ReportMetric(float64(median(got.ages[:], frames)), "median-age-µs")
}

// haul is what came of a load.
type haul struct {
	frames, bytes int
	ages          [1 << 17]uint32 // by microseconds
}

// takeAll reads a source to its end.
func takeAll(src Source) *haul {
	t := new(haul)
	for {
		fs, err := src.Next()
		now := StampOf(time.Now())
		for i := range fs {
			t.ages[min(max(int64(now-fs[i].Time)/1000, 0), int64(len(t.ages)-1))]++
			t.bytes += fs[i].OrigLen
		}
		t.frames += len(fs)
		if err != nil {
			return t
		}
	}
}

// median is the place in counts that half of all lie below.
func median(counts []uint32, all int) int {
	sum := 0
	for i, n := range counts {
		if sum += int(n); 2*sum >= all {
			return i
		}
	}
	return len(counts)
}

// processTime is the processor time of this process, all its threads.
func processTime(t testing.TB) time.Duration {
	t.Helper()
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestSendLoad is the sending process of BenchmarkLoad, and no test.
func TestSendLoad(t *testing.T) {
	var err error
	switch os.Getenv(loadVariable) {
	case "small":
		err = sendSmall()
	case "connections":
		err = sendConnections()
	case "bulk":
		err = sendBulk()
	default:
		return
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sendSmall puts small frames on a veth pair at an even rate, a burst each
// millisecond.
func sendSmall() error {
	i, err := net.InterfaceByName("load0")
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		return err
	}
	const burst, total = loadFrames / 1000, loadFrames * int(loadTime/time.Second)
	began := time.Now()
	for n := 0; n < total; n += burst {
		if wait := time.Duration(n)*time.Second/loadFrames - time.Since(began); wait > 0 {
			time.Sleep(wait)
		}
		if err := sendMany(fd, smallFrame(), burst); err != nil {
			return fmt.Errorf("after %d frames: %w", n, err)
		}
	}
	fmt.Printf("%d sent, %.0f a second\n", total, float64(total)/time.Since(began).Seconds())
	return nil
}

// smallFrame is a TCP segment without data, to another host.
func smallFrame() []byte {
	b := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, // Ethernet
		0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, // IPv4
		0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0} // TCP ACK
	return append(b, make([]byte, 6)...)
}

// sendConnections opens and closes connections over loopback at an even rate.
// Their servers have many addresses, so that ports are not used up.
func sendConnections() error {
	ln, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}()
		}
	}()
	port := ln.Addr().(*net.TCPAddr).Port
	const total, workers = loadConnections * int(loadTime/time.Second), 16
	began := time.Now()
	var (
		wg   sync.WaitGroup
		errs [workers]error
	)
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := w; n < total; n += workers {
				if wait := time.Duration(n)*time.Second/loadConnections - time.Since(began); wait > 0 {
					time.Sleep(wait)
				}
				c, err := net.Dial("tcp4", "127.0.0."+strconv.Itoa(1+n%200)+":"+strconv.Itoa(port))
				if err != nil {
					errs[w] = err
					return
				}
				c.Close()
			}
		}()
	}
	wg.Wait()
	fmt.Printf("%d connections, %.0f a second\n", total, float64(total)/time.Since(began).Seconds())
	return errors.Join(errs[:]...)
}

// sendBulk sends much over one connection on loopback, as fast as it goes.
func sendBulk() error {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	done := make(chan int64, 1)
	go func() {
		n := int64(0)
		if c, err := ln.Accept(); err == nil {
			b := make([]byte, 1<<20)
			for {
				k, err := c.Read(b)
				if n += int64(k); err != nil {
					break
				}
			}
			c.Close()
		}
		done <- n
	}()
	c, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		return err
	}
	began := time.Now()
	b := make([]byte, 1<<20)
	for n := int64(0); n < loadBulk; n += int64(len(b)) {
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
	c.Close()
	n := <-done
	fmt.Printf("%d bytes, %.0f MB a second\n", n, float64(n)/1e6/time.Since(began).Seconds())
	return nil
}
