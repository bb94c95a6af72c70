//go:build linux || darwin

package capture

import "fmt"

// SetFilter changes the filter; nil lets everything through. Packets that the
// kernel took before, by the filter before, still come; on macOS those are lost
// that wait to be read.
func (l *Live) SetFilter(prog []Instruction) error {
	if err := checkFilter(prog); err != nil {
		return fmt.Errorf("capture on %s: %w", l.name, err)
	}
	return l.refilter(func() { l.filter = prog })
}

// SetSnapLen changes how many bytes of a frame are kept; 0 is MaxSnapLen. A
// capture that was opened to keep few may keep less than that of the longest.
func (l *Live) SetSnapLen(n int) error {
	return l.refilter(func() { l.snap = LiveOptions{SnapLen: n}.snapLen() })
}

// refilter makes a change and attaches the program that comes of it. After
// an error the change is undone.
func (l *Live) refilter(change func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	filter, snap := l.filter, l.snap
	change()
	if err := l.attach(); err != nil {
		l.filter, l.snap = filter, snap
		return fmt.Errorf("capture on %s: attach filter: %w", l.name, err)
	}
	return nil
}
