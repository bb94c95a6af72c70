package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// trace is told by the kernel which process connects and closes, at that
// moment: a program that is refused, or only opens and closes, has ended before
// its packets are read, and no search finds it then. It listens to the
// tracepoint sock:inet_sock_set_state (Linux 4.16) by perf_event_open(2), which
// root may open and anybody may go on reading. All it holds is ends and
// process numbers.
//
// The source port is chosen after the state is set to SYN-SENT, in connect(),
// by the process; when that state is left the ends are complete, but the
// process that happens to run is any. The kernel's address of the socket joins
// the two. The first close is done by the process again.
type trace struct {
	rings  []*perfRing
	layout stateLayout
	netns  string // this process's own, as /proc/self/ns/net says it

	opening map[uint64]int32 // by socket: who called connect
	known   map[ends]traced
	order   []ends
	started map[int32]*process
	events  []traceEvent

	window  time.Time // what is counted since
	count   int
	off     bool
	resting time.Duration // how long, or the last time
}

// traced is what is known of an end.
type traced struct {
	found
	socket uint64
}

// process is what is known of one that was started since, or has been seen to
// connect. The kernel tells when it forks and when its name changes.
type process struct {
	name    string
	named   time.Time // when its name was read
	looked  bool      // whether it is in this network namespace has been looked up
	foreign bool      // it is not
}

// Bounds of the trace.
const (
	maxTraced     = 8192
	maxOpening    = 4096
	maxStarted    = 8192
	maxCPUs       = 512
	ringPages     = 8 // of data, a power of two
	traceRate     = 4000
	traceInterval = time.Second // after so many events in it the trace rests for another
	maxRest       = 8 * time.Second
	nameAge       = 20 * time.Millisecond // when a name is read again
	traceLooks    = 8                     // after a rest the same rate is looked for in so small a part of the interval
)

// States of net/tcp_states.h.
const (
	stateSynSent  = 2
	stateFinWait1 = 4
	stateLastAck  = 9
)

// stateFilter lets pass what the trace wants of all changes of state.
const stateFilter = "protocol == 6 && (newstate == 2 || oldstate == 2 || newstate == 4 || newstate == 9)"

// Records of perf_event_open(2).
const (
	perfHeaderSize = 8
	perfAlign      = 8 // of each record, and of its length
	perfRecordComm = 3
	perfRecordFork = 7
	perfRecordSamp = 9
)

// openTrace begins to listen, on each processor.
func openTrace() (*trace, error) {
	tracefs, err := mountTracefs()
	if err != nil {
		return nil, fmt.Errorf("tracefs: %w", err)
	}
	defer unix.Close(tracefs)
	const event = "events/sock/inet_sock_set_state/"
	id, err := readWhole(tracefs, event+"id")
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(strings.TrimSpace(string(id)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%sid: %w", event, err)
	}
	format, err := readWhole(tracefs, event+"format")
	if err != nil {
		return nil, err
	}
	t := &trace{opening: make(map[uint64]int32), known: make(map[ends]traced), started: make(map[int32]*process)}
	if t.layout, err = parseLayout(format); err != nil {
		return nil, fmt.Errorf("%sformat: %w", event, err)
	}
	var b [64]byte
	n, err := unix.Readlink("/proc/self/ns/net", b[:])
	if err != nil {
		return nil, err
	}
	t.netns = string(b[:n])
	if err := t.openRings(number); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// close gives the events up.
func (t *trace) close() {
	for _, r := range t.rings {
		unix.Close(r.fd)
	}
}

// mountTracefs makes the file system of tracepoints readable to this process
// alone, wherever it is mounted or not.
func mountTracefs() (int, error) {
	fs, err := unix.Fsopen("tracefs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, err
	}
	return unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY)
}

// readWhole reads a small file.
func readWhole(dir int, name string) ([]byte, error) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer unix.Close(fd)
	b := make([]byte, 16<<10)
	n, err := unix.Read(fd, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b[:n], nil
}

// openRings opens the event on each processor. One that is switched off has
// none.
func (t *trace) openRings(id uint64) error {
	for cpu := range maxCPUs {
		r, err := openPerf(id, cpu)
		switch {
		case errors.Is(err, unix.ENODEV):
		case errors.Is(err, unix.EINVAL) && cpu > 0: // past the last one
			return nil
		case err != nil:
			return fmt.Errorf("processor %d: %w", cpu, err)
		default:
			t.rings = append(t.rings, r)
		}
	}
	return nil
}

// perfRing is one processor's events.
type perfRing struct {
	fd   int
	page *unix.PerfEventMmapPage
	data []byte
}

func openPerf(id uint64, cpu int) (*perfRing, error) {
	attr := &unix.PerfEventAttr{
		Type:        unix.PERF_TYPE_TRACEPOINT,
		Size:        uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Config:      id,
		Sample:      1,
		Sample_type: unix.PERF_SAMPLE_TID | unix.PERF_SAMPLE_TIME | unix.PERF_SAMPLE_RAW,
		Bits:        unix.PerfBitDisabled | unix.PerfBitComm | unix.PerfBitTask | unix.PerfBitSampleIDAll,
		Wakeup:      1,
	}
	fd, err := unix.PerfEventOpen(attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	size := (1 + ringPages) * unix.Getpagesize()
	mem, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	r := &perfRing{fd: fd, page: (*unix.PerfEventMmapPage)(unsafe.Pointer(&mem[0])), data: mem[unix.Getpagesize():]}
	filter := append([]byte(stateFilter), 0)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.PERF_EVENT_IOC_SET_FILTER, uintptr(unsafe.Pointer(&filter[0]))); errno != 0 {
		return nil, errors.Join(errno, unix.Munmap(mem), unix.Close(fd))
	}
	return r, r.enable(true)
}

func (r *perfRing) enable(on bool) error {
	if on {
		return unix.IoctlSetInt(r.fd, unix.PERF_EVENT_IOC_ENABLE, 0)
	}
	return unix.IoctlSetInt(r.fd, unix.PERF_EVENT_IOC_DISABLE, 0)
}

// records calls f with each record that has come, and gives its room back.
func (r *perfRing) records(f func(kind uint32, body []byte)) {
	head := atomic.LoadUint64(&r.page.Data_head)
	tail := r.page.Data_tail
	size := uint64(len(r.data))
	if head-tail > size { // cannot be: begin anew
		tail = head
	}
	record := make([]byte, 0, 256)
	for head-tail >= perfHeaderSize {
		at := tail % size // a header is aligned, and never wraps
		kind, length := binary.NativeEndian.Uint32(r.data[at:]), uint64(binary.NativeEndian.Uint16(r.data[at+6:]))
		if length < perfHeaderSize || length > head-tail || length%perfAlign != 0 {
			tail = head
			break
		}
		record = record[:0]
		for i := at + perfHeaderSize; i < at+length; {
			end := min(at+length, i-i%size+size)
			record = append(record, r.data[i%size:i%size+end-i]...)
			i = end
		}
		f(kind, record)
		tail += length
	}
	atomic.StoreUint64(&r.page.Data_tail, tail)
}

// stateLayout is where a sample has its fields.
type stateLayout struct {
	socket, oldState, newState, sport, dport, saddr, daddr int
	size                                                   int
}

// parseLayout reads the format of a tracepoint: a line for each field, as
// "field:const void * skaddr;	offset:8;	size:8;	signed:0;".
func parseLayout(format []byte) (l stateLayout, err error) {
	fields := []struct {
		name string
		size int
		to   *int
	}{
		{"skaddr", 8, &l.socket}, {"oldstate", 4, &l.oldState}, {"newstate", 4, &l.newState},
		{"sport", 2, &l.sport}, {"dport", 2, &l.dport}, {"saddr_v6", 16, &l.saddr}, {"daddr_v6", 16, &l.daddr},
	}
	for _, f := range fields {
		offset, size, ok := layoutOf(format, f.name)
		if !ok || size != f.size || offset < 0 || offset > 1<<12 {
			return l, fmt.Errorf("no field %s of %d bytes", f.name, f.size)
		}
		*f.to = offset
		l.size = max(l.size, offset+size)
	}
	return l, nil
}

func layoutOf(format []byte, name string) (offset, size int, ok bool) {
	for line := range bytes.Lines(format) {
		w := strings.Split(string(line), ";")
		if len(w) < 3 {
			continue
		}
		declared := strings.Fields(strings.TrimPrefix(strings.TrimSpace(w[0]), "field:"))
		if len(declared) == 0 {
			continue
		}
		last, _, _ := strings.Cut(declared[len(declared)-1], "[")
		if last != name {
			continue
		}
		offset, err1 := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(w[1]), "offset:"))
		size, err2 := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(w[2]), "size:"))
		return offset, size, err1 == nil && err2 == nil
	}
	return 0, 0, false
}

// traceEvent is one change of a socket's state, or of a process.
type traceEvent struct {
	kind     uint32 // perfRecordSamp, or perfRecordComm with name, or perfRecordFork with parent
	pid      int32
	at       uint64
	name     string
	parent   int32
	socket   uint64
	from, to uint32
	ends
}

// parseSample reads a sample: pid, tid, time, and the event with its length.
func (l stateLayout) parseSample(b []byte) (e traceEvent, ok bool) {
	const before = 4 + 4 + 8 + 4
	if len(b) < before {
		return e, false
	}
	e.kind, e.pid, e.at = perfRecordSamp, int32(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint64(b[8:])
	raw := b[before:]
	if len(raw) < l.size {
		return e, false
	}
	e.socket = binary.NativeEndian.Uint64(raw[l.socket:])
	e.from, e.to = binary.NativeEndian.Uint32(raw[l.oldState:]), binary.NativeEndian.Uint32(raw[l.newState:])
	end := func(addr, port int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(raw[addr:addr+16])).Unmap(), binary.NativeEndian.Uint16(raw[port:]))
	}
	e.local, e.remote = end(l.saddr, l.sport), end(l.daddr, l.dport)
	return e, true
}

// descriptors are what to poll.
func (t *trace) descriptors() []int {
	if t == nil {
		return nil
	}
	list := make([]int, len(t.rings))
	for i, r := range t.rings {
		list[i] = r.fd
	}
	return list
}

// pause is how long to poll: without end, but while the trace rests.
func (t *trace) pause() *unix.Timespec {
	if t == nil || !t.off {
		return nil
	}
	ts := unix.NsecToTimespec(int64(max(time.Millisecond, time.Until(t.window.Add(t.resting)))))
	return &ts
}

// read takes what has come from all processors, in the order of time.
func (t *trace) read(p *procs) {
	if t == nil {
		return
	}
	t.events = t.events[:0]
	states := 0
	for _, r := range t.rings {
		r.records(func(kind uint32, body []byte) {
			var e traceEvent
			var ok bool
			switch kind {
			case perfRecordComm:
				e, ok = parseComm(body)
			case perfRecordFork:
				e, ok = parseFork(body)
			case perfRecordSamp:
				if e, ok = t.layout.parseSample(body); ok {
					states++
				}
			}
			if ok {
				t.events = append(t.events, e)
			}
		})
	}
	slices.SortStableFunc(t.events, func(a, b traceEvent) int { return cmp.Compare(a.at, b.at) })
	for i := range t.events {
		switch e := &t.events[i]; e.kind {
		case perfRecordComm:
			t.note(e.pid, &process{name: e.name})
		case perfRecordFork:
			t.forked(e.pid, e.parent)
		default:
			t.event(e, p)
		}
	}
	t.rest(states)
}

// sampleIDSize is what each record ends with: pid, tid and time, as in samples.
const sampleIDSize = 4 + 4 + 8

// parseComm reads that a process has got a name: pid, tid, name. ok is false for
// the name of a thread.
func parseComm(b []byte) (e traceEvent, ok bool) {
	end := len(b) - sampleIDSize
	if end < 4+4+1 {
		return e, false
	}
	tid := int32(binary.NativeEndian.Uint32(b[4:]))
	e = traceEvent{kind: perfRecordComm, pid: int32(binary.NativeEndian.Uint32(b)), at: binary.NativeEndian.Uint64(b[len(b)-8:])}
	name, _, _ := bytes.Cut(b[8:end], []byte{0})
	e.name = string(name)
	return e, e.pid == tid
}

// parseFork reads that there is a new process: pid, ppid, tid, ptid, time. ok is
// false for a thread.
func parseFork(b []byte) (e traceEvent, ok bool) {
	if len(b) < 4*4+8 {
		return e, false
	}
	tid := int32(binary.NativeEndian.Uint32(b[8:]))
	e = traceEvent{kind: perfRecordFork, pid: int32(binary.NativeEndian.Uint32(b)), parent: int32(binary.NativeEndian.Uint32(b[4:])),
		at: binary.NativeEndian.Uint64(b[16:])}
	return e, e.pid == tid
}

// forked notes a new process, which has its parent's name.
func (t *trace) forked(pid, parent int32) {
	delete(t.started, pid) // an earlier one of that number
	if p := t.started[parent]; p != nil {
		child := *p
		child.named = time.Time{} // it may soon have a name of its own
		t.note(pid, &child)
	}
}

func (t *trace) note(pid int32, p *process) {
	if len(t.started) >= maxStarted {
		clear(t.started)
	}
	t.started[pid] = p
}

// event learns from one change of state.
func (t *trace) event(e *traceEvent, p *procs) {
	switch {
	case e.to == stateSynSent:
		if len(t.opening) >= maxOpening {
			clear(t.opening)
		}
		t.opening[e.socket] = e.pid
	case e.from == stateSynSent:
		pid := t.opening[e.socket]
		delete(t.opening, e.socket)
		t.learn(e, pid, p)
	case e.to == stateFinWait1 || e.to == stateLastAck:
		if old, ok := t.known[e.ends]; !ok || old.socket != e.socket {
			t.learn(e, e.pid, p)
		}
	}
}

// learn notes whose an end is.
func (t *trace) learn(e *traceEvent, pid int32, p *procs) {
	if pid <= 0 || e.local.Port() == 0 {
		return
	}
	who := t.process(pid, p)
	if who == nil || who.foreign {
		return
	}
	if _, ok := t.known[e.ends]; !ok {
		if len(t.order) >= maxTraced {
			delete(t.known, t.order[0])
			t.order = t.order[1:]
		}
		t.order = append(t.order, e.ends)
	}
	t.known[e.ends] = traced{found: found{pid: pid, name: who.name}, socket: e.socket}
}

// process returns what is known of a process, nil where it ended unnoticed.
// The trace is the whole machine's: what belongs to another network namespace,
// with the same addresses perhaps, is foreign.
func (t *trace) process(pid int32, p *procs) *process {
	who := t.started[pid]
	now := time.Now()
	if who != nil && now.Sub(who.named) < nameAge {
		return who
	}
	name, _, lives := p.stat(pid)
	switch {
	case who == nil && !lives:
		return nil
	case who == nil:
		who = &process{name: name}
		t.note(pid, who)
	case lives: // its last change of name may not have found room in the ring
		who.name = name
	}
	who.named = now
	if !who.looked {
		ns, ok := p.netns(pid)
		who.looked, who.foreign = true, ok && ns != t.netns
	}
	return who
}

// netns returns the network namespace of a process.
func (p *procs) netns(pid int32) (string, bool) {
	var b [64]byte
	n, err := unix.Readlinkat(p.root, strconv.Itoa(int(pid))+"/ns/net", b[:])
	return string(b[:max(n, 0)]), err == nil
}

// rest switches the events off for a while when there are so many that
// following them would cost more than names are worth: each wakes the helper.
// While they do not become fewer it rests twice as long each time.
func (t *trace) rest(n int) {
	now := time.Now()
	t.count += n
	since := now.Sub(t.window)
	most, interval := traceRate, traceInterval
	if t.resting > 0 { // most likely the flood goes on
		most, interval = most/traceLooks, interval/traceLooks
	}
	switch {
	case t.off && since >= t.resting:
		t.off, t.window, t.count = false, now, 0
		clear(t.opening)
		t.enable(true)
	case t.off:
	case t.count > most:
		t.resting = min(max(2*t.resting, traceInterval), maxRest)
		t.off, t.window = true, now
		t.enable(false)
	case since >= interval:
		t.window, t.count, t.resting = now, 0, 0
	}
}

func (t *trace) enable(on bool) {
	for _, r := range t.rings {
		_ = r.enable(on)
	}
}

// find returns whose an end was.
func (t *trace) find(e ends) (found, bool) {
	if t == nil {
		return found{}, false
	}
	k, ok := t.known[e]
	return k.found, ok
}
