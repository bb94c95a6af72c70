package filter

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"tcpsee/capture"
)

// corpus is where captures with many link types are, if they are there.
const corpus = "../../../shared/corpus/dev"

// everything asks for all combinations of expressions and link types.
var everything = os.Getenv("FILTER_TEST_LONG") != ""

// tcpdumpLinks are the link types that tcpdump -y knows by name.
var tcpdumpLinks = []struct {
	name string
	link capture.LinkType
}{
	{"EN10MB", capture.LinkEthernet}, {"LINUX_SLL", capture.LinkSLL}, {"RAW", capture.LinkRaw},
	{"LINUX_SLL2", capture.LinkSLL2}, {"NULL", capture.LinkNull}, {"LOOP", capture.LinkLoop},
	{"PPP", capture.LinkPPP}, {"PPP_SERIAL", capture.LinkPPPSerial},
	{"PPP_ETHER", capture.LinkPPPEther}, {"C_HDLC", capture.LinkCHDLC},
	{"IPV4", capture.LinkIPv4}, {"IPV6", capture.LinkIPv6}, {"SLIP", capture.LinkSLIP},
	{"FDDI", capture.LinkFDDI}, {"IEEE802", capture.LinkTokenRing},
	{"IEEE802_11", capture.Link80211}, {"IEEE802_11_RADIO", capture.LinkRadiotap},
	{"PRISM_HEADER", capture.LinkPrism}, {"IEEE802_11_RADIO_AVS", capture.LinkAVS},
	{"PFLOG", linkPFLog}, {"ENC", linkENC}, {"PPI", linkPPI}, {"FRELAY", capture.LinkFrameRelay},
	{"ATM_RFC1483", linkATM1483}, {"IP_OVER_FC", capture.LinkIPFC}, {"LTALK", linkLTalk},
	{"SYMANTEC_FIREWALL", linkSymantec}, {"APPLE_IP_OVER_IEEE1394", linkAppleIP1394},
	{"IPNET", capture.LinkIPNET}, {"JUNIPER_ETHER", capture.LinkJuniperEther}, {"JUNIPER_PPP", capture.LinkJuniperPPP},
	{"ARCNET", capture.LinkARCNET}, {"ARCNET_LINUX", capture.LinkARCNETLinux},
	{"NETANALYZER", capture.LinkNetAnalyzer}, {"NETANALYZER_TRANSPARENT", capture.LinkNetAnalyzerRaw},
	{"SUNATM", capture.LinkSunATM}, {"MTP2", capture.LinkMTP2},
	{"MTP2_WITH_PHDR", capture.LinkMTP2Phdr}, {"MTP3", capture.LinkMTP3}, {"ERF", capture.LinkERF},
	{"BACNET_MS_TP", capture.LinkMSTP}, {"PPP_BSDOS", linkPPPBSDOS}, {"SLIP_BSDOS", linkSLIPBSDOS},
	{"JUNIPER_MLPPP", 130}, {"JUNIPER_ES", 132}, {"JUNIPER_GGSN", 133}, {"JUNIPER_ATM1", 137}, {"JUNIPER_ATM2", 135},
	{"JUNIPER_MONITOR", 164}, {"JUNIPER_PPPOE", 167}, {"JUNIPER_PPPOE_ATM", 168}, {"JUNIPER_ST", 200}, {"JUNIPER_SERVICES", 136},
}

// byteBits matches what looks at the bits of a byte.
var byteBits = regexp.MustCompile(`byte [^&|]*[&|]`)

// differs says where a program is meant to differ from libpcap's.
func differs(link capture.LinkType, expr string) string {
	wlan := layoutOf(link).family == famWLAN
	switch {
	case strings.Contains(expr, "protochain"):
		return "libpcap loops, ours is unrolled"
	case (wlan || link == linkPFLog) &&
		(strings.Contains(expr, "geneve") || strings.Contains(expr, "pppoes")):
		return "libpcap computes the offset of one layer into the register of another"
	case expr == "geneve or ip" || expr == "not geneve":
		return "offsets are not set where the packet is not Geneve"
	case byteBits.MatchString(expr):
		return "libpcap forgets to load the byte"
	case wlan && strings.HasPrefix(expr, "0=0"):
		return "libpcap's comparisons overwrite the register of an offset"
	case link == capture.LinkFrameRelay && strings.Contains(expr, "ip[2:2] = 40"):
		return "the length of IP is where Frame Relay has its type, and ours notices"
	case link == linkPFLog && strings.Contains(expr, "tcp[-"):
		return "libpcap's optimiser makes the index unsigned"
	}
	return ""
}

// sameText reports whether programs are meant to be the same as tcpdump's,
// instruction for instruction.
func sameText(link capture.LinkType, expr string) bool {
	y := layoutOf(link)
	switch {
	case strings.Contains(expr, "geneve"):
		return false // there are registers to set first, or the kernel would not take the program
	case (y.family == famARCNET || y.family == famPPPBSDOS) && strings.Contains(expr, "port"):
		return false // what several kinds of IP have in common is tested once here, and twice there
	case (y.linkHdr.k > 0 || y.family == famWLAN) && live(expr):
		return false // libpcap moves what the kernel says by the length of the header
	case y.family == famWLAN && strings.HasPrefix(expr, "wlan["):
		return false // a number's register is not one for an offset here
	}
	return !strings.Contains(expr, "[-") // offsets that the kernel takes for something else
}

// live reports whether an expression asks for what the kernel says.
func live(expr string) bool {
	return strings.Contains(expr, "bound") || strings.Contains(expr, "ifindex")
}

func needTcpdump(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("tcpdump is not there to compare with")
	}
}

// readLines returns the lines of a file of expressions.
func readLines(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}

// tcpdumpProgram compiles with tcpdump.
func tcpdumpProgram(link, expr string) ([]Instruction, error) {
	return printed("-y", link, "-ddd", "--", expr)
}

// printed reads the program that tcpdump -ddd prints.
func printed(args ...string) ([]Instruction, error) {
	var stderr strings.Builder
	cmd := exec.Command("tcpdump", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(strings.TrimSpace(stderr.String()))
	}
	var prog []Instruction
	s := bufio.NewScanner(strings.NewReader(string(out)))
	s.Scan()
	for s.Scan() {
		var in Instruction
		if _, err := fmt.Sscan(s.Text(), &in.Op, &in.Jt, &in.Jf, &in.K); err != nil {
			return nil, err
		}
		prog = append(prog, in)
	}
	return prog, nil
}

// each runs f for every index below n, two at a time.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	for part := range 2 {
		wg.Go(func() {
			for i := part; i < n; i += 2 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// TestTcpdumpPrograms runs our programs and tcpdump's over made-up packets
// that go deep into both.
func TestTcpdumpPrograms(t *testing.T) {
	needTcpdump(t)
	exprs := readLines(t, "accepted.txt")
	type pair struct{ expr, link int }
	var pairs []pair
	for i := range exprs {
		for j := range tcpdumpLinks {
			// All link types have their turn with some expressions.
			if everything || j == 0 && i%3 == 0 || j == 1+i%(len(tcpdumpLinks)-1) {
				pairs = append(pairs, pair{i, j})
			}
		}
	}
	var c comparison
	each(len(pairs), func(i int) {
		expr, l := exprs[pairs[i].expr], tcpdumpLinks[pairs[i].link]
		if differs(l.link, expr) != "" {
			return
		}
		theirs := compiled(tcpdumpProgram(l.name, expr))
		c.add(t, l.name+", "+expr, compiled(compileForTest(expr, l.link)), theirs, func(ours, theirs []Instruction) string {
			if d := difference(ours, theirs, l.link); d != "" || !sameText(l.link, expr) {
				return d
			}
			return otherText
		})
	})
	t.Log(c.String())
}

// comparison counts expressions by how our programs and tcpdump's compare.
type comparison struct {
	mu      sync.Mutex
	same    int // instruction for instruction
	alike   int // other instructions, as they may be
	refused int // by both
}

// outcome is what a compiler makes of an expression.
type outcome struct {
	list []Instruction
	err  error
}

func compiled(list []Instruction, err error) outcome { return outcome{list, err} }

// otherText is the complaint about programs that are to be the same.
const otherText = "the programs are not the same"

// add compares what was made of an expression. Of programs that are not the same
// judge says what is wrong with that, "" for nothing. It may be called from
// several goroutines.
func (c *comparison) add(t *testing.T, expr string, ours, theirs outcome, judge func(ours, theirs []Instruction) string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case (ours.err == nil) != (theirs.err == nil):
		t.Errorf("%s: ours says %v, tcpdump %v", expr, ours.err, theirs.err)
	case ours.err != nil:
		c.refused++
	case slices.Equal(ours.list, theirs.list):
		c.same++
	default:
		c.alike++
		if d := judge(ours.list, theirs.list); d != "" {
			t.Errorf("%s: %s\nours:\n%stcpdump's:\n%s", expr, d, Format(ours.list), Format(theirs.list))
		}
	}
}

func (c *comparison) String() string {
	return fmt.Sprintf("%d programs are the same, %d differ as they may, %d expressions are refused by both", c.same, c.alike, c.refused)
}

// compileForTest compiles as tcpdump -y -d does: for no interface, but with
// what the kernel says of direction and interface.
func compileForTest(expr string, link capture.LinkType) ([]Instruction, error) {
	e, err := Parse(expr)
	if err != nil {
		return nil, err
	}
	family := layoutOf(link).family
	live := live(expr) || family == famLoopHost || family == famLoopNet || family == famPFLog
	return e.program(Options{Link: link, Live: live})
}

// difference looks for a packet that two programs judge differently.
func difference(a, b []Instruction, link capture.LinkType) string {
	r := rand.New(rand.NewSource(1))
	x, y := decode(a), decode(b)
	for range 500 {
		pkt := aim([][]Instruction{a, b}[r.Intn(2)], r)
		if layoutOf(link).family == famLoopHost && len(pkt) > 3 && pkt[3] != 0 {
			continue // ours would take it for the other byte order
		}
		n := uint32(len(pkt))
		if r.Intn(3) == 0 {
			n = uint32(r.Intn(200))
		}
		if got, want := run(x, pkt, n), run(y, pkt, n); got != want {
			return fmt.Sprintf("ours %v, tcpdump %v for % x, length %d", got, want, pkt, n)
		}
	}
	return ""
}

// TestTcpdumpRefuses compares what is refused.
func TestTcpdumpRefuses(t *testing.T) {
	needTcpdump(t)
	exprs := readLines(t, "refused.txt")
	if len(exprs) < 60 {
		t.Errorf("only %d expressions", len(exprs))
	}
	var mu sync.Mutex
	each(len(exprs), func(i int) {
		_, theirs := tcpdumpProgram("EN10MB", exprs[i])
		_, ours := compileForTest(exprs[i], capture.LinkEthernet)
		mu.Lock()
		defer mu.Unlock()
		if ours == nil {
			t.Errorf("%q is accepted", exprs[i])
		}
		if theirs == nil {
			t.Errorf("%q: tcpdump accepts it", exprs[i])
		}
	})
	t.Logf("%d expressions refused", len(exprs))
}

// frame is one frame of the corpus.
type frame struct {
	file    string
	number  int64
	data    []byte
	origLen int
}

// readCorpus returns the frames of all captures by link type. Those of BSD
// loopback from big-endian systems are apart, since tcpdump takes the byte
// order from the file: their link type is negated.
func readCorpus(t testing.TB) map[int][]frame {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(corpus, "*.pcap*"))
	if len(names) == 0 {
		t.Skip("the corpus is not there")
	}
	frames := map[int][]frame{}
	for _, name := range names {
		s, err := capture.OpenFile(name)
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		for {
			batch, err := s.Next()
			for _, f := range batch {
				if f.Record != capture.RecordPacket {
					continue
				}
				key := int(f.Link)
				if f.Link == capture.LinkNull && len(f.Data) > 3 && f.Data[0] == 0 {
					key = bigEndianNull
				}
				frames[key] = append(frames[key], frame{filepath.Base(name), f.Number,
					slices.Clone(f.Data), f.OrigLen})
			}
			if err != nil {
				if err != io.EOF {
					t.Logf("%s: %v", name, err)
				}
				break
			}
		}
		s.Close()
	}
	return frames
}

const bigEndianNull = -1

// writeNumbered writes frames to a classic pcap file, each with its index as
// the time.
func writeNumbered(t testing.TB, name string, key int, frames []frame) {
	t.Helper()
	var order binary.AppendByteOrder = binary.LittleEndian
	link := key
	if key == bigEndianNull {
		order, link = binary.BigEndian, 0
	}
	var b []byte
	b = order.AppendUint32(b, 0xa1b2c3d4)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint32(b, MaxSnapLen)
	b = order.AppendUint32(b, uint32(link))
	for i, f := range frames {
		for _, v := range []int{i, 0, len(f.data), f.origLen} {
			b = order.AppendUint32(b, uint32(v))
		}
		b = append(b, f.data...)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tcpdumpSelects returns the indices of the frames that tcpdump selects.
func tcpdumpSelects(name, expr string) ([]int, error) {
	var stderr strings.Builder
	cmd := exec.Command("tcpdump", "-r", name, "-w", "-", "--", expr)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New(strings.TrimSpace(stderr.String()))
	}
	var order binary.ByteOrder = binary.LittleEndian
	if len(out) >= 4 && out[0] == 0xa1 {
		order = binary.BigEndian
	}
	var list []int
	for p := 24; p+16 <= len(out); {
		list = append(list, int(order.Uint32(out[p:])))
		p += 16 + int(order.Uint32(out[p+8:]))
	}
	return list, nil
}

// TestTcpdumpSelects compares which frames of the corpus are selected.
func TestTcpdumpSelects(t *testing.T) {
	needTcpdump(t)
	frames := readCorpus(t)
	exprs := readLines(t, "accepted.txt")
	if len(exprs) < 150 {
		t.Errorf("only %d expressions", len(exprs))
	}
	dir := t.TempDir()
	type job struct {
		key        int
		file, expr string
	}
	var jobs []job
	for key, list := range frames {
		file := filepath.Join(dir, fmt.Sprint(key))
		writeNumbered(t, file, key, list)
		if out, err := exec.Command("tcpdump", "-r", file, "-w", "/dev/null", "-c",
			"1").CombinedOutput(); err != nil {
			t.Logf("tcpdump does not read link type %d: %s", key, out)
			continue
		}
		for i, expr := range exprs {
			if everything || key == int(capture.LinkEthernet) || (i+key)%8 == 0 {
				jobs = append(jobs, job{key, file, expr})
			}
		}
	}
	var mu sync.Mutex
	agreed, packets, selected, refused := 0, 0, 0, 0
	each(len(jobs), func(i int) {
		j := jobs[i]
		list := frames[j.key]
		link := capture.LinkType(max(j.key, 0))
		want, theirErr := tcpdumpSelects(j.file, j.expr)
		got, ourErr := selects(link, j.expr, list)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case (theirErr == nil) != (ourErr == nil):
			t.Errorf("%v, %s: ours says %v, tcpdump %v", link, j.expr, ourErr, theirErr)
		case ourErr != nil:
			refused++
		case slices.Equal(got, want):
			agreed++
			packets += len(list)
			selected += len(want)
		case differs(link, j.expr) == "":
			for n, f := range list {
				if a, b := slices.Contains(got, n), slices.Contains(want, n); a != b {
					t.Errorf("%v, %s: ours %v, tcpdump %v for frame %d of %s", link,
						j.expr, a, b, f.number, f.file)
					break
				}
			}
		}
	})
	t.Logf("%d expressions, %d link types: %d comparisons over %d frames agree, %d selected; "+
		"%d refused by both", len(exprs), len(frames), agreed, packets, selected, refused)
}

func selects(link capture.LinkType, expr string, list []frame) ([]int, error) {
	e, err := Parse(expr)
	if err != nil {
		return nil, err
	}
	m, err := e.Matcher(link)
	if err != nil {
		return nil, err
	}
	var got []int
	for i, f := range list {
		if m.Match(f.data, f.origLen) {
			got = append(got, i)
		}
	}
	return got, nil
}

// TestTcpdumpLive compares programs for the kernel, which has taken VLAN tags
// off, where tcpdump may open an interface.
func TestTcpdumpLive(t *testing.T) {
	needTcpdump(t)
	if out, err := exec.Command("tcpdump", "-i", "lo", "-ddd").CombinedOutput(); err != nil {
		t.Skipf("tcpdump may not open lo: %s", out)
	}
	exprs := []string{"vlan or vlan 5", "vlan 5 and tcp port 80", "inbound", "outbound and tcp", "ifindex 3 or ip6", "tcp port 80"}
	for _, expr := range readLines(t, "accepted.txt") {
		if strings.Contains(expr, "vlan") && !strings.Contains(expr, "geneve") && !strings.Contains(expr, "pppoes") {
			exprs = append(exprs, expr)
		}
	}
	var c comparison
	each(len(exprs), func(i int) {
		theirs := compiled(printed("-i", "lo", "-ddd", "--", exprs[i]))
		e, err := Parse(exprs[i])
		if err != nil {
			t.Errorf("%s: %v", exprs[i], err)
			return
		}
		ours := compiled(e.Compile(Options{Link: capture.LinkEthernet, Live: true}))
		c.add(t, exprs[i], ours, theirs, func(_, _ []Instruction) string { return otherText })
	})
	t.Log(c.String())
}
