package conn

import (
	"encoding/binary"
)

// Record types of TLS (RFC 8446, section 5.1) and limits of a record.
const (
	recordChangeCipher = 20
	recordAlert        = 21
	recordHandshake    = 22
	recordData         = 23
	recordHeader       = 5
	recordLimit        = 1<<14 + 2048 // RFC 5246, section 6.2.3
)

// detectTLS knows a record by its header.
func (a *app) detectTLS(side Side, b []byte, start bool) (int, bool) {
	if a.proto != protoNone && a.proto != protoTLS {
		return 0, false
	}
	if len(b) < recordHeader {
		return 0, start && (b[0] == recordHandshake || a.proto == protoTLS) && (len(b) == 1 || b[1] == 3)
	}
	if !isRecord(b) || start && a.proto == protoNone && b[0] != recordHandshake && b[0] != recordAlert {
		return 0, false
	}
	if a.dirs[side].flags&dirBegun == 0 || a.dirs[side].flags&dirLost != 0 {
		// Nobody knows whether the keys have changed: only a Hello tells.
		if b[0] == recordHandshake && len(b) > recordHeader && b[recordHeader] > 2 {
			a.dirs[side].flags |= dirEncrypted
		}
	}
	if a.agreed != tongueNone {
		spoken := tongueHello
		if b[0] == recordAlert {
			spoken = tongueAlert
		}
		a.overTLS(side, spoken)
	}
	return a.enter(side, protoTLS, modeRecord), true
}

// overTLS notes that an end has gone over to TLS, and how that begins.
func (a *app) overTLS(side Side, t tongue) {
	if a.tongues[side] != tongueNone {
		return
	}
	a.tongues[side] = t
	if side == Client {
		a.requestAt = a.budget.frame
	} else {
		a.answerAt = a.budget.frame
	}
}

// isRecord reports whether b, at least recordHeader long, begins with a
// record's header.
func isRecord(b []byte) bool {
	n := int(binary.BigEndian.Uint16(b[3:]))
	return b[0] >= recordChangeCipher && b[0] <= recordData && b[1] == 3 && b[2] <= 4 && n > 0 && n <= recordLimit
}

// record reads the header of a record, and what is in the clear of it.
func (a *app) record(side Side, b []byte) int {
	d := &a.dirs[side]
	if len(b) < recordHeader {
		return 0
	}
	if !isRecord(b) {
		a.lose(d)
		return len(b)
	}
	length := int64(binary.BigEndian.Uint16(b[3:]))
	switch b[0] {
	case recordChangeCipher:
		a.note("ChangeCipherSpec")
		d.flags |= dirEncrypted
	case recordAlert:
		if length == 2 && d.flags&dirEncrypted == 0 {
			if len(b) < recordHeader+2 {
				return 0
			}
			a.alert(side, b[recordHeader], b[recordHeader+1])
		} else {
			a.note("encrypted alert")
		}
	case recordHandshake:
		if d.flags&dirEncrypted == 0 {
			d.rec = uint32(length)
			d.mode = modeHandshake
			return recordHeader
		}
		a.note("encrypted handshake")
	case recordData:
		a.note("application data")
		d.flags |= dirEncrypted
	}
	d.skip = length
	return recordHeader
}

// halfTLS reports whether both ends began a handshake, and the client never came
// to encrypt.
func (a *app) halfTLS() bool {
	return a.proto == protoTLS && a.tongues == [2]tongue{tongueHello, tongueHello} && a.dirs[Client].flags&dirEncrypted == 0
}

// alertNames are those of RFC 8446, section 6, that a failing handshake shows.
var alertNames = map[byte]string{
	0: "close notify", 10: "unexpected message", 20: "bad record mac", 22: "record overflow", 40: "handshake failure",
	42: "bad certificate", 43: "unsupported certificate", 44: "certificate revoked", 45: "certificate expired",
	46: "certificate unknown", 47: "illegal parameter", 48: "unknown CA", 49: "access denied", 50: "decode error",
	51: "decrypt error", 70: "protocol version", 71: "insufficient security", 80: "internal error",
	86: "inappropriate fallback", 90: "user canceled", 109: "missing extension", 110: "unsupported extension",
	112: "unrecognized name", 113: "bad certificate status response", 115: "unknown PSK identity",
	116: "certificate required", 120: "no application protocol",
}

// Alerts that are no failure: closeNotify says that nothing more will come, the
// others, as warnings, that the handshake goes on (RFC 5246, section 7.2.2;
// RFC 6066, section 3).
const (
	closeNotify      = 0
	noRenegotiation  = 100
	unrecognizedName = 112

	alertWarning = 1 // level
)

func (a *app) alert(side Side, level, code byte) {
	name, ok := alertNames[code]
	if !ok {
		name = "alert of another kind"
	}
	a.noteBytes(append(append(make([]byte, 0, 64), "alert: "...), name...))
	if code != closeNotify && !(level == alertWarning && (code == noRenegotiation || code == unrecognizedName)) {
		if t := a.troubled(); t.alert == "" {
			t.alert, t.alertBy, t.alertAt = name, side, a.budget.frame
		}
	}
}

// Handshake messages (RFC 8446, section 4; RFC 5246, section 7.4).
const (
	messageHeader = 4
	clientHello   = 1
	serverHello   = 2
)

func messageName(kind byte) string {
	switch kind {
	case 0:
		return "HelloRequest"
	case clientHello:
		return "ClientHello"
	case serverHello:
		return "ServerHello"
	case 4:
		return "NewSessionTicket"
	case 8:
		return "EncryptedExtensions"
	case 11:
		return "Certificate"
	case 12:
		return "ServerKeyExchange"
	case 13:
		return "CertificateRequest"
	case 14:
		return "ServerHelloDone"
	case 15:
		return "CertificateVerify"
	case 16:
		return "ClientKeyExchange"
	case 20:
		return "Finished"
	case 22:
		return "CertificateStatus"
	}
	return "handshake"
}

// handshake reads a message, or what is left of one, in a record of d.rec
// bytes.
func (a *app) handshake(side Side, b []byte) int {
	d := &a.dirs[side]
	if d.rec == 0 {
		d.mode = modeRecord
		return parseAgain
	}
	if d.part > 0 {
		n := min(d.part, d.rec)
		d.part -= n
		return a.rest(d, b, n)
	}
	if d.rec < messageHeader { // cut through its header: not followed
		return a.rest(d, b, d.rec)
	}
	if len(b) < messageHeader {
		return 0
	}
	kind := b[0]
	if kind == clientHello {
		a.helloFrom(side)
	}
	size := uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	here := min(messageHeader+size, d.rec)
	if kind != clientHello && kind != serverHello {
		a.note(messageName(kind))
		d.part = messageHeader + size - here
		return a.rest(d, b, here)
	}
	if uint32(len(b)) < here && len(b) < appBufferLimit {
		if d.work == nil || d.work.scanned == 0 {
			a.note(messageName(kind) + ", first part")
		}
		return 0
	}
	body := b[messageHeader:min(uint32(len(b)), here)]
	if kind == clientHello {
		a.hello(body)
	} else {
		a.serverHello(body)
	}
	d.part = messageHeader + size - here
	return a.rest(d, b, here)
}

// helloFrom takes down that side has sent a ClientHello. No server does: one
// that sends it after its client sends back what it gets.
func (a *app) helloFrom(side Side) {
	a.dirs[side].flags |= dirHello
	if a.dirs[side.Other()].flags&dirHello == 0 || side == a.first {
		return
	}
	if t := a.troubled(); t.echoAt == 0 {
		t.echoAt = a.budget.frame
	}
}

// rest passes over n bytes of a record, of which b may hold less.
func (a *app) rest(d *appDir, b []byte, n uint32) int {
	d.rec -= n
	if d.rec == 0 {
		d.mode = modeRecord
	}
	if int(n) > len(b) {
		d.skip = int64(n) - int64(len(b))
		return len(b)
	}
	return int(n)
}

// cursor reads fields of a message; past the end it gives zeros.
type cursor struct{ b []byte }

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		n = len(c.b)
	}
	p := c.b[:n]
	c.b = c.b[n:]
	return p
}

func (c *cursor) uint(n int) int {
	v := 0
	for _, x := range c.take(n) {
		v = v<<8 | int(x)
	}
	return v
}

// vector takes a field that is preceded by its length in n bytes.
func (c *cursor) vector(n int) cursor { return cursor{c.take(c.uint(n))} }

// The extensions that are told (IANA's registry of TLS ExtensionType values).
const (
	extServerName = 0
	extALPN       = 16
	extVersions   = 43
)

// hello tells a ClientHello: server name and protocols (RFC 8446, section
// 4.1.2; RFC 6066, section 3; RFC 7301).
func (a *app) hello(body []byte) {
	if a.budget.silent() {
		return
	}
	c := cursor{body}
	c.take(2 + 32)
	c.vector(1)
	c.vector(2)
	c.vector(1)
	ext := c.vector(2)
	var name, alpn string
	for len(ext.b) > 0 {
		kind := ext.uint(2)
		data := ext.vector(2)
		switch kind {
		case extServerName:
			list := data.vector(2)
			if list.uint(1) == 0 {
				v := list.vector(2)
				name = bounded(v.b)
			}
		case extALPN:
			alpn = alpnNames(data.vector(2))
		}
	}
	a.note("ClientHello" + parenthesis(name, alpn))
}

// alpnShown is how many protocols of a list are told.
const alpnShown = 4

func alpnNames(list cursor) string {
	text := ""
	for i := 0; i < alpnShown && len(list.b) > 0; i++ {
		v := list.vector(1)
		text += " " + bounded(v.b)
	}
	if text == "" {
		return ""
	}
	return bounded([]byte("ALPN" + text))
}

func parenthesis(name, alpn string) string {
	switch {
	case name == "" && alpn == "":
		return ""
	case name == "":
		return " (" + alpn + ")"
	case alpn == "":
		return " (" + name + ")"
	}
	return " (" + name + ", " + alpn + ")"
}

// helloRetry is the random value by which a ServerHello asks for another
// ClientHello (RFC 8446, section 4.1.3): its first bytes will do.
const helloRetry = "\xcf\x21\xad\x74\xe5\x9a\x61\x11"

// serverHello tells the version that was agreed.
func (a *app) serverHello(body []byte) {
	if a.budget.Quiet {
		return
	}
	c := cursor{body}
	version := c.uint(2)
	random := c.take(32)
	c.vector(1)
	c.take(2 + 1)
	ext := c.vector(2)
	var alpn string
	for len(ext.b) > 0 {
		kind := ext.uint(2)
		data := ext.vector(2)
		switch kind {
		case extVersions:
			version = data.uint(2)
		case extALPN:
			alpn = alpnNames(data.vector(2))
		}
	}
	if hasPrefix(random, helloRetry) {
		a.note("HelloRetryRequest")
		return
	}
	a.note("ServerHello" + parenthesis(tlsVersion(version), alpn))
}

func tlsVersion(v int) string {
	switch v {
	case 0x0300:
		return "SSL 3.0"
	case 0x0301:
		return "TLS 1.0"
	case 0x0302:
		return "TLS 1.1"
	case 0x0303:
		return "TLS 1.2"
	case 0x0304:
		return "TLS 1.3"
	}
	return ""
}
