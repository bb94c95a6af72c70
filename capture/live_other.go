//go:build !linux && !darwin

package capture

import (
	"fmt"
	"io"
	"runtime"
	"time"
)

// Live is a capture on an interface. On this system there is none.
type Live struct{}

// OpenLive says what is missing: its error wraps ErrNoLiveCapture.
func OpenLive(o LiveOptions) (*Live, error) {
	if err := checkFilter(o.Filter); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	if !o.all() {
		if _, err := findInterface(o.Interface); err != nil {
			return nil, fmt.Errorf("capture: %w", err)
		}
	}
	need := "the way to capture of " + runtime.GOOS + " is not built in"
	if runtime.GOOS == "windows" {
		need = "it would need Npcap, which is not built in; capture with dumpcap or pktmon and replay the file"
	}
	return nil, fmt.Errorf("capture: %w: %s", ErrNoLiveCapture, need)
}

// Next returns io.EOF.
func (l *Live) Next() ([]Frame, error) { return nil, io.EOF }

// Interfaces is empty.
func (l *Live) Interfaces() []Interface { return nil }

// Stats is zero.
func (l *Live) Stats() Stats { return Stats{} }

// Findings is empty.
func (l *Live) Findings() []Fault { return nil }

// Close does nothing.
func (l *Live) Close() error { return nil }

// SetFilter fails: nothing is captured.
func (l *Live) SetFilter([]Instruction) error { return ErrNoLiveCapture }

// SetSnapLen fails: nothing is captured.
func (l *Live) SetSnapLen(int) error { return ErrNoLiveCapture }

// Lend does nothing.
func (l *Live) Lend() {}

// Reclaim does nothing.
func (l *Live) Reclaim() {}

// SetPatience does nothing.
func (l *Live) SetPatience(time.Duration) {}

// SetDeadline fails: nothing is captured.
func (l *Live) SetDeadline(time.Time) error { return ErrNoLiveCapture }

// Backlog is 0.
func (l *Live) Backlog() float64 { return 0 }

// Waiting is not known on this system: it returns false.
func (l *Live) Waiting() bool { return false }

// Lasts is 0.
func (l *Live) Lasts() time.Duration { return 0 }

// Method is empty.
func (l *Live) Method() string { return "" }
