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
	default:
		j.say(detailOtherTongue, j.words("the client began with %s%s, and the server speaks %s%s.", j.tongue(c), j.began(Client), j.tongue(s), j.began(Server)),
			"each waits for words of its own protocol: either the port or the program is not the one that was meant.", j.towards(c, s), a.clashAt)
	}
	j.evidence = append(j.evidence, j.f.dataFirst[a.first])
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
	case s == tongueSSH && (c == tongueHTTP || c == tongueHello):
		return j.words("ssh -p %d %s; %s", j.c.Server.Port(), j.server(), web)
	case s == tongueSSH:
		return j.words("ssh -p %d %s", j.c.Server.Port(), j.server())
	case s.foreign():
		return j.native(s)
	case c == tongueSSH:
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

// native is the program with which people speak to a server of s.
func (j *judgement) native(s tongue) string {
	port := j.c.Server.Port()
	switch s {
	case tongueMySQL:
		return j.words("mysql -h %s -P %d", j.server(), port)
	case tonguePostgreSQL:
		return j.words("psql -h %s -p %d", j.server(), port)
	case tongueRedis:
		return j.words("redis-cli -h %s -p %d", j.server(), port)
	case tongueHTTP2:
		return j.words("curl --http2-prior-knowledge http://%v/", j.c.Server)
	case tongueTelnet:
		return j.words("telnet %s %d", j.server(), port)
	case tongueVNC:
		return j.words("vncviewer %s::%d", j.server(), port)
	case tongueRDP:
		return j.words("xfreerdp /v:%v", j.c.Server)
	case tongueSMB:
		return j.words("smbclient -p %d -L %s", port, j.server())
	case tongueLDAP:
		return j.words("ldapsearch -H ldap://%v -x", j.c.Server)
	}
	return j.words("a client of %v.", s)
}

// overTLS says how to speak to a server that wants TLS.
func (j *judgement) overTLS() string {
	return j.words("https:// in place of http://; by hand, openssl s_client -connect %v", j.c.Server)
}

// wantsTLS is for a request in plain HTTP, and a server that says that it wants
// TLS.
func (j *judgement) wantsTLS() {
	a := &j.f.app
	j.say(detailPlainToTLS, j.words("%s answered %s, and says that this port is for HTTPS.", j.it(Server), j.status()),
		"the request may be right: it has to be sent within TLS.", j.overTLS(), a.statusAt)
	j.evidence = append(j.evidence, a.requestAt, a.wantsTLS)
}

// unanswered reports whether a ClientHello was all that anybody said.
func (j *judgement) unanswered() bool {
	f := j.f
	return f.app.tongues[Client] == tongueHello && f.app.tongues[Server] == tongueNone && f.dataFirst[Server] == 0 && f.missing[Server] == 0 && !j.hidden(Server)
}

// noServerHello is for such a connection's end.
func (j *judgement) noServerHello() {
	f := j.f
	j.say(detailNoReply, j.words("the ClientHello%s got no answer.", j.frameOf(f.dataFirst[Client])), "", "", f.dataFirst[Client])
	if j.v.HasBy && j.v.By == Client {
		j.v.Meaning = "The client did not wait, or gave up."
		if d := f.endedAt.Sub(f.lastDataAt[Client]); f.endedAt != 0 && f.endedAt.Known() && f.lastDataAt[Client] != 0 && f.lastDataAt[Client].Known() && d >= impatient {
			j.v.Meaning = j.words("The client gave up after %s. Either this port does not speak TLS, and its server waits for something else, or its program is busy, or had not accepted the connection.", j.duration(d))
		}
	} else {
		j.v.Meaning = "Either this port does not speak TLS, or the server, or a firewall on the way, does not want this client or the name that it asks for."
	}
	j.v.NextStep = j.words("openssl s_client -connect %v, with -servername NAME and without; the server's messages.", j.c.Server)
}

// echoed is for a server that returned the client's own ClientHello.
func (j *judgement) echoed() {
	a := &j.f.app
	j.say(detailTLSToPlain, j.words("the server sent a ClientHello, too (%d).", a.echoAt),
		"only clients send that: the server sends back what it gets, and does not speak TLS.", "the same without TLS, or the port for TLS.", a.echoAt)
	j.evidence = append(j.evidence, j.f.dataFirst[a.first])
}

// awaitsHello is for an open connection in which nothing has answered a
// ClientHello.
func (j *judgement) awaitsHello() {
	port := j.c.Server.Port()
	meaning := "Either this port does not speak TLS, and its server waits for something else, or its program is busy, or has not accepted the connection yet."
	next := j.onServer(j.words("ss -tan: Recv-Q over 0 at :%d are bytes that the program has not read.", port))
	switch {
	case !j.silent(Server):
		meaning = "Perhaps this port does not speak TLS, or the answer came after the end of the capture."
	case port == portHTTPS:
		meaning = "The server's system has acknowledged it: perhaps its program is busy, or has not accepted the connection yet."
	}
	if port != portHTTPS {
		next = "the same without TLS (http:// in place of https://); " + next
	}
	j.say(detailWaiting, j.words("the ClientHello%s has no answer yet.", j.frameOf(j.f.dataFirst[Client])), meaning, next, j.f.dataFirst[Client])
}
