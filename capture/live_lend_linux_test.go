package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// Frames that are lent stay as they are while more come than the kernel's
// buffer holds, and do not stop those: on a machine that is busy some may be
// dropped, each of which is counted where it is missing.
func TestLiveLends(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			newNamespace(t)
			fd, _ := udpSocket(t)
			l := mustOpen(t, LiveOptions{Interface: "lo", BufferBytes: 8 << 20}, way.ring)
			text := func(n int) []byte { return fmt.Appendf(bytes.Repeat([]byte("."), 900), "number %06d", n) }
			sent := 0
			send := func(count int) {
				for range count {
					if err := sendMany(fd, text(sent), 1); err != nil {
						t.Fatal(err)
					}
					sent++
				}
			}
			send(20)
			lent, err := l.Next()
			if err != nil {
				t.Fatal(err)
			}
			next := len(lent)
			whole := func() {
				t.Helper()
				for i := range lent {
					if !bytes.HasSuffix(lent[i].Data, text(next-len(lent)+i)) {
						t.Fatalf("frame %d of the batch that is lent ends in %q", i, lent[i].Data[len(lent[i].Data)-20:])
					}
				}
			}
			for range 2 {
				whole()
				first := next
				l.Lend()
				for range 60 { // 60 blocks at least, of 32
					send(100)
					for _, f := range drawAll(t, l) {
						next += int(f.Dropped)
						if !bytes.HasSuffix(f.Data, text(next)) {
							t.Fatalf("frame %d ends in %q", next, f.Data[len(f.Data)-20:])
						}
						next++
					}
					for i := range lent {
						if !bytes.HasSuffix(lent[i].Data, text(first-len(lent)+i)) {
							t.Fatalf("after frame %d: frame %d that is lent ends in %q", next, i, lent[i].Data[len(lent[i].Data)-20:])
						}
					}
				}
				l.Reclaim()
				l.Reclaim() // of nothing
				send(20)
				if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
					t.Fatal(err)
				}
				if lent, err = l.Next(); err != nil {
					t.Fatal(err)
				}
				next += int(lent[0].Dropped) + len(lent)
			}
			if d := l.Stats().Dropped; d > uint64(sent/2) {
				t.Errorf("%d of %d were dropped", d, sent)
			}
			l.Lend()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			for err == nil {
				_, err = l.Next()
			}
			if whole(); err != io.EOF || l.freed {
				t.Errorf("Next returned %v; the memory is freed: %v", err, l.freed)
			}
			if l.Reclaim(); !l.freed {
				t.Error("the memory is not freed")
			}
		})
	}
}

// drawAll returns copies of the frames that come until none does for a moment.
func drawAll(t *testing.T, l *Live) (all []Frame) {
	t.Helper()
	if err := l.SetDeadline(time.Now().Add(5 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for {
		frames, err := l.Next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range frames {
			all = append(all, frames[i])
			all[len(all)-1].Data = bytes.Clone(frames[i].Data)
		}
	}
}

// What the kernel had handed over when a capture was closed is still given out.
func TestLiveCloseLeavesRest(t *testing.T) {
	newNamespace(t)
	fd, _ := udpSocket(t)
	l := mustOpen(t, LiveOptions{Interface: "lo", BufferBytes: 1 << 20}, true)
	if l.Method()[:4] != "ring" {
		t.Skip("no ring here: " + l.Method())
	}
	if err := sendMany(fd, []byte("first"), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Next(); err != nil {
		t.Fatal(err)
	}
	if err := sendMany(fd, bytes.Repeat([]byte("."), 1000), 600); err != nil { // more than a batch
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // blocks of the ring end after a millisecond
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		frames, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n += len(frames)
	}
	if d := int(l.Stats().Dropped); n+d != 600 || n == 0 || !l.freed {
		t.Errorf("of 600 frames %d came after Close, %d were dropped; the memory is freed: %v", n, d, l.freed)
	}
}
