package render

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"tcpsee/capture"
	"tcpsee/dissect"
	"tcpsee/dissect/conn"
)

// pdmlField is a line of Wireshark's tree.
type pdmlField struct {
	Name     string      `xml:"name,attr"`
	Showname string      `xml:"showname,attr"`
	Show     string      `xml:"show,attr"`
	Value    string      `xml:"value,attr"`
	Hide     string      `xml:"hide,attr"`
	Pos      int         `xml:"pos,attr"`
	Size     int         `xml:"size,attr"`
	Fields   []pdmlField `xml:"field"`
	Protos   []pdmlField `xml:"proto"`
}

var bitPattern = regexp.MustCompile(`^([01.][01. ]*[01.]) = `)

// bits returns the first bit and how many, as the tree shows them.
func (f *pdmlField) bits() (bit, bits int) {
	m := bitPattern.FindStringSubmatch(f.Showname)
	if m == nil {
		return f.Pos * 8, f.Size * 8
	}
	p := strings.ReplaceAll(m[1], " ", "")
	first, last := strings.IndexAny(p, "01"), strings.LastIndexAny(p, "01")
	if first < 0 {
		return f.Pos * 8, f.Size * 8
	}
	return f.Pos*8 + first, last - first + 1
}

// ourField is a line of ours, with the bits that it takes in the frame or in
// the datagram that was put together.
type ourField struct {
	dissect.Field
	kind      dissect.LayerKind
	bit, bits int
}

// flatten lists the fields of layers with all their parts.
func flatten(layers []dissect.LayerFields) []ourField {
	var out []ourField
	var walk func(l *dissect.LayerFields, fields []dissect.Field)
	walk = func(l *dissect.LayerFields, fields []dissect.Field) {
		for _, f := range fields {
			out = append(out, ourField{f, l.Kind, l.Offset*8 + f.Bit, f.Bits})
			walk(l, f.Parts)
		}
	}
	for i := range layers {
		l := &layers[i]
		if l.Kind != dissect.LayerFrame && l.Length > 0 { // the header itself
			out = append(out, ourField{dissect.Field{Name: "(header)", Value: l.Name}, l.Kind, l.Offset * 8, l.Length * 8})
		}
		walk(l, l.Fields)
	}
	return out
}

// pdmlPackets runs tshark over a capture.
func pdmlPackets(t *testing.T, name string, count int) []pdmlField {
	t.Helper()
	cmd := exec.Command("tshark", "-n", "-r", name, "-c", strconv.Itoa(count), "-T", "pdml",
		"-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("tshark: %v", err)
	}
	var doc struct {
		Packets []pdmlField `xml:"packet"`
	}
	if err := xml.Unmarshal(out, &doc); err != nil {
		t.Logf("%s: %v", name, err)
	}
	return doc.Packets
}

// treesOf gives the fields of each frame as they are drawn.
func treesOf(t *testing.T, name string, count int) map[int64][]ourField {
	t.Helper()
	src, err := capture.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	trees := make(map[int64][]ourField)
	var d dissect.Decoder
	var j dissect.Joiner
	var p dissect.Packet
	tracker := conn.New(conn.Options{Detail: true})
	start, before := capture.NoTime, capture.NoTime
	for len(trees) < count {
		frames, err := src.Next()
		for i := range frames {
			if frames[i].Record != capture.RecordPacket {
				continue
			}
			d.Decode(&frames[i], &p)
			if p.Content == dissect.ContentFragment {
				j.Join(&p, &d)
			}
			events := tracker.Add(&p)
			now := frames[i].Time
			e := conn.Event{Type: conn.TypeWait, Time: now, Since: now.Sub(start), SinceFrame: now.Sub(before), Packet: &p}
			if before = now; !start.Known() {
				start = now
			}
			for k := range events {
				if events[k].Packet == &p && events[k].Frame == frames[i].Number {
					e = events[k]
				}
			}
			var iface capture.Interface
			if list := src.Interfaces(); frames[i].Interface >= 0 && frames[i].Interface < len(list) {
				iface = list[frames[i].Interface]
			}
			trees[frames[i].Number] = flatten(e.Fields(iface))
		}
		if errors.Is(err, io.EOF) || err != nil {
			break
		}
	}
	return trees
}

// comparison is how a test over captures went.
type comparison struct {
	t       *testing.T
	file    string
	same    map[string]int
	differ  map[string]int
	unknown map[string]string
	shown   map[string]int
	twice   bool // the file has packets twice
	loose   map[string]int
}

// complain says the first few times that something differs.
func (c *comparison) complain(name, format string, args ...any) {
	if c.differ[name]++; c.differ[name] <= 3 {
		c.t.Errorf("%s: %s: %s", filepath.Base(c.file), name, fmt.Sprintf(format, args...))
	}
}

// packet compares one packet's trees.
func (c *comparison) packet(frame int64, protos []pdmlField, ours []ourField) {
	for i := range protos {
		p := &protos[i]
		if _, ok := comparedProtocols[p.Name]; !ok {
			continue
		}
		if p.Name != "frame" {
			c.field(frame, p.Name, p, ours)
		}
		c.fields(frame, p.Name, p.Fields, ours)
	}
}

func (c *comparison) fields(frame int64, proto string, fields []pdmlField, ours []ourField) {
	for i := range fields {
		f := &fields[i]
		if f.Hide == "yes" {
			continue
		}
		if f.Name == "_ws.expert" || f.Name == "_ws.malformed" || f.Name == "_ws.short" {
			continue // said in general in absentFields
		}
		inner := proto
		if _, ok := comparedProtocols[f.Name]; ok {
			inner = f.Name // quoted by an ICMP error, or an extension header
		}
		c.field(frame, proto, f, ours)
		c.fields(frame, inner, f.Fields, ours)
		c.fields(frame, inner, f.Protos, ours)
	}
}

func (c *comparison) field(frame int64, proto string, f *pdmlField, ours []ourField) {
	name := f.Name
	if name == "" {
		name = proto + " text: " + strings.TrimRight(strings.SplitN(f.Showname+f.Show, ":", 2)[0], " 0123456789")
	}
	if isAbsent(name) {
		return
	}
	rows := sideBySide[name]
	if len(rows) == 0 {
		c.unknown[name] = fmt.Sprintf("frame %d: %s", frame, f.Showname)
		return
	}
	var tried []string
	for i := range rows {
		r := &rows[i]
		ok, why := r.find(f, ours)
		if ok {
			c.same[name]++
			c.shown[r.ours]++
			return
		}
		tried = append(tried, why)
	}
	if reason, ok := rows[0].differs(frame, f, ours); ok {
		c.shown[name+" differs: "+reason]++
		return
	}
	if rows[0].loose == capturedTwice && c.twice {
		return
	}
	if rows[0].loose != "" {
		c.loose[name]++
		return
	}
	c.complain(name, "frame %d: %q (%q at %d+%d): %s", frame, f.Showname, f.Show, f.Pos, f.Size, strings.Join(tried, "; "))
}

// find looks for the row's field of ours with the same bits and value.
func (r *counterpart) find(f *pdmlField, ours []ourField) (bool, string) {
	bit, bits := f.bits()
	if r.bits != 0 {
		bit, bits = f.Pos*8+r.bit, r.bits
	}
	why := "no " + r.ours
	for i := range ours {
		o := &ours[i]
		if o.Name != r.ours && !(strings.HasSuffix(r.ours, "*") && strings.HasPrefix(o.Name, strings.TrimSuffix(r.ours, "*"))) {
			continue
		}
		if len(r.kinds) > 0 && !slices.Contains(r.kinds, o.kind) {
			continue
		}
		if !r.computed && (o.bit != bit || o.bits != bits) {
			why = fmt.Sprintf("%s at bits %d+%d, not %d+%d", o.Name, o.bit, o.bits, bit, bits)
			continue
		}
		if r.computed && !o.Computed() && r.same == nil {
			continue
		}
		same := r.same
		if same == nil {
			same = sameNumber
		}
		if same(f, o) {
			return true, ""
		}
		why = fmt.Sprintf("%s is %q (%s)", o.Name, o.Value, o.Meaning)
	}
	return false, why
}

// wholeCorpus compares all captures that are there: some minutes.
var wholeCorpus = flag.Bool("whole", false, "compare all captures with Wireshark's trees")

// oneOfEach are captures that have, together, each kind of header.
var oneOfEach = map[string]bool{
	"s05-no-neighbour.pcap": true, "s05-prohibited-ipv6.pcap": true, "s03-http-400.pcap": true,
	"pp-grepackets.pcap": true, "pp-ciscohdlc.pcap": true, "pp-sll2.pcap": true, "sv-bug-6402-01.pcap": true,
	"sv-vxlan-non-zero-reserved-fields.pcap": true, "sv-defrag-bug-6887-defrag-ipv6-tcp.pcap": true, "syn-ip6ext-1.pcap": true,
	"syn-nullbe-1.pcap": true, "syn-cut54-1.pcap": true, "zk-dns-inverse-query.pcap": true, "zk-pppoe-over-qinq.pcap": true,
	"zk-snap-tcp.pcap": true, "syn-tfo-1.pcap": true,
}

// looseShare: one in so many of what is computed may differ, for the reason
// that its row gives.
const looseShare = 8

// isAbsent reports whether absentFields has a name, or its beginning.
func isAbsent(name string) bool {
	if _, ok := absentFields[name]; ok {
		return true
	}
	for n := range absentFields {
		if p, ok := strings.CutSuffix(n, "*"); ok && strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// TestStackHasWhatWiresharkHas holds that each field of Wireshark's tree of a
// packet (frame, link, network, transport, options) is among ours, with the
// same bits and the same value: sideBySide is the table of both. What is absent
// on purpose stands in absentFields with the reason.
func TestStackHasWhatWiresharkHas(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("no tshark here")
	}
	files := []string{everyOption(t)}
	recorded, _ := filepath.Glob("../testdata/*.pcap*")
	corpus, _ := filepath.Glob("../../shared/corpus/dev/*.pcap*")
	for i, name := range append(recorded, corpus...) {
		if *wholeCorpus || i%4 == 0 && !testing.Short() || oneOfEach[filepath.Base(name)] {
			files = append(files, name)
		}
	}
	c := comparison{t: t, same: map[string]int{}, differ: map[string]int{}, unknown: map[string]string{}, shown: map[string]int{}, loose: map[string]int{}}
	for _, name := range files {
		c.file = name
		const most = 60 // packets of each
		trees := treesOf(t, name, most)
		c.twice = false
		for _, ours := range trees {
			c.twice = c.twice || strings.Contains(valueOf("labels", ours), "duplicate-capture")
		}
		for _, p := range pdmlPackets(t, name, most) {
			var frame int64
			for _, proto := range p.Protos {
				for _, f := range proto.Fields {
					if f.Name == "frame.number" {
						frame, _ = strconv.ParseInt(f.Show, 10, 64)
					}
				}
			}
			if ours, ok := trees[frame]; ok {
				c.packet(frame, p.Protos, ours)
			}
		}
	}
	var names []string
	for n := range c.unknown {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		t.Errorf("in neither table: %s (%s)", n, c.unknown[n])
	}
	var differ []string
	for n, k := range c.differ {
		differ = append(differ, fmt.Sprintf("%s differs %d times, is the same %d times", n, k, c.same[n]))
	}
	sort.Strings(differ)
	for _, d := range differ {
		t.Error(d)
	}
	for n, k := range c.loose {
		t.Logf("%s: %d of %d times not the same: %s", n, k, k+c.same[n], sideBySide[n][0].loose)
		share := looseShare
		if sideBySide[n][0].share > 0 {
			share = sideBySide[n][0].share
		}
		if k > 3 && k*share > k+c.same[n] {
			t.Errorf("%s: %d of %d times not the same", n, k, k+c.same[n])
		}
	}
	total := 0
	for _, n := range c.same {
		total += n
	}
	t.Logf("%d files, %d fields of %d kinds the same", len(files), total, len(c.same))
	for n, k := range c.shown {
		if strings.Contains(n, " differs: ") {
			t.Logf("%s: %d times", n, k)
		}
	}
}

// The ways to compare values.

func numberOf(s string) (uint64, bool) {
	switch s {
	case "True":
		return 1, true
	case "False":
		return 0, true
	}
	n, err := strconv.ParseUint(s, 0, 64)
	return n, err == nil
}

func sameNumber(f *pdmlField, o *ourField) bool {
	a, ok := numberOf(f.Show)
	b, ok2 := numberOf(o.Value)
	return ok && ok2 && a == b
}

func sameText(f *pdmlField, o *ourField) bool { return f.Show == o.Value }

func sameAddress(f *pdmlField, o *ourField) bool {
	a, err := netip.ParseAddr(f.Show)
	b, err2 := netip.ParseAddr(o.Value)
	return err == nil && err2 == nil && a == b
}

// sameBytes compares what is shown of bytes.
func sameBytes(f *pdmlField, o *ourField) bool {
	a := strings.ReplaceAll(f.Value, ":", "")
	b := strings.TrimPrefix(strings.ReplaceAll(o.Value, ":", ""), "0x")
	return a != "" && b != "" && strings.HasPrefix(a, b)
}

// there compares nothing but where it is.
func there(*pdmlField, *ourField) bool { return true }

func sameSeconds(f *pdmlField, o *ourField) bool {
	a, err := strconv.ParseFloat(f.Show, 64)
	b, err2 := strconv.ParseFloat(o.Value, 64)
	return err == nil && err2 == nil && (f.Show == o.Value || a-b < 2e-9 && b-a < 2e-9)
}
