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
	tongueSMTP
	tongueFTP
	tonguePOP3
	tongueIMAP
)

var tongueNames = [...]string{"nothing", "bytes", "text", "HTTP", "TLS", "TLS", "SSH", "SMTP", "FTP", "POP3", "IMAP"}

func (t tongue) String() string { return tongueNames[t] }

// greets reports whether a server that speaks it speaks first, in lines of text.
func (t tongue) greets() bool { return t >= tongueSMTP }

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
		if hasPrefix(b, "SSH-") {
			return tongueSSH
		}
	case 'P':
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
	if isText(b) {
		return tongueText
	}
	return tongueBytes
}

// clash reports whether a client that begins with c and a server that begins
// with s cannot understand each other. A handshake of TLS after STARTTLS is not
// what its client began with.
func clash(c, s tongue) bool {
	switch {
	case c == tongueNone || s == tongueNone || c == tongueBytes || s == tongueBytes || c == s:
		return false
	case c == tongueHello:
		return s != tongueAlert
	case s == tongueAlert:
		return true
	case s == tongueSSH:
		return true // RFC 4253, section 4.2: the client's first words are its version
	case c == tongueSSH:
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
		said = firstLine(b)
	}
	return "not " + protoNames[a.proto] + ": " + said
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
