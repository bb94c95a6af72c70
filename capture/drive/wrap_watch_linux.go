//go:build amd64 || arm64

package drive

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How often the sockets of a command that is not traced are looked at: every
// millisecond, and rarer where looking takes longer than a quarter of that.
const (
	watchPeriod = time.Millisecond
	watchShare  = 4
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
	session, _ := unix.Getsid(p.Pid)
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
	h.reap(p, session)
	close(over)
	<-looked
	h.announcing.Wait()
	h.report.send(wireMessage{Kind: wireGone})
	return 0
}

// abandon ends a command that was never released.
func (h *helper) abandon(p *os.Process) int {
	_ = p.Kill()
	_, _ = wait4(p.Pid, nil, 0)
	return 0
}

// reap waits for the command, which began in that session, and its children.
func (h *helper) reap(p *os.Process, session int) {
	over := false
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
			over = true
			h.announce(status, session, func() []Child { return orphansOf(p.Pid) })
		case over:
			h.report.send(wireMessage{Kind: wireEnded, PID: pid})
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
		h.progress.looked.Store(began.UnixNano())
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

// orphansOf returns what is left of a command that has ended: its children, and
// theirs, that have not.
func orphansOf(root int) (list []Child) {
	for _, pid := range familyOfProcess(root) {
		if program := programOf(pid); pid != root && program != "" && !isZombie(pid) {
			list = append(list, Child{PID: pid, Program: program})
		}
	}
	return list
}

// isZombie reports whether a process has ended and was not waited for (proc(5),
// /proc/pid/stat: the state comes after the program's name in parentheses).
func isZombie(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, state, _ := strings.Cut(string(b[bytes.LastIndexByte(b, ')')+1:]), " ")
	return err != nil || strings.HasPrefix(state, "Z")
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
