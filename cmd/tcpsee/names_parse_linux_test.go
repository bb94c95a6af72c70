package main

import (
	"encoding/binary"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stateFormat is the tracepoint's description as Linux 6 gives it, in part.
const stateFormat = `name: inet_sock_set_state
ID: 1234
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:const void * skaddr;	offset:8;	size:8;	signed:0;
	field:int oldstate;	offset:16;	size:4;	signed:1;
	field:int newstate;	offset:20;	size:4;	signed:1;
	field:__u16 sport;	offset:24;	size:2;	signed:0;
	field:__u16 dport;	offset:26;	size:2;	signed:0;
	field:__u16 family;	offset:28;	size:2;	signed:0;
	field:__u16 protocol;	offset:30;	size:2;	signed:0;
	field:__u8 saddr[4];	offset:32;	size:4;	signed:0;
	field:__u8 daddr[4];	offset:36;	size:4;	signed:0;
	field:__u8 saddr_v6[16];	offset:40;	size:16;	signed:0;
	field:__u8 daddr_v6[16];	offset:56;	size:16;	signed:0;
`

func TestParseLayout(t *testing.T) {
	got, err := parseLayout([]byte(stateFormat))
	want := stateLayout{socket: 8, oldState: 16, newState: 20, sport: 24, dport: 26, saddr: 40, daddr: 56, size: 72}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, broken := range []string{"", strings.Replace(stateFormat, "size:16", "size:4", 1), strings.Replace(stateFormat, "offset:56", "offset:-1", 1),
		strings.Replace(stateFormat, "offset:56", "offset:99999", 1)} {
		if _, err := parseLayout([]byte(broken)); err == nil {
			t.Error("a layout that is not known is taken")
		}
	}
}

// sample builds a sample of perf_event_open(2): pid, tid, time, length, event.
func sample(pid int32, at uint64, socket uint64, from, to uint32, local, remote netip.AddrPort) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(pid))
	b = binary.NativeEndian.AppendUint32(b, uint32(pid))
	b = binary.NativeEndian.AppendUint64(b, at)
	b = binary.NativeEndian.AppendUint32(b, 72)
	raw := make([]byte, 72)
	binary.NativeEndian.PutUint64(raw[8:], socket)
	binary.NativeEndian.PutUint32(raw[16:], from)
	binary.NativeEndian.PutUint32(raw[20:], to)
	binary.NativeEndian.PutUint16(raw[24:], local.Port())
	binary.NativeEndian.PutUint16(raw[26:], remote.Port())
	src, dst := local.Addr().As16(), remote.Addr().As16()
	copy(raw[40:], src[:])
	copy(raw[56:], dst[:])
	return append(b, raw...)
}

// ringOf puts records into a ring that begins at a place where they wrap.
func ringOf(at uint64, kinds []uint32, bodies ...[]byte) *perfRing {
	r := &perfRing{page: new(unix.PerfEventMmapPage), data: make([]byte, 4096)}
	head := at
	put := func(b []byte) {
		for _, c := range b {
			r.data[head%4096] = c
			head++
		}
	}
	for i, body := range bodies {
		for len(body)%8 != 0 {
			body = append(body, 0)
		}
		h := binary.NativeEndian.AppendUint32(nil, kinds[i])
		h = binary.NativeEndian.AppendUint16(h, 0)
		put(binary.NativeEndian.AppendUint16(h, uint16(8+len(body))))
		put(body)
	}
	r.page.Data_tail, r.page.Data_head = at, head
	return r
}

func newTrace(t testing.TB, rings ...*perfRing) *trace {
	t.Helper()
	l, err := parseLayout([]byte(stateFormat))
	if err != nil {
		t.Fatal(err)
	}
	return &trace{layout: l, rings: rings, opening: make(map[uint64]int32), known: make(map[ends]traced), started: make(map[int32]*process)}
}

// comm and fork make the records of a name and of a new process.
func comm(pid uint32, at uint64, name string) []byte {
	b := binary.NativeEndian.AppendUint32(nil, pid)
	b = append(binary.NativeEndian.AppendUint32(b, pid), name+"\x00"...)
	for len(b)%perfAlign != 0 {
		b = append(b, 0)
	}
	b = binary.NativeEndian.AppendUint32(b, pid)
	return binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint32(b, pid), at)
}

func fork(pid, parent uint32, at uint64) []byte {
	var b []byte
	for _, n := range []uint32{pid, parent, pid, parent} {
		b = binary.NativeEndian.AppendUint32(b, n)
	}
	b = binary.NativeEndian.AppendUint64(b, at)
	b = binary.NativeEndian.AppendUint32(b, parent)
	return binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint32(b, parent), at)
}

// TestTraceOrdersNames: a child that gets a name of its own on another processor
// than where it was made has that, in whichever order the rings are read.
func TestTraceOrdersNames(t *testing.T) {
	p, err := openProcs()
	if err != nil {
		t.Skip(err)
	}
	const parent, child = 1<<22 + 1, 1<<22 + 2 // above any number in use
	local, remote := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:3000")
	named := ringOf(0, []uint32{perfRecordComm, perfRecordSamp}, comm(child, 30, "nc"), sample(child, 40, 0xa, 1, stateFinWait1, local, remote))
	made := ringOf(0, []uint32{perfRecordComm, perfRecordFork}, comm(parent, 10, "timeout"), fork(child, parent, 20))
	tr := newTrace(t, named, made)
	tr.read(p)
	if f, ok := tr.find(ends{local, remote}); !ok || f.name != "nc" {
		t.Errorf("it is %+v, %v", f, ok)
	}
}

// TestTraceJoins: connect() is called by one process on one processor, and
// ends, on another, while any process runs. What the rings hold is put in the
// order of time.
func TestTraceJoins(t *testing.T) {
	p, err := openProcs()
	if err != nil {
		t.Skip(err)
	}
	const client, server, other, listener = 1<<22 + 1, 1<<22 + 2, 1<<22 + 3, 1<<22 + 4 // above any number in use: names come from the records
	local, remote := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:3000")
	unbound := netip.AddrPortFrom(local.Addr(), 0)
	first := ringOf(4000, []uint32{perfRecordSamp, perfRecordSamp},
		sample(other, 30, 0xa, stateSynSent, 1, local, remote),
		sample(server, 50, 0xb, 8, stateLastAck, remote, local))
	second := ringOf(4088, []uint32{perfRecordComm, perfRecordComm, perfRecordFork, perfRecordSamp, perfRecordSamp},
		comm(client, 1, "nc"), comm(listener, 2, "python3"), fork(server, listener, 3),
		sample(client, 20, 0xa, 7, stateSynSent, unbound, remote),
		sample(other, 40, 0xa, 1, stateFinWait1, local, remote)) // another process closes it: still nc's
	tr := newTrace(t, first, second)
	tr.read(p)
	if f, ok := tr.find(ends{local, remote}); !ok || f.pid != client || f.name != "nc" {
		t.Errorf("the client is %+v, %v", f, ok)
	}
	if f, ok := tr.find(ends{remote, local}); !ok || f.pid != server || f.name != "python3" {
		t.Errorf("the server is %+v, %v", f, ok)
	}
	if len(tr.opening) != 0 {
		t.Errorf("still opening: %v", tr.opening)
	}
}

// FuzzTrace: rings, samples and names of any content.
func FuzzTrace(f *testing.F) {
	local, remote := netip.MustParseAddrPort("[::1]:40000"), netip.MustParseAddrPort("[::1]:3000")
	f.Add(uint64(4090), uint32(perfRecordSamp), sample(1, 2, 3, 7, stateSynSent, local, remote))
	f.Add(uint64(8), uint32(perfRecordFork), fork(2, 1, 3))
	f.Add(uint64(0), uint32(perfRecordComm), comm(1, 2, "nc"))
	p, err := openProcs()
	if err != nil {
		f.Skip(err)
	}
	f.Fuzz(func(t *testing.T, at uint64, kind uint32, body []byte) {
		if len(body) > 4000 {
			return
		}
		r := ringOf(at&^7%(1<<40), []uint32{kind}, body)
		newTrace(t, r).read(p)
		binary.NativeEndian.PutUint16(r.data[(at&^7+6)%4096:], uint16(at)) // a length that lies
		r.page.Data_tail = r.page.Data_head - min(r.page.Data_head, 64)
		newTrace(t, r).read(p)
	})
}

func TestTraceIsBounded(t *testing.T) {
	p, err := openProcs()
	if err != nil {
		t.Skip(err)
	}
	tr := newTrace(t)
	for i := range 3 * maxTraced {
		e := traceEvent{pid: 1<<22 + 1, socket: uint64(i), from: 1, to: stateFinWait1}
		e.ends = ends{netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 16), 1}), uint16(i|1)), netip.MustParseAddrPort("10.0.0.2:80")}
		tr.note(1<<22+1, &process{name: "nc", looked: true})
		tr.event(&e, p)
		tr.event(&traceEvent{pid: 1, socket: uint64(i), to: stateSynSent}, p)
		tr.note(int32(i), &process{name: "x"})
	}
	if len(tr.known) > maxTraced || len(tr.order) > maxTraced || len(tr.opening) > maxOpening || len(tr.started) > maxStarted {
		t.Errorf("%d ends, %d in order, %d opening, %d names", len(tr.known), len(tr.order), len(tr.opening), len(tr.started))
	}
}

// TestTraceReadsNamesAgain: a name is good for a while, that of a process which
// was just started for no time.
func TestTraceReadsNamesAgain(t *testing.T) {
	p, err := openProcs()
	if err != nil {
		t.Skip(err)
	}
	pid := int32(os.Getpid())
	own, _, ok := p.stat(pid)
	if !ok {
		t.Fatal("/proc does not say our own name")
	}
	tr := newTrace(t)
	tr.note(pid, &process{name: "nc", named: time.Now().Add(time.Hour)})
	if who := tr.process(pid, p); who.name != "nc" {
		t.Errorf("%q, and the name was just read", who.name)
	}
	tr.note(pid, &process{name: "nc", named: time.Now().Add(-nameAge)})
	if who := tr.process(pid, p); who.name != own {
		t.Errorf("%q is still the name, want %q", who.name, own)
	}
	const parent = 1<<22 + 1 // above any number in use
	tr.note(parent, &process{name: "nc", named: time.Now().Add(time.Hour)})
	tr.forked(pid, parent)
	if who := tr.process(pid, p); who.name != own {
		t.Errorf("a child is called %q like its parent, want %q", who.name, own)
	}
}

func TestParseStat(t *testing.T) {
	// pid (name) state ppid …; field 22 is when it began
	line := "4121 (nc) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21\n"
	for _, c := range []struct {
		line, name string
		ok         bool
	}{
		{line, "nc", true},
		{strings.Replace(line, "(nc)", "(a) S 1 (b)", 1), "a) S 1 (b", true},
		{strings.Replace(line, "(nc)", "()", 1), "", true},
		{"4121 (nc) S 1 2", "", false},
		{") (", "", false},
		{"", "", false},
	} {
		name, start, ok := parseStat([]byte(c.line))
		if name != c.name || ok != c.ok || ok && start != "987654" {
			t.Errorf("%q: %q, %q, %v", c.line, name, start, ok)
		}
	}
}

func FuzzStat(f *testing.F) {
	f.Add([]byte("4121 (nc) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if name, _, ok := parseStat(b); ok && len(name) > len(b) {
			t.Error(name)
		}
	})
}

func TestParseDiag(t *testing.T) {
	message := func(kind uint16, seq uint32, body []byte) []byte {
		b := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
		b = binary.NativeEndian.AppendUint16(b, kind)
		b = binary.NativeEndian.AppendUint16(b, 0)
		b = binary.NativeEndian.AppendUint32(b, seq)
		return append(binary.NativeEndian.AppendUint32(b, 0), body...)
	}
	socket := make([]byte, diagMessageSize)
	socket[1] = stateListen
	binary.NativeEndian.PutUint32(socket[68:], 77)
	notFound := int32(-2)
	for _, c := range []struct {
		name string
		b    []byte
		want socketState
		done bool
		err  error
	}{
		{"a socket", message(sockDiagByFamily, 5, socket), socketState{77, stateListen}, true, nil},
		{"none", message(unix.NLMSG_ERROR, 5, binary.NativeEndian.AppendUint32(nil, uint32(notFound))), socketState{}, true, unix.ENOENT},
		{"to another question", message(sockDiagByFamily, 4, socket), socketState{}, false, nil},
		{"cut off", message(sockDiagByFamily, 5, socket[:70]), socketState{}, true, unix.EBADMSG},
		{"short error", message(unix.NLMSG_ERROR, 5, nil), socketState{}, true, unix.EBADMSG},
		{"nothing", nil, socketState{}, false, nil},
	} {
		got, done, err := parseDiag(c.b, 5)
		if got != c.want || done != c.done || err != c.err {
			t.Errorf("%s: %+v, %v, %v", c.name, got, done, err)
		}
	}
}

// BenchmarkTrace is a connection: opened, refused.
func BenchmarkTrace(b *testing.B) {
	p, err := openProcs()
	if err != nil {
		b.Skip(err)
	}
	tr := newTrace(b)
	tr.note(4121, &process{name: "nc", looked: true})
	local, remote := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddrPort("127.0.0.1:3000")
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		at := netip.AddrPortFrom(local, uint16(i|1))
		opened := traceEvent{pid: 4121, socket: i % 64, to: stateSynSent, ends: ends{local: netip.AddrPortFrom(local, 0), remote: remote}}
		refused := traceEvent{pid: 1, socket: i % 64, from: stateSynSent, to: 7, ends: ends{local: at, remote: remote}}
		tr.event(&opened, p)
		tr.event(&refused, p)
	}
}

// TestTraceRests: twice as long each time while events do not become fewer.
func TestTraceRests(t *testing.T) {
	tr := newTrace(t)
	pass := func(d time.Duration) { tr.window = tr.window.Add(-d) }
	most := traceRate
	tr.rest(0) // its first second begins
	for _, want := range []time.Duration{traceInterval, 2 * traceInterval, 4 * traceInterval, maxRest, maxRest} {
		if tr.rest(most); tr.off {
			t.Fatalf("rests after %d events", most)
		}
		if tr.rest(1); !tr.off || tr.resting != want {
			t.Fatalf("off %v, rests %v, want %v", tr.off, tr.resting, want)
		}
		pass(want - traceInterval/2)
		tr.rest(0)
		if !tr.off {
			t.Fatalf("on again before %v", want)
		}
		pass(traceInterval)
		tr.rest(0)
		if tr.off {
			t.Fatalf("still off after %v", want)
		}
		most = traceRate / traceLooks
	}
	pass(traceInterval / traceLooks)
	tr.rest(1)
	if tr.rest(traceRate); tr.off {
		t.Errorf("after a quiet time it rests after %d events", traceRate)
	}
	if tr.rest(1); tr.resting != traceInterval {
		t.Errorf("after a quiet time it rests %v", tr.resting)
	}
}
