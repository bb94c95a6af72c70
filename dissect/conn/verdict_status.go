package conn

import (
	"strconv"
	"strings"
	"time"
)

// What servers say of themselves why they do not give what was asked for.

// toldBy puts what a server said before what the segments tell.
func (j *judgement) toldBy(text, next string) {
	j.v.Meaning = strings.TrimSpace(text + " " + opened(j.v.Meaning, true))
	if j.v.NextStep == "" {
		j.v.NextStep = next
	}
}

// statusWords say what a status of HTTP means to who asked (RFC 9110, section
// 15), and what to do about it.
var statusWords = [...]struct {
	status        int
	meaning, next string
}{
	{401, "it wants a name and a password, or a token: WWW-Authenticate in its answer says which.", "curl --anyauth -u NAME URL; with a token, curl --oauth2-bearer TOKEN URL"},
	{403, "it understood, and does not allow that.", ""},
	{404, "there is nothing under that path; the path is what stands between GET and HTTP/1.1.", "another path."},
	{405, "that method does not suit what was asked for.", "GET?"},
	{407, "it is a proxy, and wants a name and a password for itself.", "curl --proxy-anyauth --proxy-user NAME"},
	{413, "what was sent with the request is too long for it.", ""},
	{414, "the path is too long for it.", ""},
	{421, "it does not answer for the name after Host:.", "the name that the server is set up for."},
	{426, "it wants another protocol, which the field Upgrade in its answer names.", ""},
	{429, "too many requests came in a short time.", "wait; Retry-After in its answer says how long."},
	{500, "the program behind it failed.", "the server's messages."},
	{501, "it does not know that method.", "GET?"},
	{502, "it passes requests on (a proxy), and the server behind it refused, or gave no proper answer.", "at that machine: is the program behind it up? Its messages say which one it asks."},
	{503, "it cannot answer now: too much to do, or the program behind it is down.", "try again later; the server's messages."},
	{504, "it passes requests on (a proxy), and the server behind it did not answer in time.", "at that machine: is the program behind it up, and what is it busy with?"},
	{505, "it does not speak that version of HTTP.", "HTTP/1.1"},
}

// statusTold is for an answer of HTTP that says no.
func (j *judgement) statusTold() {
	text, next := "The server answered "+j.status()+": that is HTTP's word, TCP did its part.", ""
	for i := range statusWords {
		if w := &statusWords[i]; w.status == j.f.app.status {
			text, next = "The server answered "+j.status()+": "+w.meaning+" That is HTTP's word, TCP did its part.", w.next
		}
	}
	j.toldBy(text, next)
}

// redirected is for an answer that sends elsewhere, over TLS.
func (j *judgement) redirected() {
	to := j.f.app.redirect
	j.toldBy("The server answered "+j.status()+": what was asked for is at "+quotable(to)+", over TLS.", "that address in a browser, or curl -L; by hand, openssl s_client.")
}

// notUpgraded is for a request for WebSocket that got an ordinary answer.
func (j *judgement) notUpgraded() {
	j.toldBy("The client asked for WebSocket, and the server answered "+j.status()+" in place of 101: it does not speak WebSocket under that path, or a proxy between does not pass it on.",
		"is the path right? A proxy has to pass on the fields Upgrade and Connection.")
}

// closedWS is for a WebSocket that was closed for a reason.
func (j *judgement) closedWS() {
	a := &j.f.app
	j.toldBy(j.words("The %s closed the WebSocket with %s (%d): that is WebSocket's word, TCP did its part.", a.wsCloseBy, statusWS(a.wsClose), a.wsCloseAt),
		j.words("the messages of the program at the %s.", a.wsCloseBy))
}

// declined is for a server of SMTP and its like that said no.
func (j *judgement) declined() {
	a := &j.f.app
	switch s := a.tongues[Server]; {
	case s.foreign():
		j.toldBy(j.words("The server said %s (%d): that is the word of %v, TCP did its part.", strconv.Quote(a.refusal), a.refusedAt, s), "")
		return
	case s == tongueText: // of a server of SSH, before its version
		j.toldBy(j.words("The server said %s (%d), and not which version of SSH it speaks: it does not want to, and TCP did its part.", strconv.Quote(a.refusal), a.refusedAt), j.onServer("sshd's messages."))
		return
	}
	j.toldBy(j.words("The server said %s (%d): that is %s's word, TCP did its part.", strconv.Quote(a.refusal), a.refusedAt, a.name)+j.forNow(), "")
}

// forNow says whether a refusal may be over later, as its first digit tells.
func (j *judgement) forNow() string {
	switch a := &j.f.app; {
	case a.refusal[0] == '4':
		return " A number that begins with 4 is for now: a later try may do."
	case a.refusal[0] == '5':
		return " A number that begins with 5 is for good: the same again will not do."
	}
	return ""
}

// shut reports whether the server closed right after the handshake, before
// anybody had sent anything.
func (j *judgement) shut() bool {
	f := j.f
	return j.v.Outcome == OutcomeClosed && j.v.HasBy && j.v.By == Server && f.dataFirst == [2]place{} && f.unseen == [2]uint32{} && f.missing == [2]uint32{} &&
		!f.midstream && f.handshake != 0 && f.establishedAt != 0 && f.establishedAt.Known() && f.endedAt.Sub(f.establishedAt) < idleAfter
}

// greetsFirst names the protocol of a port whose server speaks first, "" for none.
func greetsFirst(port uint16) string {
	switch port {
	case portFTP:
		return "FTP"
	case portSSH:
		return "SSH"
	case portSMTP, portSubm:
		return "SMTP"
	case 110:
		return "POP3"
	case 143:
		return "IMAP"
	case 3306:
		return "MySQL"
	}
	return ""
}

// unheardOf reports whether a connection ended before its server, which should
// speak first or answer, said a word.
func (j *judgement) unheardOf() bool {
	f := j.f
	return j.v.HasBy && f.dataFirst[Server] == 0 && !j.hidden(Server) && f.missing[Server] == 0 && !f.midstream && j.c.Segments[Client] > 0 && !j.self() &&
		(j.v.Outcome == OutcomeClosed || j.v.Outcome == OutcomeReset) && (f.app.tongues[Client].isSSH() || f.dataFirst[Client] == 0 && greetsFirst(j.c.Server.Port()) != "")
}

// noGreeting is for that.
func (j *judgement) noGreeting() {
	f := j.f
	if j.idle() {
		j.v.Detail = detailIdle
	}
	name := "SSH"
	if !f.app.tongues[Client].isSSH() {
		name = greetsFirst(j.c.Server.Port())
	}
	waited := j.sinceEstablished()
	if j.v.By == Client {
		j.toldBy(j.words("A server of %s speaks first, and this one said nothing%s: its program is busy, or waits (for DNS, or on purpose), or the port is not one of %s.", name, waited, name), j.onServer("that program's messages."))
		return
	}
	if d := f.endedAt.Sub(f.establishedAt); f.establishedAt == 0 || f.endedAt == 0 || !f.endedAt.Known() || d > 10*time.Second {
		j.toldBy(j.words("A server of %s speaks first, and this one ended without a word.", name), j.onServer("that program's messages."))
		return
	}
	j.toldBy(j.words("A server of %s speaks first, and this one ended without a word%s: perhaps its rules do not let this client in (too many connections, hosts.deny, a ban), or it failed.", name, waited), j.onServer("that program's messages."))
}
