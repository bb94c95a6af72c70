package conn

import (
	"strings"
	"testing"
)

// TestOneByte: of one byte verdicts speak in the singular.
func TestOneByte(t *testing.T) {
	const post = "> P. \"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 3\\r\\n\\r\\nab\"\n< .\n"
	const page = "> P. " + aRequest + "\n< .\n< P. \"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\nab\"\n> .\n"
	for name, tt := range map[string]struct{ script, text string }{
		"body":             {post + "> F.\n< F.\n> .", "announced 1 byte of body that never came."},
		"body, refused":    {post + "< P. \"HTTP/1.1 413 No\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n< F.\n> F.\n< .", "the request's body (4): 1 byte had not come."},
		"body, timed out":  {post + "+30 < P. \"HTTP/1.1 408 Late\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n< F.\n> F.\n< .", "had announced 1 byte of body that had not come."},
		"answer":           {page + "+5 arp who-has 10.0.0.9 tell 10.0.0.8", "the answer (6) is still 1 byte short of its announced length."},
		"answer, cut":      {page + "< F.\n> F.\n< .", "the answer (6) ended 1 byte before its announced length."},
		"stuck":            {"> PF. 1:2(1) ack 1\n+.3 > PF. 1:2(1) ack 1\n+.6 > PF. 1:2(1) ack 1", "1 byte of the client was sent again twice (last: 6) and never acknowledged."},
		"answer, too long": {strings.Replace(page, "Length: 3", "Length: 1", 1) + "< F.\n> F.\n< .", "1 byte came after the announced end of the answer (6). The client leaves the rest out."},
		"lost":             {"> P. 1:9(8)\n< .\n< . 1:2(1) lost\n< . 2:2(0)", "has sent 1 byte that did not come here and that the client has not acknowledged, as its numbers tell. Perhaps that was lost, or the capture has missed it."},
	} {
		if v, _ := verdictOf(t, name, opened3+tt.script); !strings.Contains(v.Text+" "+v.Meaning, tt.text) {
			t.Errorf("%s: %q %q, want %q", name, v.Text, v.Meaning, tt.text)
		}
	}
}

// TestAdviceForIPv6: what is to be typed works with the server's addresses.
func TestAdviceForIPv6(t *testing.T) {
	const refused = "> S 0:0(0)\n< R. #0:#0(0) ack 1"
	const stuck = opened3 + "> P. 1:9(8)\n< .\n> . 9:1409(1400)\n+.3 > . 9:1409(1400)\n+.6 > . 9:1409(1400)"
	for name, tt := range map[string]struct{ script, next string }{
		"elsewhere":      {"conn [fd00::1]:40000 [fd00::2]:3000\n" + refused, "on fd00::2, ss -ltn: is *:3000 or [::]:3000 there? 0.0.0.0:3000 is for IPv4 only."},
		"here":           {"conn [fd00::1]:40000 [fd00::1]:3000\n" + refused, "start the server first: nc -6 -l 3000"},
		"here, IPv4":     {"conn 127.0.0.1:40000 127.0.0.1:3000\n" + refused, "start the server first: nc -l 3000"},
		"::1":            {"conn [::1]:40000 [::1]:3000\n" + refused, "is :3000 there? With 0.0.0.0 or 127.0.0.1 only, 127.0.0.1 works"},
		"after another":  {"conn [fd00::1]:40000 [fd00::1]:3000\n" + opened3 + "conn [fd00::1]:40001 [fd00::1]:3000\n" + refused, "nc -6 -lk 3000 goes on"},
		"a request":      {"conn [fd00::1]:40000 [fd00::2]:80\n" + opened3 + "> P. \"GET / HTTP/1.1\\r\\n\"\n< .\n+9 < F.\n> F.\n< .", "printf 'GET / HTTP/1.1\\r\\nHost: [fd00::2]\\r\\n\\r\\n' | nc fd00::2 80"},
		"a narrow way":   {"conn [fd00::1]:40000 [fd00::2]:3000\n" + stuck, "ping -M do -s 1452 fd00::2"},
		"of a link":      {"conn [fe80::1]:40000 [fe80::2]:3000\n> S 0:0(0)\n+1 > S 0:0(0)\n+2 > S 0:0(0)", "ping -c 1 fe80::2%IFACE; ip route get fe80::2;"},
		"narrow, a link": {"conn [fe80::1]:40000 [fe80::2]:3000\n" + stuck, "ping -M do -s 1452 fe80::2%IFACE,"},
		"the same, IPv4": {"conn 10.0.0.1:40000 10.0.0.2:3000\n" + stuck, "ping -M do -s 1472 10.0.0.2"},
	} {
		ends, _ := follow(t, tt.script)
		if v := ends[len(ends)-1].Verdict; !strings.Contains(v.NextStep, tt.next) {
			t.Errorf("%s: %q: %q, want %q", name, v.Text, v.NextStep, tt.next)
		}
	}
}

// TestPacketsTooLong: a router that says "fragmentation needed" may not say how
// long packets may be (RFC 1191, section 4).
func TestPacketsTooLong(t *testing.T) {
	const stuck = opened3 + "> . 1:1401(1400)\nicmp from 10.0.0.9 unreachable frag mtu MTU\n+.3 > . 1:1401(1400)\n+.6 > . 1:1401(1400)"
	for mtu, says := range map[string]string{
		"0":    "10.0.0.9 says by ICMP that packets are too long for it to pass on, and the oldest",
		"1300": "10.0.0.9 says by ICMP that packets may have 1,300 bytes at most, and the oldest",
	} {
		if v, _ := verdictOf(t, mtu, strings.Replace(stuck, "MTU", mtu, 1)); !strings.Contains(v.Text, says) {
			t.Errorf("MTU %s: %q", mtu, v.Text)
		}
	}
}
