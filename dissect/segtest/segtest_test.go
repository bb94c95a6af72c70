package segtest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"tcpsee/capture"
	"tcpsee/dissect"
)

// chat is a whole connection in the short notation.
const chat = `
# a chat on one machine
conn 127.0.0.1:37602 127.0.0.1:3000
iss 2823569774 1857223169
0.000000 > S 0:0(0) win 65495 <mss 65495,sackOK,TS val 1 ecr 0,nop,wscale 7>
+.000017 < S. 0:0(0) ack 1 win 65483 <mss 65495,sackOK,TS val 1 ecr 1,nop,wscale 7>
+.000015 > . ack 1 win 512
1.995770 < P. 1:7(6) ack 1 win 512 "Hello\n"   // typed by Bob
+.000041 > . ack 7
> F.
< F.
> .
`

// tcpOf returns the TCP header of an Ethernet frame with IPv4.
func tcpOf(f capture.Frame) []byte { return f.Data[14+20:] }

func TestChat(t *testing.T) {
	frames := MustFrames(t, chat)
	want := []struct {
		seq, ack uint32
		flags    uint16
		length   int
		at       time.Duration
	}{
		{0, 0, 0x02, 0, 0},
		{0, 1, 0x12, 0, 17000},
		{1, 1, 0x10, 0, 32000},
		{1, 1, 0x18, 6, 1995770000},
		{1, 7, 0x10, 0, 1995811000},
		{1, 7, 0x11, 0, 1996811000}, // no sequence number, no time: the next ones
		{7, 2, 0x11, 0, 1997811000},
		{2, 8, 0x10, 0, 1998811000},
	}
	if len(frames) != len(want) {
		t.Fatalf("%d frames, want %d", len(frames), len(want))
	}
	for i, w := range want {
		f := frames[i]
		h := tcpOf(f)
		iss, peer := uint32(2823569774), uint32(1857223169)
		if binary.BigEndian.Uint16(h) == 3000 {
			iss, peer = peer, iss
		}
		seq, ack := binary.BigEndian.Uint32(h[4:])-iss, binary.BigEndian.Uint32(h[8:])
		if w.flags&0x10 != 0 {
			ack -= peer
		}
		flags := binary.BigEndian.Uint16(h[12:]) & 0xfff
		length := len(h) - int(h[12]>>4)*4
		if seq != w.seq || ack != w.ack || flags != w.flags || length != w.length {
			t.Errorf("frame %d: seq %d ack %d flags %#x length %d, want %+v", i+1, seq, ack, flags, length, w)
		}
		if at := f.Time.Sub(Start); at != w.at {
			t.Errorf("frame %d: at %v, want %v", i+1, at, w.at)
		}
		if f.Number != int64(i+1) || f.OrigLen != len(f.Data) || f.Link != capture.LinkEthernet {
			t.Errorf("frame %d: number %d, length %d of %d, link %v", i+1, f.Number, len(f.Data), f.OrigLen, f.Link)
		}
	}
}

func TestChecksums(t *testing.T) {
	scripts := map[string]string{
		"IPv4": `> P. 1:6(5) ack 1 "Hello"`,
		"IPv6": "conn [fd00::1]:1 [fd00::2]:2\n> P. 1:6(5) ack 1 \"Hello\"",
	}
	for name, script := range scripts {
		f, err := Frames(Options{Link: capture.LinkRaw}, script)
		if err != nil {
			t.Fatal(err)
		}
		ip, header, addrs := f[0].Data, 20, f[0].Data[12:20]
		if name == "IPv6" {
			header, addrs = 40, ip[8:40]
		} else if s := fold(addSum(0, ip[:20])); s != 0xffff {
			t.Errorf("%s: header sums to %#x", name, s)
		}
		sum := addSum(addSum(0, addrs), ip[header:]) + protoTCP + uint32(len(ip)-header)
		if fold(sum) != 0xffff {
			t.Errorf("%s: segment sums to %#x, want 0xffff", name, fold(sum))
		}
	}
	good := MustFrames(t, scripts["IPv4"])[0].Data
	bad := MustFrames(t, scripts["IPv4"]+" badsum")[0].Data
	if string(good) == string(bad) {
		t.Error("badsum changes nothing")
	}
	f, err := Frames(Options{Unfinished: true}, scripts["IPv4"])
	if err != nil || f[0].Checksums != capture.ChecksumsUnfinished {
		t.Errorf("unfinished: %v, %v", f, err)
	}
}

func TestLines(t *testing.T) {
	// What stands behind the link header, as hexadecimal.
	tests := []struct {
		name, script, want string
		o                  Options
	}{
		{"ARP question", "arp who-has 10.0.0.2 tell 10.0.0.1",
			"ffffffffffff 02000a000001 0806  0001 0800 06 04 0001  02000a000001 0a000001 000000000000 0a000002", Options{}},
		{"ARP answer", "arp who-has 10.0.0.2 tell 10.0.0.1\narp reply 10.0.0.2 is-at 06:26:cb:dc:9e:41",
			"02000a000001 0626cbdc9e41 0806  0001 0800 06 04 0002  0626cbdc9e41 0a000002 02000a000001 0a000001", Options{}},
		{"raw", "raw 01 02:03 04", "01020304", Options{}},
		{"options", "conn 1.2.3.4:1 5.6.7.8:2\n> S 0(0) win 5 id 9 <mss 1460,nop,wscale 7,sackOK,TS val 1 ecr 2,FO> ",
			"4500 0040 0009 4000 40 06 2a9c 01020304 05060708 " +
				"0001 0002 000003e8 00000000 b002 0005 01f4 0000 " +
				"020405b4 01 030307 0402 080a00000001 00000002 2202 0000", Options{Link: capture.LinkRaw}},
		{"reserved bits", "conn 1.2.3.4:1 5.6.7.8:2\n> 123AWEU.PRSF #7 ack #8 win 1 urg 2 id 1",
			"4500 0028 0001 4000 40 06 2abc 01020304 05060708 " +
				"0001 0002 00000007 00000008 5fff 0001 8fbd 0002", Options{Link: capture.LinkRaw}},
		{"NULL", "> R 1(0) id 1", "02000000 4500 0028", Options{Null: true}},
		{"LOOP", "> R 1(0) id 1", "00000002 4500 0028", Options{Link: capture.LinkLoop}},
		{"SLL", "> R 1(0) id 1", "0004 0001 0006 02000a000001 0000 0800 4500", Options{Link: capture.LinkSLL, At: "client"}},
		{"SLL2", "> R 1(0) id 1", "0800 0000 00000001 0001 00 06 02000a000001 0000 4500", Options{Link: capture.LinkSLL2, At: "server"}},
		{"VLAN", "vlan 7 9\n> R 1(0)", "02000a000002 02000a000001 8100 0007 8100 0009 0800 4500", Options{}},
		{"loopback", "> R 1(0)", "000000000000 000000000000 0800 4500", Options{Loopback: true}},
		{"snap", "snap 16\n> R 1(0)", "02000a000002 02000a000001 0800 4500", Options{}},
	}
	for _, tt := range tests {
		f, err := Frames(tt.o, tt.script)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got, want := hex.EncodeToString(f[len(f)-1].Data), strings.ReplaceAll(tt.want, " ", "")
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, want)
		}
	}
}

func TestICMP(t *testing.T) {
	const syn = "> S 0:0(0)\n"
	tests := []struct {
		script     string
		kind, code byte
		mtu        uint32
	}{
		{syn + "icmp from 10.0.0.9 unreachable host", 3, 1, 0},
		{syn + "icmp from 10.0.0.9 unreachable admin", 3, 13, 0},
		{syn + "icmp from 10.0.0.9 unreachable frag mtu 1400 bytes 28", 3, 4, 1400},
		{syn + "icmp from 10.0.0.9 exceeded quoting 1", 11, 0, 0},
	}
	for _, tt := range tests {
		f := MustFrames(t, tt.script)
		m := f[1].Data[34:]
		if m[0] != tt.kind || m[1] != tt.code || binary.BigEndian.Uint32(m[4:]) != tt.mtu {
			t.Errorf("%s: % x", tt.script, m[:8])
		}
		if string(m[8:36]) != string(f[0].Data[14:42]) {
			t.Errorf("%s: does not quote the SYN", tt.script)
		}
		if fold(addSum(0, m)) != 0xffff {
			t.Errorf("%s: wrong checksum", tt.script)
		}
	}
	f := MustFrames(t, "conn [fd00::1]:1 [fd00::2]:2\n> S 0:0(0)\nicmp from fd00::9 unreachable frag mtu 1280")
	if m := f[1].Data[54:]; m[0] != 2 || m[1] != 0 || binary.BigEndian.Uint32(m[4:]) != 1280 {
		t.Errorf("packet too big: % x", m[:8])
	}
}

func TestState(t *testing.T) {
	f := MustFrames(t, `
conn 10.0.0.1:1 10.0.0.2:80
conn 10.0.0.1:2 10.0.0.2:80
@1 > S 0:0(0)
   > S 0:0(0)
@1 < S. ack 1
- dup
> P. 1(3) "abc" lost
> P. "def"
`)
	ports := func(f capture.Frame) string {
		h := tcpOf(f)
		return fmt.Sprint(binary.BigEndian.Uint16(h), ">", binary.BigEndian.Uint16(h[2:]))
	}
	for i, want := range []string{"1>80", "2>80", "80>1", "80>1", "2>80"} {
		if got := ports(f[i]); got != want {
			t.Errorf("frame %d: %s, want %s", i+1, got, want)
		}
	}
	if f[3].Time.Known() || string(f[2].Data) != string(f[3].Data) {
		t.Error("dup is not the frame before, or - has a time")
	}
	if seq := binary.BigEndian.Uint32(tcpOf(f[4])[4:]); seq != 1004 {
		t.Errorf("after a lost segment seq is %d, want 1004", seq)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct{ script, want string }{
		{"\n\n> Q 0:0(0)", `line 3: control bit 'Q'`},
		{"> S 0:1(0)", "are 1 bytes"},
		{"> S 0:0(0) <mss>", "option mss: takes one number"},
		{"> S 0:0(0) <bogus 1>", "option bogus: not known"},
		{"> S 0:0(0) <mss 1", "no closing >"},
		{`> P. 1:3(2) "abc"`, "payload has 3 bytes, the line says 2"},
		{`> P. "abc`, "no closing quote"},
		{"> . 1:70001", "do not fit"},
		{"sideways", "neither a direction"},
		{"@2 > S", "connection @2 is none of the 0"},
		{"1.2.3 > S", "not a number of seconds"},
		{"conn 1.2.3.4 5.6.7.8:80", "client's address"},
		{"conn 1.2.3.4:1 [::1]:80", "one address is IPv4"},
		{"icmp from 1.2.3.4 unreachable port", "no segment to quote"},
		{"> S\nicmp from 1.2.3.4 unreachable mars", `"mars" is none of`},
		{"arp reply 10.0.0.1 is-at 02:00:00:00:00:01", "nobody has asked"},
		{"arp who-has ::1 tell ::2", "arp is for IPv4"},
		{"raw 0g", "hexadecimal"},
		{"dup", "no frame yet"},
		{"> S 0:0(0) <sack 1:2 3:4 5:6 7:8,TS val 1 ecr 1>", "has room for 40"},
		{"vlan 5000", "VLAN identifier"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.script)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%q: error %v, want one with %q", tt.script, err, tt.want)
		}
	}
	for _, o := range []Options{{Link: capture.Link80211}, {At: "middle"}} {
		if _, err := Frames(o, ""); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestFlagsAreDissects(t *testing.T) {
	f, err := parseFlags("SEWA")
	if err != nil || f != dissect.SYN|dissect.ECE|dissect.CWR|dissect.AE {
		t.Errorf("SEWA: %v, %v", f, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(chat)
	f.Add("arp who-has 10.0.0.2 tell 10.0.0.1\narp reply 10.0.0.2 is-at 02:00:00:00:00:02")
	f.Add("> S 0:0(0) <mss 1460,sack 1:2 3:4,FO 0102,opt 99 00>\nicmp from 10.0.0.9 unreachable frag mtu 9 bytes 3")
	f.Fuzz(func(t *testing.T, script string) {
		frames, err := Parse(script)
		if err != nil {
			return
		}
		for i, f := range frames {
			if f.Number != int64(i+1) || len(f.Data) > f.OrigLen {
				t.Fatalf("frame %d: number %d, %d of %d bytes", i+1, f.Number, len(f.Data), f.OrigLen)
			}
		}
	})
}

func ExampleParse() {
	frames, err := Parse(`
		0.0 > S  0:0(0) win 64240 <mss 1460>
		+.1 < S. 0:0(0) ack 1 win 65160 <mss 1460>
		+.1 > .  ack 1
		> P. 1:19(18) "GET / HTTP/1.1\r\n\r\n"`)
	for _, f := range frames {
		fmt.Println(f.Number, f.Time.Sub(Start), len(f.Data), "bytes")
	}
	fmt.Println(err)
	_, err = Parse("> S 0:9(1)")
	fmt.Println(err)
	// Output:
	// 1 0s 58 bytes
	// 2 100ms 58 bytes
	// 3 200ms 54 bytes
	// 4 201ms 72 bytes
	// <nil>
	// line 1: "0:9(1)": from 0 to 9 are 9 bytes
}
