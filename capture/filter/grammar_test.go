package filter

import (
	"math/rand"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// writer makes up expressions by pcap-filter(7)'s grammar, with slips.
type writer struct {
	r *rand.Rand
	b strings.Builder
}

func (w *writer) pick(of ...string) string { return of[w.r.Intn(len(of))] }

// put adds words, and now and then leaves one out or writes one too many.
func (w *writer) put(words ...string) {
	for _, s := range words {
		switch w.r.Intn(600) {
		case 0:
			continue
		case 1:
			s += " " + w.pick("(", ")", "not", "and", "or", "5", "=", "[", "]", "host", "port", "ip", "1.2.3.4")
		}
		if w.r.Intn(12) > 0 || s == "" || !strings.ContainsAny(s[:1], "()[]!=<>&|+-*/:") {
			w.b.WriteByte(' ')
		}
		w.b.WriteString(s)
	}
}

func (w *writer) number() string {
	return w.pick("0", "1", "5", "6", "17", "80", "010", "0x10", "255", "256", "4095", "4096", "65535", "65536",
		"0xffffffff", "tcp-syn", "icmp-echo", "icmptype", "2", "3", "14", "1500")
}

func (w *writer) proto() string {
	return w.pick("ip", "ip", "ip6", "tcp", "udp", "arp", "rarp", "ether", "link", "icmp", "icmp6", "sctp", "igmp", "igrp",
		"pim", "vrrp", "carp", "ah", "esp", "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "iso", "esis", "es-is",
		"isis", "is-is", "clnp", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "stp", "ipx", "netbeui", "radio", "wlan",
		"ppp", "slip", "fddi", "tr")
}

func (w *writer) expr(depth int) {
	w.term(depth)
	for w.r.Intn(3) == 0 {
		w.put(w.pick("and", "or", "&&", "||"))
		if w.r.Intn(3) == 0 {
			w.id(depth)
		} else {
			w.term(depth)
		}
	}
}

func (w *writer) id(depth int) {
	switch w.r.Intn(9) {
	case 0:
		w.put("not")
		w.id(depth)
	case 1:
		if depth > 0 {
			w.put("(")
			w.id(depth - 1)
			for w.r.Intn(2) == 0 {
				w.put(w.pick("and", "or"))
				w.id(depth - 1)
			}
			w.put(")")
			return
		}
		fallthrough
	default:
		w.put(w.address())
	}
}

func (w *writer) address() string {
	return w.pick(w.number(), w.number(), "1.2.3.4", "10.1", "1.2.3", "10.0.0.0/8", "1.2.3.0 mask 255.255.255.0", "::1",
		"fe80::/10", "2001:db8::1:2", "1:2:3:4:5:6", "aa-bb-cc-dd-ee-ff", "0102.0304.0506", "10.15", `\tcp`, `\ip`, `\arp`,
		"80-90", "22-ssh", "256.1", "1.2.3.4/31", "::/0", "0x10.2", "1.2.3.4.5.6")
}

func (w *writer) term(depth int) {
	switch n := w.r.Intn(24); {
	case n == 0:
		w.put(w.pick("not", "!"))
		w.term(depth)
	case n <= 2 && depth > 0:
		w.put("(")
		w.expr(depth - 1)
		w.put(")")
	case n <= 8:
		w.head()
		w.id(depth)
	case n <= 11:
		w.put(w.proto())
	case n <= 15:
		w.arith(depth)
		w.put(w.pick("=", "==", "!=", "<", ">", "<=", ">="))
		w.arith(depth)
	default:
		w.other()
	}
}

func (w *writer) head() {
	if w.r.Intn(2) == 0 {
		w.put(w.proto())
	}
	if w.r.Intn(2) == 0 {
		w.put(w.pick("src", "dst", "src or dst", "dst and src", "src", "dst", "addr1", "ra"))
	}
	if w.r.Intn(4) > 0 {
		w.put(w.pick("host", "net", "port", "portrange", "proto", "host", "net", "port", "port", "gateway"))
	}
}

func (w *writer) arith(depth int) {
	switch n := w.r.Intn(12); {
	case n <= 3:
		w.put(w.number())
	case n <= 6:
		w.put(w.proto(), "[")
		if w.r.Intn(4) > 0 {
			w.put(strconv.Itoa(w.r.Intn(20)))
		} else {
			w.arith(depth - 1)
		}
		if w.r.Intn(2) == 0 {
			w.put(":", w.pick("1", "2", "4", "4", "3"))
		}
		w.put("]")
	case n == 7:
		w.put(w.pick("len", "length"))
	case n == 8:
		w.put("-")
		w.arith(depth - 1)
	case depth > 0 && n == 9:
		w.put("(")
		w.arith(depth - 1)
		w.put(")")
	case depth > 0:
		w.arith(depth - 1)
		w.put(w.pick("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"))
		w.arith(depth - 1)
	default:
		w.put(w.number())
	}
}

func (w *writer) other() {
	n := w.number()
	switch w.r.Intn(14) {
	case 0:
		w.put(w.pick("", w.proto()), w.pick("broadcast", "multicast"))
	case 1:
		w.put(w.pick("less", "greater", "ifindex"), n)
	case 2:
		w.put("byte", n, w.pick("=", "<", ">", "&", "|", "=="), n)
	case 3:
		w.put(w.pick("inbound", "outbound"))
	case 4, 5:
		w.put(w.pick("vlan", "vlan", "mpls", "pppoes", "pppoed"))
		if w.r.Intn(2) == 0 {
			w.put(w.pick(n, "("+n+")"))
		}
	case 6:
		w.put(w.pick("on em0", "rset foo", "rnr 5", "srnr 6", "reason match", "reason 3", "reason Short", "action block",
			"action NoScrub", "action noscrub", "reason fragment", "ifname lo", "ruleset bar", "action synproxy-drop",
			"rulenum 7", "on \\tcp", "action 3", "action rdr"))
	case 7:
		w.put(w.pick("", "wlan"), "type", w.pick("mgt", "MGT", "ctl", "control", "data", "Data", n, "8", "management"))
		if w.r.Intn(2) == 0 {
			w.put("subtype", w.pick("beacon", "Beacon", "rts", "qos-data", "ack", n, "0x80", "data", "auth", "cf-end"))
		}
	case 8:
		w.put(w.pick("subtype beacon", "subtype QOS", "subtype 3", "subtype ack", "dir tods", "dir FromDS", "direction nods", "dir 2",
			"dir 5", "subtype data", "subtype null"))
	case 9:
		w.put("llc", w.pick("", "", "i", "S", "u", "I", "rr", "rnr", "RNR", "ui", "XID", "frmr", "foo", "test"))
	case 10:
		w.put(w.pick("lane", "metac", "bcc", "oamf4sc", "oamf4ec", "sc", "ilmic", "oam", "oamf4", "connectmsg", "metaconnect"))
	case 11:
		w.put(w.pick("fisu", "lssu", "lsu", "msu", "hfisu", "hlssu", "hlsu", "hmsu"))
	default:
		w.put(w.pick("vpi", "vci", "sio", "opc", "dpc", "sls", "hsio", "hopc", "hdpc", "hsls"))
		switch w.r.Intn(3) {
		case 0:
			w.put(w.pick("=", "!=", "<", ">", "<=", ">="), n)
		case 1:
			w.put("(", n, "or", w.number(), ")")
		default:
			w.put(n)
		}
	}
}

var operand = regexp.MustCompile("division by zero|modulus by zero|shift by more")

// TestTcpdumpGrammar makes up expressions, and compares what is refused and,
// for packets that go deep into both programs, what is selected.
func TestTcpdumpGrammar(t *testing.T) {
	needTcpdump(t)
	count, seed := 600, int64(1)
	if everything {
		count = 20000
	}
	if s := os.Getenv("FILTER_TEST_SEED"); s != "" {
		seed, _ = strconv.ParseInt(s, 10, 64)
	}
	var c comparison
	each(count, func(i int) {
		w := writer{r: rand.New(rand.NewSource(seed*1e6 + int64(i)))}
		w.expr(2)
		expr := strings.TrimSpace(w.b.String())
		l := tcpdumpLinks[0]
		if w.r.Intn(2) == 0 {
			l = tcpdumpLinks[w.r.Intn(len(tcpdumpLinks))]
		}
		if differs(l.link, expr) != "" || strings.Contains(expr, "vlan") &&
			(strings.Contains(expr, "bound") || strings.Contains(expr, "ifindex")) {
			return // or tcpdump -y has the direction, but not the tag
		}
		if f := layoutOf(l.link).family; (f == famWLAN || f == famPFLog) && strings.ContainsAny(expr, "=<>") {
			return // or comparisons overwrite libpcap's registers of offsets
		}
		theirs := compiled(tcpdumpProgram(l.name, expr))
		ours := compiled(compileForTest(expr, l.link))
		if ours.err == nil && theirs.err != nil && operand.MatchString(theirs.err.Error()) {
			return // it takes the first thing on the right side for all of it
		}
		c.add(t, l.name+", "+expr, ours, theirs, func(ours, theirs []Instruction) string { return difference(ours, theirs, l.link) })
	})
	t.Log(c.String())
}
