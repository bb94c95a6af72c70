package conn

import "strings"

// alertFault is what lies behind an alert of TLS, in plain words.
type alertFault struct {
	// {it} stands for who sent the alert, {peer} for the other end, {openssl} for
	// openssl's command to speak to the server.
	meaning, next string
}

// alertCertificate is what to look at where a certificate was not taken.
const alertCertificate = "{openssl} -showcerts </dev/null shows the certificates, and what is wrong with them."

// alertTry is what to look at where a program at one end may be at fault.
const alertTry = "{openssl}: does that work?"

// alertFaults are those of RFC 8446, section 6.2, by the names of alertNames.
var alertFaults = map[string]alertFault{
	"handshake failure":               {"the {it} can use none of what the {peer} offers (ciphers, groups, signatures), or misses something, such as a certificate.", "{openssl}, and with -tls1_2: which one does it take? The server's messages say why."},
	"protocol version":                {"the {it} takes none of the TLS versions that the {peer} offers: one of them is too old, or allows only new ones.", "{openssl} -tls1_2, and -tls1_3, -tls1_1: which one is taken?"},
	"insufficient security":           {"the {it} wants stronger ciphers than the {peer} offers.", "newer software, or its settings, at the {peer}."},
	"bad certificate":                 {"the {it} does not take the certificate of the {peer}: it is damaged, or its signature is wrong.", alertCertificate},
	"unsupported certificate":         {"the {it} cannot use a certificate of the kind that the {peer} has.", alertCertificate},
	"certificate revoked":             {"the certificate of the {peer} was revoked by those who gave it out.", "a new certificate for the {peer}."},
	"certificate expired":             {"to the {it}, the certificate of the {peer} is over its date, or not valid yet: perhaps the clock at the {it} is wrong.", "date at the {it}; {openssl} </dev/null | openssl x509 -noout -dates"},
	"certificate unknown":             {"the {it} does not take the certificate of the {peer}, and does not say why: often it does not trust who signed it, or the name in it is another.", alertCertificate},
	"unknown CA":                      {"the {it} does not know who signed the certificate of the {peer}: it is self-signed, or of a private authority, or one between is missing in the chain.", "{openssl} -showcerts: is the chain complete? For a private authority: curl --cacert FILE"},
	"access denied":                   {"the certificate of the {peer} was good, and the rules at the {it} do not let it in.", "the messages at the {it}."},
	"unexpected message":              {"what the {peer} sent does not belong there: a program's error, or something else than TLS.", alertTry},
	"illegal parameter":               {"a value that the {peer} sent is not allowed: a program's error, or a device on the way that changes bytes.", alertTry},
	"decode error":                    {"the {it} could not read what the {peer} sent: a program's error, or something else than TLS.", alertTry},
	"record overflow":                 {"the {peer} sent a record longer than TLS allows: most often it does not speak TLS.", alertTry},
	"decrypt error":                   {"a signature or a checksum of the {peer} does not fit: its key does not belong to its certificate, or the bytes were changed on the way.", alertCertificate},
	"bad record mac":                  {"what the {peer} sent came damaged, or was changed on the way, or both do not have the same key.", alertTry + " From another network, too?"},
	"internal error":                  {"the {it} failed for a reason of its own: often it has no certificate, or no key, for that name.", "the messages at the {it}."},
	"inappropriate fallback":          {"the {peer} has tried again with an older version than both ends know: somebody on the way may have spoiled the first try.", "{openssl} -tls1_3: does that work?"},
	"user canceled":                   {"somebody at the {it} stopped the handshake.", ""},
	"missing extension":               {"the {peer} left out what TLS 1.3 asks for: often the name of the server (SNI).", "{openssl} -servername NAME"},
	"unsupported extension":           {"the {peer} answered what it was not asked: a program's error.", ""},
	"unrecognized name":               {"the {it} has nothing under the name that the {peer} asks for (SNI).", "{openssl} -servername NAME, with the name that the server is set up for."},
	"bad certificate status response": {"what the {peer} says of whether its certificate is revoked (OCSP) is not valid.", "the server's messages on OCSP stapling."},
	"unknown PSK identity":            {"the {it} does not know the key that was agreed upon before and that the {peer} named.", "the settings for the shared key at both ends."},
	"certificate required":            {"the {it} wants a certificate of the {peer}, too, and got none.", "curl --cert FILE --key FILE, or what the client has for that."},
	"no application protocol":         {"the {it} speaks none of the protocols that the {peer} names (ALPN), such as h2.", "curl --http1.1, or {openssl} -alpn http/1.1"},
}

// alerted is for a handshake that one end breaks off.
func (j *judgement) alerted() {
	a := &j.f.app
	j.say(detailTLSAlert, j.words("%s broke off the TLS handshake (%d): %s.", j.it(a.alertBy), a.alertAt, a.alert),
		"the connection itself worked; the two ends did not agree on TLS.", j.openssl()+" shows more.", a.alertAt)
	x, ok := alertFaults[a.alert]
	if !ok || j.brief {
		return
	}
	fill := func(s string) string {
		return strings.NewReplacer("{openssl}", j.openssl(), "{it}", a.alertBy.String(), "{peer}", a.alertBy.Other().String()).Replace(s)
	}
	j.v.Meaning = fill(x.meaning) + " The connection itself worked."
	j.v.NextStep = fill(x.next)
}

// overTLS says how to speak to a server that wants TLS.
func (j *judgement) overTLS() string {
	return j.words("https:// in place of http://; by hand, openssl s_client -connect %v", j.c.Server)
}

// halfTLS reports whether the client ended a handshake of TLS that both ends had
// begun.
func (j *judgement) halfTLS() bool {
	return j.f.app.halfTLS && j.v.HasBy && j.v.By == Client && !j.hidden(Client)
}

// handshakeLeft is for that.
func (j *judgement) handshakeLeft() {
	j.say(detailTLSAlert, j.words("the TLS handshake was not complete: nothing of the client came after the server's answer%s.", j.frameOf(j.hello(Server))),
		"Perhaps the client, or who sits there, does not trust the server's certificate (self-signed, expired, another name), or the client only wanted to see it.",
		strings.ReplaceAll(alertCertificate, "{openssl}", j.openssl()), j.hello(Server))
	j.evidence = append(j.evidence, j.hello(Client))
}

// wantsTLS is for a request in plain HTTP, and a server that says that it wants
// TLS.
func (j *judgement) wantsTLS() {
	a := &j.f.app
	j.say(detailPlainToTLS, j.words("%s answered %s, and says that this port is for HTTPS.", j.it(Server), j.status()),
		"the request may be right: it has to be sent within TLS.", j.overTLS(), a.statusAt)
	j.evidence = append(j.evidence, a.requestAt, a.wantsTLS)
}

// hello is where an end began with TLS.
func (j *judgement) hello(x Side) place {
	a := &j.f.app
	switch {
	case a.agreed == tongueNone:
		return j.f.dataFirst[x]
	case x == Client:
		return a.requestAt
	}
	return a.answerAt
}

// openssl is the command that speaks TLS to the server as the client did.
func (j *judgement) openssl() string {
	if j.brief {
		return ""
	}
	for _, p := range greeters {
		if p.tongue == j.f.app.agreed {
			return j.words("openssl s_client -starttls %s -connect %v", p.name, j.c.Server)
		}
	}
	return j.words("openssl s_client -connect %v", j.c.Server)
}

// unanswered reports whether a ClientHello was all that anybody said, or all since
// the ends agreed on TLS.
func (j *judgement) unanswered() bool {
	f := j.f
	said := f.dataFirst[Server]
	if f.app.agreed != tongueNone && f.dataLast[Server] < f.app.requestAt {
		said = 0
	}
	return f.app.tongues[Client] == tongueHello && f.app.tongues[Server] == tongueNone && said == 0 && f.missing[Server] == 0 && !j.hidden(Server)
}

// noServerHello is for such a connection's end.
func (j *judgement) noServerHello() {
	f := j.f
	j.say(detailNoReply, j.words("the ClientHello%s got no answer.", j.frameOf(j.hello(Client))), "", "", j.hello(Client))
	agreed := f.app.agreed != tongueNone
	if j.v.HasBy && j.v.By == Client {
		j.v.Meaning = "The client did not wait, or gave up."
		if d := f.endedAt.Sub(f.lastDataAt[Client]); f.endedAt != 0 && f.endedAt.Known() && f.lastDataAt[Client] != 0 && f.lastDataAt[Client].Known() && d >= impatient {
			j.v.Meaning = j.words("The client gave up after %s. Either this port does not speak TLS, and its server waits for something else, or its program is busy, or had not accepted the connection.", j.duration(d))
			if agreed {
				j.v.Meaning = j.words("The client gave up after %s: perhaps the server's program is busy, or something on the way keeps its answer back.", j.duration(d))
			}
		}
	} else if agreed {
		j.v.Meaning = "The server had agreed to TLS: either its program failed (has it a certificate, and a key?), or it, or a firewall on the way, does not want this client or the name that it asks for."
	} else {
		j.v.Meaning = "Either this port does not speak TLS, or the server, or a firewall on the way, does not want this client or the name that it asks for."
	}
	j.v.NextStep = j.openssl() + ", with -servername NAME and without; the server's messages."
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
	meaning := "Either this port does not speak TLS, and its server waits for something else, or its program is busy, or has not accepted the connection yet."
	next, agreed := j.recvQueue(), j.f.app.agreed != tongueNone
	switch {
	case !j.silent(Server) && agreed:
		meaning = "Perhaps the answer came after the end of the capture."
	case !j.silent(Server):
		meaning = "Perhaps this port does not speak TLS, or the answer came after the end of the capture."
	case j.c.Server.Port() == portHTTPS || agreed:
		meaning = "The server's system has acknowledged it: perhaps its program is busy, or has not accepted the connection yet."
	}
	if j.c.Server.Port() != portHTTPS && !agreed {
		next = "the same without TLS (http:// in place of https://); " + next
	}
	j.say(detailWaiting, j.words("the ClientHello%s has no answer yet.", j.frameOf(j.hello(Client))), meaning, next, j.hello(Client))
}
