package filter

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// protoAnyPort is the protocol of a port that TCP and UDP both know by its
// name: no restriction.
const protoAnyPort = ^uint32(0)

// IP protocol numbers (IANA's registry).
const (
	ipICMP     = 1
	ipIGMP     = 2
	ipTCP      = 6
	ipIGRP     = 9
	ipUDP      = 17
	ipRouting  = 43
	ipFragment = 44
	ipESP      = 50
	ipAH       = 51
	ipICMPv6   = 58
	ipNone     = 59
	ipDstOpts  = 60
	ipPIM      = 103
	ipVRRP     = 112
	ipSCTP     = 132
)

// maxNameFile is how much of a file of names is read.
const maxNameFile = 4 << 20

// lines calls f with the fields of each line of a file of names, until f
// returns false. A file that cannot be read has no lines.
func lines(path string, f func(fields []string) bool) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	read := 0
	for s := bufio.NewScanner(file); s.Scan() && read < maxNameFile; {
		read += len(s.Bytes())
		text, _, _ := strings.Cut(s.Text(), "#")
		if fields := strings.Fields(text); len(fields) >= 2 && !f(fields) {
			return
		}
	}
}

// lookupService returns the port of a service, and the IP protocol for which
// the name stands, protoAnyPort for both. A number is its own name.
func lookupService(name string) (port, proto uint32, ok bool) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), protoAnyPort, true
	}
	tcp, udp := int64(-1), int64(-1)
	add := func(port int64, proto string) {
		switch {
		case proto == "tcp" && tcp < 0:
			tcp = port
		case proto == "udp" && udp < 0:
			udp = port
		}
	}
	lines("/etc/services", func(fields []string) bool {
		number, proto, found := strings.Cut(fields[1], "/")
		n, err := strconv.ParseUint(number, 10, 16)
		if found && err == nil && named(fields, name) {
			add(int64(n), proto)
		}
		return tcp < 0 || udp < 0
	})
	if tcp < 0 && udp < 0 {
		if s, known := services[name]; known {
			for _, proto := range strings.Split(s.protos, " ") {
				add(int64(s.port), proto)
			}
		}
	}
	switch {
	case tcp >= 0 && udp >= 0 && tcp == udp:
		return uint32(tcp), protoAnyPort, true
	case tcp >= 0:
		return uint32(tcp), ipTCP, true
	case udp >= 0:
		return uint32(udp), ipUDP, true
	}
	return 0, 0, false
}

// ServiceName returns the name of a TCP port in /etc/services (services(5)),
// the first one there; empty where it has none.
func ServiceName(port uint16) string { return serviceName("/etc/services", port) }

func serviceName(table string, port uint16) (name string) {
	want := strconv.Itoa(int(port)) + "/tcp"
	lines(table, func(fields []string) bool {
		if fields[1] == want {
			name = fields[0]
		}
		return name == ""
	})
	return name
}

// named reports whether a line is for a name, or has it as an alias. The
// second field is a number.
func named(fields []string, name string) bool {
	if fields[0] == name {
		return true
	}
	for _, alias := range fields[2:] {
		if alias == name {
			return true
		}
	}
	return false
}

// services is for systems without /etc/services.
var services = map[string]struct {
	port   uint16
	protos string
}{
	"echo": {7, "tcp udp"}, "discard": {9, "tcp udp"}, "daytime": {13, "tcp udp"},
	"chargen": {19, "tcp udp"}, "ftp-data": {20, "tcp"}, "ftp": {21, "tcp"},
	"ssh": {22, "tcp"}, "telnet": {23, "tcp"}, "smtp": {25, "tcp"}, "time": {37, "tcp udp"},
	"domain": {53, "tcp udp"}, "bootps": {67, "udp"}, "bootpc": {68, "udp"},
	"tftp": {69, "udp"}, "gopher": {70, "tcp"}, "finger": {79, "tcp"}, "http": {80, "tcp"},
	"www": {80, "tcp"}, "kerberos": {88, "tcp udp"}, "pop3": {110, "tcp"},
	"sunrpc": {111, "tcp udp"}, "nntp": {119, "tcp"}, "ntp": {123, "udp"},
	"netbios-ns": {137, "udp"}, "netbios-dgm": {138, "udp"}, "netbios-ssn": {139, "tcp"},
	"imap2": {143, "tcp"}, "imap": {143, "tcp"}, "snmp": {161, "tcp udp"},
	"snmp-trap": {162, "tcp udp"}, "bgp": {179, "tcp"}, "irc": {194, "tcp udp"},
	"ldap": {389, "tcp udp"}, "https": {443, "tcp udp"}, "microsoft-ds": {445, "tcp udp"},
	"submission": {587, "tcp"}, "isakmp": {500, "udp"}, "syslog": {514, "udp"},
	"ldaps": {636, "tcp udp"}, "domain-s": {853, "tcp udp"}, "rsync": {873, "tcp"},
	"imaps": {993, "tcp"}, "pop3s": {995, "tcp"}, "ms-sql-s": {1433, "tcp"},
	"radius": {1812, "tcp udp"}, "nfs": {2049, "tcp udp"}, "mysql": {3306, "tcp"},
	"ms-wbt-server": {3389, "tcp"}, "sip": {5060, "tcp udp"}, "xmpp-client": {5222, "tcp"},
	"mdns": {5353, "udp"}, "postgresql": {5432, "tcp"}, "amqp": {5672, "tcp"},
	"x11": {6000, "tcp"}, "http-alt": {8080, "tcp"},
}

// lookupProtocol returns the number of an IP protocol.
func lookupProtocol(name string) (uint32, bool) {
	number := int64(-1)
	lines("/etc/protocols", func(fields []string) bool {
		if n, err := strconv.ParseUint(fields[1], 10, 16); err == nil && named(fields, name) {
			number = int64(n)
		}
		return number < 0
	})
	if number >= 0 {
		return uint32(number), true
	}
	n, ok := ipProtocols[name]
	return n, ok
}

// ipProtocols is for systems without /etc/protocols.
var ipProtocols = map[string]uint32{
	"ip": 0, "icmp": ipICMP, "igmp": ipIGMP, "tcp": ipTCP, "udp": ipUDP, "ipv6": 41,
	"ipv6-route": ipRouting, "ipv6-frag": ipFragment, "gre": 47, "esp": ipESP, "ah": ipAH,
	"ipv6-icmp": ipICMPv6, "ipv6-nonxt": ipNone, "ipv6-opts": ipDstOpts, "eigrp": 88,
	"ospf": 89, "pim": ipPIM, "ipcomp": 108, "vrrp": ipVRRP, "l2tp": 115, "sctp": ipSCTP,
	"udplite": 136,
}

// etherTypes are the names that may follow "ether proto", for EtherTypes and
// for what libpcap takes in their place, LLC service access points.
var etherTypes = map[string]uint32{
	"aarp": etAARP, "arp": etARP, "atalk": etATalk, "decnet": etDECnet, "ip": etIP,
	"ip6": etIPv6, "lat": etLAT, "loopback": etLoopback, "mopdl": etMOPDL,
	"moprc": etMOPRC, "rarp": etRARP, "sca": etSCA,
	"iso": sapISO, "stp": sapSTP, "ipx": sapIPX, "netbeui": sapNetBEUI,
}

// osiProtocols are the names that may follow "iso proto" (ISO/IEC TR 9577).
var osiProtocols = map[string]uint32{"clnp": nlpidCLNP, "esis": nlpidESIS, "isis": nlpidISIS}

// lookupNetwork returns a network of /etc/networks, shifted to the right as
// far as its last bytes are absent.
func lookupNetwork(name string) (uint32, bool) {
	var net uint32
	found := false
	lines("/etc/networks", func(fields []string) bool {
		if !named(fields, name) {
			return true
		}
		var ok bool
		net, _, ok = dotted(fields[1])
		found = ok && net != 0 // 0.0.0.0 is none for libpcap
		return !ok
	})
	return net, found
}

// lookupEther returns the address of a host of /etc/ethers.
func lookupEther(name string) (mac [6]byte, found bool) {
	lines("/etc/ethers", func(fields []string) bool {
		if fields[1] == name {
			_, mac, found = etherAddress(fields[0])
		}
		return !found
	})
	return mac, found
}

// dotted reads one to four numbers with dots, and returns how many bits they
// fill.
func dotted(s string) (v uint32, bits int, ok bool) {
	for i, part := range strings.Split(s, ".") {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > 255 || i > 3 {
			return 0, 0, false
		}
		v = v<<8 | uint32(n)
		bits += 8
	}
	return v, bits, true
}

// resolve looks up what an identifier names, so that compiling needs nothing
// from the system.
func (p *parser) resolve(id *ident) {
	if id.proto == protoUndef {
		p.fail(id.tok.span, "it is not said what this is")
		p.hint("repeat the qualifier: host, net, port, …")
		return
	}
	switch {
	case id.tok.kind != tokName:
		return
	case id.addr == addrPort:
		p.resolvePort(id)
	case id.addr == addrPortRange:
		p.resolveRange(id)
	case id.addr == addrProto, id.addr == addrProtoChain:
		p.resolveProto(id)
	case id.addr == addrNet:
		var ok bool
		if id.lo, ok = lookupNetwork(id.tok.text); !ok {
			p.fail(id.tok.span, "unknown network")
		}
	case id.addr == addrHost || id.addr == addrAny:
		p.resolveHost(id)
	}
}

func (p *parser) resolvePort(id *ident) {
	port, proto, ok := lookupService(id.tok.text)
	if !ok {
		p.fail(id.tok.span, "unknown port")
		if first, last, ok := strings.Cut(id.tok.text, "-"); ok && leadingDigits(first) > 0 && leadingDigits(last) > 0 {
			p.hint("portrange %s", id.tok.text)
		}
		return
	}
	id.lo, id.hi, id.ipProto = port, port, proto
	p.checkPortProto(id)
}

// resolveRange splits 6000-6010 or ftp-data, the name before the first minus
// sign and the one after it.
func (p *parser) resolveRange(id *ident) {
	first, last, both := strings.Cut(id.tok.text, "-")
	if !both {
		p.fail(id.tok.span, "a range of ports is written as first-last")
		return
	}
	if n := leadingDigits(last); n > 0 && leadingDigits(first) == len(first) {
		last = last[:n] // libpcap does not look at what comes after two numbers
	}
	lo, p1, ok1 := lookupService(first)
	hi, p2, ok2 := lookupService(last)
	if !ok1 || !ok2 {
		p.fail(id.tok.span, "unknown port in range")
		return
	}
	id.lo, id.hi, id.ipProto = lo, hi, p1
	if p1 != p2 {
		id.ipProto = protoAnyPort
	}
	p.checkPortProto(id)
}

// leadingDigits returns how many digits a text begins with.
func leadingDigits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

// checkPortProto compares the protocol asked for with that of a port's name.
func (p *parser) checkPortProto(id *ident) {
	want, ok := portProto(id.proto)
	switch {
	case !ok:
		p.fail(id.span, "%s has no ports", protoNames[id.proto])
	case want == protoAnyPort || id.ipProto == protoAnyPort:
	case want != id.ipProto:
		name := map[uint32]string{ipTCP: "tcp", ipUDP: "udp"}[id.ipProto]
		p.fail(id.tok.span, "this is a port of %s", name)
	}
	if want != protoAnyPort {
		id.ipProto = want
	}
}

// portProto returns the IP protocol for the qualifier of a port.
func portProto(pr proto) (uint32, bool) {
	switch pr {
	case protoAny:
		return protoAnyPort, true
	case protoTCP:
		return ipTCP, true
	case protoUDP:
		return ipUDP, true
	case protoSCTP:
		return ipSCTP, true
	}
	return 0, false
}

func (p *parser) resolveProto(id *ident) {
	var ok bool
	switch id.proto {
	case protoAny, protoIP, protoIPv6:
		id.lo, ok = lookupProtocol(id.tok.text)
	case protoLink:
		id.lo, ok = etherTypes[id.tok.text]
	case protoISO:
		id.lo, ok = osiProtocols[id.tok.text]
	}
	if !ok {
		p.fail(id.tok.span, "unknown protocol")
	}
}

func (p *parser) resolveHost(id *ident) {
	name := id.tok.text
	if id.proto == protoLink {
		var ok bool
		if id.tok.mac, ok = lookupEther(name); !ok {
			p.fail(id.tok.span, "unknown Ethernet host")
		}
		return
	}
	if id.proto == protoDECnet {
		p.fail(id.tok.span, "DECnet host names are not supported")
		return
	}
	if p.resolver == nil {
		p.fail(id.tok.span, "host names are not looked up here")
		p.hint("write its address")
		return
	}
	addrs, err := p.resolver.LookupHost(name)
	if err != nil {
		p.fail(id.tok.span, "unknown host: %v", err)
		return
	}
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		if id.proto == protoIPv6 && !a.Is6() || ipv4Only(id.proto) && !a.Is4() {
			continue
		}
		id.hosts = append(id.hosts, a)
	}
	if len(id.hosts) == 0 {
		p.fail(id.tok.span, "the host has no address of that family")
	}
}

func ipv4Only(pr proto) bool { return pr == protoIP || pr == protoARP || pr == protoRARP }
