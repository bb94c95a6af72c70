package conn

// misunderstood is for two ends that do not speak the same protocol.
func (j *judgement) misunderstood() {
	a := &j.f.app
	c, s := a.tongues[Client], a.tongues[Server]
	switch {
	case c == tongueHello && s == tongueHTTP:
		j.say(detailTLSToPlain, j.words("the client spoke TLS, and the server answered in plain HTTP (%d).", a.clashAt),
			"this port speaks HTTP without TLS.", "http:// in place of https://, or the port for TLS (443).", a.clashAt)
	case c == tongueHello && s == tongueText && a.first == Client:
		j.say(detailTLSToPlain, j.words("%s was spoken to in TLS, and answered in plain text (%d).", j.it(Server), a.clashAt),
			"this port does not speak TLS, or not from the first byte on.", "the same without TLS (http:// in place of https://), or the port for TLS.", a.clashAt)
	case c == tongueHello:
		j.say(detailTLSToPlain, j.words("the client began with TLS%s, and the server speaks %s%s.", j.began(Client), j.tongue(s), j.began(Server)),
			j.plainFirst(s), j.towards(c, s), a.clashAt)
	case s == tongueAlert:
		j.say(detailPlainToTLS, j.words("the client began with %s%s, and the server answered in TLS%s.", j.tongue(c), j.began(Client), j.began(Server)),
			"this port speaks TLS from the first byte on, and does not understand anything else.", j.towards(c, s), a.clashAt)
	case c.isSSH() && s.isSSH():
		j.say(detailOtherTongue, j.words("the client speaks %v%s, and the server %v%s.", sshName(c), j.began(Client), sshName(s), j.began(Server)),
			"version 1 of SSH is broken, and new programs do not speak it any more.", "newer software at the end that speaks SSH 1.", a.clashAt)
	default:
		j.say(detailOtherTongue, j.words("the client began with %s%s, and the server speaks %s%s.", j.tongue(c), j.began(Client), j.tongue(s), j.began(Server)),
			"each waits for words of its own protocol: either the port or the program is not the one that was meant.", j.towards(c, s), a.clashAt)
	}
	j.evidence = append(j.evidence, j.f.dataFirst[a.first])
}

func (t tongue) isSSH() bool { return t >= tongueSSH && t <= tongueSSHBoth }

// sshName names the version, too.
func sshName(t tongue) string {
	if t == tongueSSH {
		return "SSH 2"
	}
	return t.String()
}

// tongue is its name in a sentence.
func (j *judgement) tongue(t tongue) string {
	if t == tongueText {
		return "plain text"
	}
	return t.String()
}

// began is " (4)", the frame with x's first words.
func (j *judgement) began(x Side) string {
	if x != j.f.app.first {
		return j.frameOf(j.f.app.clashAt)
	}
	return j.frameOf(j.f.dataFirst[x])
}

// plainFirst says why a server that speaks s does not take a ClientHello.
func (j *judgement) plainFirst(s tongue) string {
	for _, p := range greeters {
		if p.tongue == s && p.port == j.c.Server.Port() {
			return "the port is one for TLS from the first byte on, and this server does not begin with TLS there."
		}
	}
	if s.greets() {
		return "on this port " + s.String() + " begins in plain text; TLS comes after the command " + startTLS(s) + ", if at all."
	}
	return "this port does not speak TLS."
}

// greeters are the protocols whose servers speak first, the names that openssl
// has for them, and their ports for TLS from the first byte on (IANA's registry).
var greeters = [...]struct {
	tongue tongue
	name   string
	port   uint16
}{{tongueSMTP, "smtp", 465}, {tongueFTP, "ftp", 990}, {tonguePOP3, "pop3", 995}, {tongueIMAP, "imap", 993}}

// startTLS is the command with which a protocol goes over to TLS (RFC 3207,
// RFC 4217, RFC 2595).
func startTLS(s tongue) string {
	switch s {
	case tongueFTP:
		return "AUTH TLS"
	case tonguePOP3:
		return "STLS"
	}
	return "STARTTLS"
}

// towards says what to do in the place of what c began with at a server that
// speaks s.
func (j *judgement) towards(c, s tongue) string {
	const web = "web servers are mostly on port 80 (HTTP) and 443 (HTTPS)."
	switch {
	case s == tongueAlert:
		return j.overTLS()
	case s.isSSH() && (c == tongueHTTP || c == tongueHello):
		return j.words("ssh -p %d %s; %s", j.c.Server.Port(), j.server(), web)
	case s.isSSH():
		return j.words("ssh -p %d %s", j.c.Server.Port(), j.server())
	case s.foreign():
		return j.native(s)
	case c.isSSH():
		return "SSH is mostly on port 22."
	case c == tongueHTTP:
		return web
	}
	for _, p := range greeters {
		switch {
		case p.tongue != s:
		case j.c.Server.Port() == p.port:
			return "the server has to be told that this port is for TLS (Postfix: smtpd_tls_wrappermode)."
		default:
			return j.words("openssl s_client -starttls %s -connect %v, or the port for TLS from the first byte on (%d).", p.name, j.c.Server, p.port)
		}
	}
	return "the same without TLS, or the port for TLS."
}

// natives are the programs with which people speak to servers, with the server's
// address, its port, and both.
var natives = map[tongue]string{
	tongueMySQL:      "mysql -h %[1]s -P %[2]d",
	tonguePostgreSQL: "psql -h %[1]s -p %[2]d",
	tongueRedis:      "redis-cli -h %[1]s -p %[2]d",
	tongueHTTP2:      "curl --http2-prior-knowledge http://%[3]v/",
	tongueTelnet:     "telnet %[1]s %[2]d",
	tongueVNC:        "vncviewer %[1]s::%[2]d",
	tongueRDP:        "xfreerdp /v:%[3]v",
	tongueSMB:        "smbclient -p %[2]d -L %[1]s",
	tongueLDAP:       "ldapsearch -H ldap://%[3]v -x",
}

// native is the program for a server of s.
func (j *judgement) native(s tongue) string {
	if program, ok := natives[s]; ok {
		return j.words(program, j.server(), j.c.Server.Port(), j.c.Server)
	}
	return j.words("a client of %v.", s)
}
