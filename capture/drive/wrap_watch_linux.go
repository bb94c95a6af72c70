//go:build amd64 || arm64

package drive

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How often the sockets of a command that is not traced are looked at: every
// 5 ms, and rarer where looking takes longer than a tenth of that.
const (
	watchPeriod = 5 * time.Millisecond
	watchShare  = 10
)

// maxWatched is how many of the command's processes are looked at.
const maxWatched = 1024

// watch runs the command untraced, and looks now and then at the sockets of
// it and its children. missing says why.
func (h *helper) watch(path, missing string) int {
	// Children whose parents end stay with this process.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	if err := executable(path); err != nil {
		return h.refuse(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return h.refuse(err)
	}
	attr := h.commandAttr()
	attr.Files = append(attr.Files[:h.own:h.own], r)
	args := append([]string{helperName, helperStub, strconv.Itoa(h.own), "", path}, h.command...)
	p, err := os.StartProcess(selfPath, args, attr)
	r.Close()
	if err != nil {
		return h.refuse(err)
	}
	h.setRoot(p)
	h.letGo()
	h.report.send(wireMessage{Kind: wireHeld, PID: p.Pid, Text: missing})
	select {
	case <-h.released:
		_, _ = w.Write([]byte{controlRelease})
		w.Close()
	case <-h.detach:
		return h.abandon(p)
	case <-h.deserted:
		return h.abandon(p)
	}
	over := make(chan struct{})
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		h.look(p.Pid, over)
	}()
	h.reap(p)
	close(over)
	<-looked
	h.report.send(wireMessage{Kind: wireGone})
	return 0
}

// abandon ends a command that was never released.
func (h *helper) abandon(p *os.Process) int {
	_ = p.Kill()
	_, _ = wait4(p.Pid, nil, 0)
	return 0
}

// reap waits for the command and its children.
func (h *helper) reap(p *os.Process) {
	for {
		var ws unix.WaitStatus
		pid, err := wait4(-1, &ws, 0)
		switch {
		case err != nil:
			return
		case pid == p.Pid:
			status := ws.ExitStatus()
			if ws.Signaled() {
				status = statusSignal + int(ws.Signal())
			}
			h.report.send(wireMessage{Kind: wireExit, Status: status})
		}
		if isClosed(h.deserted) {
			for _, pid := range familyOfProcess(p.Pid) {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
			h.abandon(p)
			return
		}
		if isClosed(h.detach) {
			return
		}
	}
}

// look tells whose sockets are whose until over is closed.
func (h *helper) look(root int, over <-chan struct{}) {
	w := &watching{table: newSocketTable(h.report)}
	for {
		began := time.Now()
		w.look(root)
		pause := max(watchPeriod, watchShare*time.Since(began))
		select {
		case <-over:
			return
		case <-time.After(pause):
		}
	}
}

// watching is the state of looking.
type watching struct{ table *socketTable }

// look looks once at the command and its children.
func (w *watching) look(root int) {
	for _, pid := range familyOfProcess(root) {
		for _, held := range w.table.heldBy(pid) {
			// What is not connected and does not listen may have changed.
			if s := held.socket; !s.listening && !s.remote.IsValid() {
				w.table.refresh(s, pid, held.fd)
			}
		}
	}
}

// familyOfProcess returns a process, its children, and theirs. Orphans of the
// command, which have come to this process, are found among its own children.
func familyOfProcess(root int) []int {
	list := []int{root}
	own := childrenOf(os.Getpid())
	for _, pid := range own {
		if pid != root {
			list = append(list, pid)
		}
	}
	for i := 0; i < len(list) && len(list) < maxWatched; i++ {
		list = append(list, childrenOf(list[i])...)
	}
	return list
}

// childrenOf reads the children of all threads of a process (proc(5),
// /proc/pid/task/tid/children).
func childrenOf(pid int) []int {
	dir := "/proc/" + strconv.Itoa(pid) + "/task/"
	tasks, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var list []int
	for _, task := range tasks {
		b, _ := os.ReadFile(dir + task.Name() + "/children")
		for word := range strings.FieldsSeq(string(b)) {
			if child, err := strconv.Atoi(word); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}

// executable says early what exec would say: whether path may be executed.
func executable(path string) error {
	if err := unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS); err != nil {
		return &os.PathError{Op: "exec", Path: path, Err: err}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return &os.PathError{Op: "exec", Path: path, Err: unix.EACCES}
	}
	return nil
}
