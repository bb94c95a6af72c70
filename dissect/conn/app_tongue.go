package conn

import "bytes"

// tongue is what one direction begins with, looked at by itself: two ends that
// begin in tongues which do not go together have been connected by mistake.
type tongue uint8

const (
	tongueNone  tongue = iota // nothing has come
	tongueBytes               // nothing known here
	tongueText
	tongueHTTP
	tongueHello // a handshake record of TLS
	tongueAlert // an alert of TLS
	tongueSSH
	tongueSSH1    // and not version 2 as well
	tongueSSHBoth // both versions
	tongueHTTP2
	tongueMySQL
	tonguePostgreSQL
	tongueRedis
	tongueMemcached
	tongueTelnet
	tongueVNC
	tongueAMQP
	tongueRDP
	tongueSMB
	tongueLDAP
	tongueSMTP
	tongueFTP
	tonguePOP3
	tongueIMAP
)

var tongueNames = [...]string{"nothing", "bytes", "text", "HTTP", "TLS", "TLS", "SSH", "SSH 1", "SSH", "HTTP/2", "MySQL", "PostgreSQL", "Redis", "memcached", "Telnet", "VNC", "AMQP", "RDP", "SMB", "LDAP", "SMTP", "FTP", "POP3", "IMAP"}

func (t tongue) String() string { return tongueNames[t] }

// greets reports whether a server that speaks it speaks first, in lines of text.
func (t tongue) greets() bool { return t >= tongueSMTP }

// foreign reports whether it is known by what a server says, and layer 7 does not
// read it.
func (t tongue) foreign() bool { return t >= tongueHTTP2 && t <= tongueLDAP }

// typed reports whether its server takes lines that a person types.
func (t tongue) typed() bool { return t == tongueRedis || t == tongueMemcached || t == tongueTelnet }

// tongueOf looks at the first bytes of a direction.
func (a *app) tongueOf(side Side, b []byte) tongue {
	switch b[0] {
	case recordHandshake, recordAlert:
		if len(b) >= recordHeader && isRecord(b) {
			if b[0] == recordAlert {
				return tongueAlert
			}
			return tongueHello
		}
	case 'S':
		switch {
		case hasPrefix(b, "SSH-1.99"): // RFC 4253, section 5.1
			return tongueSSHBoth
		case hasPrefix(b, "SSH-1."):
			return tongueSSH1
		case hasPrefix(b, "SSH-"):
			return tongueSSH
		}
	case 'R':
		if hasPrefix(b, "RFB ") { // both ends begin so
			return tongueVNC
		}
	case 'P':
		if hasPrefix(b, "PRI * HTTP/2") {
			return tongueHTTP2
		}
		if hasPrefix(b, "PROXY ") { // a proxy's word on whom it speaks for; what is spoken comes after it
			return tongueBytes
		}
	}
	switch {
	case side == Server && hasPrefix(b, "HTTP/1."), side == Client && looksLikeRequest(b) == yes:
		return tongueHTTP
	case side == Server:
		switch a.greeting(b) {
		case protoSMTP:
			return tongueSMTP
		case protoFTP:
			return tongueFTP
		case protoPOP3:
			return tonguePOP3
		case protoIMAP:
			return tongueIMAP
		}
	}
	if side == Server {
		if t := foreignTongue(b); t != tongueNone {
			return t
		}
	}
	if isText(b) {
		return tongueText
	}
	return tongueBytes
}

// foreignWords are what servers of other protocols begin with, as far as that is
// always the same.
var foreignWords = [...]struct {
	begins string
	tongue tongue
}{
	{"-ERR ", tongueRedis}, {"-NOAUTH ", tongueRedis}, {"-DENIED Redis", tongueRedis},
	{"ERROR\r\n", tongueMemcached},
	{"AMQP\x00", tongueAMQP},
	{"\xff\xfb", tongueTelnet}, {"\xff\xfc", tongueTelnet}, {"\xff\xfd", tongueTelnet}, {"\xff\xfe", tongueTelnet}, // IAC (RFC 854)
	{"\x03\x00\x00", tongueRDP}, // TPKT (RFC 1006)
}

// foreignTongue knows a server's protocol by its first bytes, tongueNone for
// none.
func foreignTongue(b []byte) tongue {
	for i := range foreignWords {
		if w := &foreignWords[i]; hasPrefix(b, w.begins) {
			return w.tongue
		}
	}
	if len(b) < 9 {
		return tongueNone
	}
	length := int(b[0]) | int(b[1])<<8 | int(b[2])<<16 // of MySQL's packets
	switch {
	case b[3] == 0 && length >= 8 && length < 512 && (b[4] == 10 && b[5] >= '1' && b[5] <= '9' || b[4] == 0xff): // protocol 10, or an error
		return tongueMySQL
	case b[0] == 'E' && b[1] == 0 && b[2] == 0 && b[5] == 'S' && (hasPrefix(b[6:], "FATAL") || hasPrefix(b[6:], "ERROR") || hasPrefix(b[6:], "\x00")):
		return tonguePostgreSQL
	case b[0] == 0 && b[1] == 0 && b[3] == 4 && b[4] <= 1 && b[5] == 0 && b[6] == 0 && b[7] == 0 && b[8] == 0: // SETTINGS of stream 0 (RFC 9113, section 6.5)
		return tongueHTTP2
	case b[0] == 0 && (hasPrefix(b[4:], "\xffSMB") || hasPrefix(b[4:], "\xfeSMB")): // behind NetBIOS' length (RFC 1002)
		return tongueSMB
	case b[0] == 0x30 && b[1] < 0x80 && b[2] == 2 && b[3] == 1 && (b[5] == 0x78 || b[5] == 0x61): // a message with an extended, or a bind response (RFC 4511)
		return tongueLDAP
	}
	return tongueNone
}

// clash reports whether a client that begins with c and a server that begins
// with s cannot understand each other. A handshake of TLS after STARTTLS is not
// what its client began with.
func clash(c, s tongue) bool {
	switch {
	case c == tongueNone || s == tongueNone || c == tongueBytes || s == tongueBytes || c == s:
		return false
	case c.isSSH() && s.isSSH():
		return c != tongueSSHBoth && s != tongueSSHBoth
	case s.foreign():
		return c != tongueText || !s.typed()
	case c == tongueHello:
		return s != tongueAlert
	case s == tongueAlert:
		return true
	case s.isSSH():
		return true // RFC 4253, section 4.2: the client's first words are its version
	case c.isSSH():
		return s == tongueHTTP || s.greets() // a server of SSH may say other text first
	case c == tongueHTTP:
		return s.greets()
	}
	return false
}

// meet takes down how side begins. Where that clashes with a protocol that the
// other end has shown, it lets the rest of this direction pass and says what the
// segment shows; an answer in HTTP is read all the same, for its status.
func (a *app) meet(side Side, b []byte) string {
	if len(b) == 0 {
		return ""
	}
	t := a.tongueOf(side, b)
	a.tongues[side] = t
	if side == Server {
		a.turnsAway(t, b)
	}
	if !clash(a.tongues[Client], a.tongues[Server]) {
		return ""
	}
	a.troubled().clashAt = a.budget.frame
	if side == Server && t == tongueHTTP || a.proto == protoNone {
		return ""
	}
	a.dirs[side].mode = modePlain
	a.settle(side.Other())
	if a.budget.Quiet {
		return ""
	}
	said := ""
	switch t {
	case tongueHello:
		said = "TLS ClientHello"
	case tongueAlert:
		said = "TLS alert"
		if len(b) >= recordHeader+2 {
			if name, ok := alertNames[b[recordHeader+1]]; ok {
				said += ": " + name
			}
		}
	default:
		if said = firstLine(b); !isText(b) {
			said = t.String()
		}
	}
	return "not " + protoNames[a.proto] + ": " + said
}

// turnsAway takes down why a server that begins in t with b does not want to,
// where it says so in its first words.
func (a *app) turnsAway(t tongue, b []byte) {
	const errorText = 7 // of MySQL's packets of that kind: behind header, mark and number
	switch {
	case t == tongueText && a.port == portSSH && a.first == Server:
	case t == tongueRedis:
	case t == tongueMySQL && b[4] == 0xff:
		b = b[errorText:]
	default:
		return
	}
	a.troubled().refusal, a.trouble.refusedAt = firstLine(b), a.budget.frame
}

// wantsTLS reports whether the page that comes with status 400 says that the
// port is one for HTTPS: the words of nginx, Apache, Go's and Tomcat's servers.
func wantsTLS(page []byte) bool {
	for _, words := range [...]string{"plain HTTP request was sent to HTTPS port", "speaking plain HTTP to an SSL-enabled server",
		"Client sent an HTTP request to an HTTPS server", "combination of host and port requires TLS"} {
		if bytes.Contains(page, []byte(words)) {
			return true
		}
	}
	return false
}
