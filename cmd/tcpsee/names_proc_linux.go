package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// procs finds the process that holds a socket, in /proc/PID/fd.
type procs struct {
	root    int // /proc
	byInode map[uint32]holder
	recent  []int32 // processes that were answered, the last one last
	list    []int32
	buf     []byte
	failed  time.Time     // the last search of everything that found nothing
	took    time.Duration // and how long it took
}

// holder is a process that holds a socket.
type holder struct {
	pid   int32
	fd    int32
	start string // when it began, in ticks: tells it from a later one of that number
	name  string
}

// Bounds of the search.
const (
	maxInodes   = 1 << 15
	maxRecent   = 16
	maxPIDs     = 1 << 17
	maxFDs      = 1 << 16 // of one process
	youngPIDs   = 64      // searched even where a search of everything is not due
	restFactor  = 4       // a search that found nothing rests that many times its length
	procBuffer  = 32 << 10
	statSize    = 1024
	socketShort = "socket:["
)

func openProcs() (*procs, error) {
	fd, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /proc: %w", err)
	}
	return &procs{root: fd, byInode: make(map[uint32]holder), buf: make([]byte, procBuffer)}, nil
}

// holder returns the process that holds the socket, or held it last.
func (p *procs) holder(inode uint32) (holder, bool) {
	known, was := p.byInode[inode]
	if was && p.holds(known, inode) {
		if name, start, ok := p.stat(known.pid); ok && start == known.start {
			known.name = name // it may be another program by now (execve)
			p.byInode[inode] = known
		}
		return known, true
	}
	delete(p.byInode, inode)
	if h, ok := p.search(inode); ok {
		p.remember(h.pid)
		return h, true
	}
	if was {
		p.byInode[inode] = known
	}
	return known, was
}

// holds reports whether h still has the socket at the same place.
func (p *procs) holds(h holder, inode uint32) bool {
	got, ok := p.link(p.root, strconv.Itoa(int(h.pid))+"/fd/"+strconv.Itoa(int(h.fd)))
	return ok && got == inode
}

// remember keeps the processes that were asked for last: the next connection
// is likely to be one of theirs.
func (p *procs) remember(pid int32) {
	if i := slices.Index(p.recent, pid); i >= 0 {
		p.recent = slices.Delete(p.recent, i, i+1)
	}
	if len(p.recent) >= maxRecent {
		p.recent = slices.Delete(p.recent, 0, 1)
	}
	p.recent = append(p.recent, pid)
}

// search looks into the recent processes, then into all, the youngest first,
// for those may be gone next.
func (p *procs) search(inode uint32) (holder, bool) {
	for _, pid := range slices.Backward(p.recent) {
		if p.scan(pid, inode) {
			return p.byInode[inode], true
		}
	}
	began := time.Now()
	p.listPIDs()
	all := began.Sub(p.failed) > restFactor*p.took
	for i, pid := range p.list {
		if i == youngPIDs && !all {
			return holder{}, false
		}
		if p.scan(pid, inode) {
			return p.byInode[inode], true
		}
	}
	p.failed, p.took = time.Now(), time.Since(began)
	return holder{}, false
}

// listPIDs lists the processes, the youngest first: numbers are given out
// upwards, and begin again at the top.
func (p *procs) listPIDs() {
	p.list = p.list[:0]
	if _, err := unix.Seek(p.root, 0, 0); err != nil {
		return
	}
	p.entries(p.root, maxPIDs, func(n int32) bool {
		p.list = append(p.list, n)
		return true
	})
	last := p.lastPID()
	slices.SortFunc(p.list, func(a, b int32) int {
		if wa, wb := a > last, b > last; wa != wb {
			if wa {
				return 1
			}
			return -1
		}
		return int(b) - int(a)
	})
}

// lastPID is the number given out last: the last word of /proc/loadavg.
func (p *procs) lastPID() int32 {
	var b [128]byte
	n := p.file("loadavg", b[:])
	w := bytes.Fields(b[:n])
	if len(w) == 0 {
		return 0
	}
	pid, _ := strconv.ParseInt(string(w[len(w)-1]), 10, 32)
	return int32(pid)
}

// scan notes the sockets of a process and reports whether inode is among them.
// A socket that two processes share stays with the one that was seen first, as
// long as that has it.
func (p *procs) scan(pid int32, inode uint32) bool {
	fd, err := unix.Openat(p.root, strconv.Itoa(int(pid))+"/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	hit := false
	var self holder
	p.entries(fd, maxFDs, func(n int32) bool {
		got, ok := p.link(fd, strconv.Itoa(int(n)))
		if !ok {
			return true
		}
		if self.pid == 0 {
			name, start, ok := p.stat(pid)
			if !ok {
				return false
			}
			self = holder{pid: pid, name: name, start: start}
		}
		self.fd = n
		p.note(got, self)
		hit = hit || got == inode
		return true
	})
	return hit
}

// note files the holder of a socket.
func (p *procs) note(inode uint32, h holder) {
	if old, ok := p.byInode[inode]; ok && old.pid != h.pid && p.holds(old, inode) {
		return
	}
	if len(p.byInode) >= maxInodes {
		clear(p.byInode)
	}
	p.byInode[inode] = h
}

// link returns the inode of the socket that a descriptor in /proc stands for.
func (p *procs) link(dir int, name string) (inode uint32, ok bool) {
	var b [64]byte
	n, err := unix.Readlinkat(dir, name, b[:])
	if err != nil {
		return 0, false
	}
	number, ok := strings.CutPrefix(string(b[:n]), socketShort)
	if !ok {
		return 0, false
	}
	i, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
	return uint32(i), err == nil
}

// stat reads a process's name and beginning. The name stands in parentheses
// and may itself have some (proc_pid_stat(5)).
func (p *procs) stat(pid int32) (name, start string, ok bool) {
	var b [statSize]byte
	n := p.file(strconv.Itoa(int(pid))+"/stat", b[:])
	return parseStat(b[:n])
}

func parseStat(b []byte) (name, start string, ok bool) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return "", "", false
	}
	const startField = 22 - 3 // of those after the name, which is the second
	w := bytes.Fields(b[end+1:])
	if len(w) <= startField {
		return "", "", false
	}
	return string(b[open+1 : end]), string(w[startField]), true
}

// file reads the beginning of a file in /proc.
func (p *procs) file(name string, b []byte) int {
	fd, err := unix.Openat(p.root, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, b)
	if err != nil {
		return 0
	}
	return n
}

// entries calls f with the names in a directory that are numbers.
func (p *procs) entries(dir, limit int, f func(int32) bool) {
	buf := p.buf
	if dir != p.root { // f may come here again, with another directory
		buf = make([]byte, 4096)
	}
	for {
		n, err := unix.Getdents(dir, buf)
		if err != nil || n <= 0 {
			return
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			i, err := strconv.ParseUint(name, 10, 31)
			if err != nil {
				continue
			}
			if limit--; limit < 0 || !f(int32(i)) {
				return
			}
		}
	}
}
