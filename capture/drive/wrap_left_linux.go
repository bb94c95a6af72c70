//go:build amd64 || arm64

package drive

import (
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A process that puts itself into the background makes a session of its own
// (daemon(3)); what a shell runs behind & does not. Where the command has ended,
// its children are given apartGrace to do that, and serverGrace to have a TCP
// socket then.
const (
	apartGrace  = 300 * time.Millisecond
	serverGrace = time.Second
	leftPause   = 20 * time.Millisecond
)

// family is the set of a command's processes, with the names of their
// programs. The zero value is empty and ready.
type family struct {
	mu       sync.Mutex
	programs map[int]string
}

func (f *family) add(pid int, program string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.programs == nil {
		f.programs = make(map[int]string)
	}
	f.programs[pid] = program
}

func (f *family) remove(pid int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.programs, pid)
}

// list returns the processes, the oldest first as a rule.
func (f *family) list() (list []Child) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, pid := range slices.Sorted(maps.Keys(f.programs)) {
		list = append(list, Child{PID: pid, Program: f.programs[pid]})
	}
	return list
}

// announce tells of the end of the command, once it is known whether it has
// left a server in the background. left returns its children that still run,
// and session is the one that the command began in.
func (h *helper) announce(status, session int, left func() []Child) {
	h.announcing.Go(func() {
		serves := h.leavesServer(session, left)
		h.report.send(wireMessage{Kind: wireExit, Status: status, Left: left(), Serves: serves})
	})
}

func (h *helper) leavesServer(session int, left func() []Child) bool {
	table := newSocketTable(h.report)
	for waited := time.Duration(0); ; waited += leftPause {
		list := left()
		apart := slices.DeleteFunc(slices.Clone(list), func(c Child) bool {
			sid, err := unix.Getsid(c.PID)
			return err != nil || sid == session
		})
		switch {
		case slices.ContainsFunc(apart, func(c Child) bool { return len(table.heldBy(c.PID)) > 0 }):
			return true
		case len(list) == 0, h.left(), waited >= serverGrace, len(apart) == 0 && waited >= apartGrace:
			return false
		}
		time.Sleep(leftPause)
	}
}
