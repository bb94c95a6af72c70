package capture

import (
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestGate has a gate before a pipe: it is shut while bytes gather, and open
// when it waits.
func TestGate(t *testing.T) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	send := func() {
		if _, err := unix.Write(p[1], []byte("x")); err != nil {
			t.Error(err)
		}
	}
	var g *gate
	var shut []bool // at each look
	full := 0.0
	g, err := newGate(p[0], func() bool {
		shut = append(shut, g.shut)
		var b [1]byte
		n, err := unix.Read(p[0], b[:])
		if k := len(shut); k > 1 && shut[k-2] && !shut[k-1] {
			send() // it has just been opened
		}
		return err == nil && n == 1
	}, func() bool { return false }, func() float64 { return full })
	if err != nil {
		t.Fatal(err)
	}
	wait := func(want ...bool) {
		t.Helper()
		shut = nil
		if err := g.wait(); err != nil {
			t.Fatal(err)
		}
		if got := slices.Compact(shut); !slices.Equal(got, want) { // it may wake in vain
			t.Fatalf("looked with the gate shut: %v, want %v", got, want)
		}
	}
	send()
	wait(false)
	g.patience.Store(int64(time.Millisecond))
	send()
	wait(false)              // there is more
	wait(false, true, false) // looks, rests, opens
	full = 1
	g.rest = time.Millisecond
	g.came = true
	wait(false, true, false)
	if g.rest != time.Millisecond/2 {
		t.Errorf("rests %v after too much came, and was to rest half as long", g.rest)
	}
	full = 0
	for range 10 {
		send()
		g.sleep(time.Millisecond)
		wait(false)
	}
	if g.rest != time.Millisecond {
		t.Errorf("rests %v when little comes", g.rest)
	}
	if err := g.file.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := g.wait(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("at the deadline: %v", err)
	}
	if err := g.close(); err != nil {
		t.Error(err)
	}
	if err := g.wait(); err == nil {
		t.Error("waits after it was closed")
	}
}

// TestGateBrisk: where packets come again and again at once, the gate is shut
// for a moment, also without patience, as long as more than one wait's worth has
// come meanwhile.
func TestGateBrisk(t *testing.T) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	var answers []bool
	many := true
	g, err := newGate(p[0], func() bool {
		a := answers[0]
		answers = answers[1:]
		return a
	}, func() bool { return many }, func() float64 { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	// look is asked with what ready will answer, in turn.
	look := func(want, shut bool, ready ...bool) {
		t.Helper()
		answers = ready
		if got := g.look(0); got != want || g.shut != shut || len(answers) > 0 {
			t.Fatalf("says %v with the gate shut: %v, and %d looks left; want %v, %v, 0", got, g.shut, len(answers), want, shut)
		}
	}
	soon := func() {
		for range briskAfter {
			look(true, false, true)
			g.idle = time.Now().Add(time.Hour) // however slow this machine is
			look(false, false, false)
		}
	}
	for range 2 * briskAfter {
		look(true, false, true)
		g.idle = time.Now().Add(-time.Hour)
		look(false, false, false)
	}
	soon()
	for range 3 {
		look(true, true, false, true) // rests, and there is more
	}
	many = false
	look(true, true, false, true) // for the last time
	look(false, false, false, false)
	look(true, false, true)
	many = true
	soon()
	look(true, true, false, true)
	look(false, false, false, false, false) // rests in vain, opens, waits
	look(true, false, true)
	look(false, false, false)
}

// TestLivePatience: with patience every frame comes, once and in order, also
// the one after a silence, and a capture that rests or waits can be closed.
func TestLivePatience(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo", BufferBytes: 64 << 20}, way.ring)
			l.SetPatience(5 * time.Millisecond)
			const bursts, each = 40, 25
			go func() {
				for i := range bursts {
					_ = sendMany(fd, []byte{byte(i)}, each)
					time.Sleep(time.Duration(i%4) * 4 * time.Millisecond)
				}
			}()
			n := 0
			collect(t, l, func(f *Frame) bool {
				if got, want := int(f.Data[len(f.Data)-1]), n/each; got != want {
					t.Errorf("frame %d is of burst %d, want %d", n, got, want)
				}
				n++
				return n == bursts*each
			})
			if lost := l.Stats().Dropped; lost > 0 {
				t.Errorf("%d were lost", lost)
			}
			if err := l.SetDeadline(time.Time{}); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := l.Next()
				ended <- err
			}()
			time.Sleep(2 * time.Millisecond)
			l.Close()
			select {
			case err := <-ended:
				if err != io.EOF {
					t.Errorf("Next returned %v after Close", err)
				}
			case <-time.After(patience):
				t.Error("Next was not woken")
			}
		})
	}
}
