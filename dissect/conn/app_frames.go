package conn

import (
	"encoding/binary"
	"strconv"

	"tcpsee/dissect"
)

// http2Preface is what an HTTP/2 client says first (RFC 9113, section 3.4).
const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// http2Header is the length of a frame's header (RFC 9113, section 4.1).
const http2Header = 9

var http2Frames = [...]string{"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY",
	"WINDOW_UPDATE", "CONTINUATION"}

// frame2 reads the preface or the header of a frame of HTTP/2.
func (a *app) frame2(side Side, b []byte) int {
	d := &a.dirs[side]
	if b[0] == 'P' && isPrefixOf(b[:min(len(b), len(http2Preface))], http2Preface) {
		if len(b) < len(http2Preface) {
			return 0
		}
		a.note("preface")
		return len(http2Preface)
	}
	if len(b) < http2Header {
		return 0
	}
	kind := int(b[3])
	stream := binary.BigEndian.Uint32(b[5:]) & (1<<31 - 1)
	if !a.budget.silent() {
		name := "frame of another kind"
		if kind < len(http2Frames) {
			name = http2Frames[kind]
		}
		text := append(make([]byte, 0, 64), name...)
		if stream > 0 {
			text = append(strconv.AppendUint(append(text, " (stream "...), uint64(stream), 10), ')')
		}
		a.noteBytes(text)
	}
	d.skip = int64(b[0])<<16 | int64(b[1])<<8 | int64(b[2])
	return http2Header
}

// frameWS reads the header of a WebSocket frame (RFC 6455, section 5.2).
func (a *app) frameWS(side Side, b []byte) int {
	d := &a.dirs[side]
	if len(b) < 2 {
		return 0
	}
	header, length := 2, int64(b[1]&0x7f)
	switch length {
	case 126:
		header = 4
	case 127:
		header = 10
	}
	if b[1]&0x80 != 0 {
		header += 4 // the mask
	}
	if len(b) < header {
		return 0
	}
	switch length {
	case 126:
		length = int64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		length = int64(binary.BigEndian.Uint64(b[2:]) & (1<<62 - 1))
	}
	d.skip = length
	switch b[0] & 0x0f {
	case 0:
		a.note("continuation")
	case 1:
		a.note("text")
	case 2:
		a.note("binary")
	case 8:
		return a.closeWS(side, b, header)
	case 9:
		a.note("ping")
	case 10:
		a.note("pong")
	default:
		a.note("frame of another kind")
	}
	return header
}

// closeWS reads a Close frame, whose header is so long: it may begin with a
// status (RFC 6455, section 5.5.1), under the mask where there is one.
func (a *app) closeWS(side Side, b []byte, header int) int {
	const size = 2
	d := &a.dirs[side]
	if d.skip < size {
		a.note("close")
		return header
	}
	if len(b) < header+size {
		d.skip = 0
		return 0
	}
	status := int(binary.BigEndian.Uint16(b[header:]))
	if b[1]&0x80 != 0 {
		status ^= int(binary.BigEndian.Uint16(b[header-4:]))
	}
	if !a.budget.silent() {
		a.noteBytes(appendStatusWS(append(make([]byte, 0, 64), "close "...), status))
	}
	if status != wsNormal && status != wsAway {
		if t := a.troubled(); t.wsClose == 0 {
			t.wsClose, t.wsCloseBy, t.wsCloseAt = status, side, a.budget.frame
		}
	}
	d.skip -= size
	return header + size
}

// wsStatuses are what a Close frame says (RFC 6455, section 7.4.1, and IANA's
// registry).
var wsStatuses = [...]string{"normal closure", "going away", "protocol error", "unsupported data", 7: "invalid payload data",
	8: "policy violation", 9: "message too big", 10: "extension missing", 11: "internal error", 12: "service restart", 13: "try again later", 14: "bad gateway"}

const (
	wsNormal = 1000
	wsAway   = 1001
)

// statusWS is such a status in words: "1002 (protocol error)".
func statusWS(status int) string { return string(appendStatusWS(nil, status)) }

func appendStatusWS(b []byte, status int) []byte {
	b = strconv.AppendInt(b, int64(status), 10)
	if i := status - wsNormal; i >= 0 && i < len(wsStatuses) && wsStatuses[i] != "" {
		b = append(append(append(b, " ("...), wsStatuses[i]...), ')')
	}
	return b
}

// DNS over TCP (RFC 1035, section 4.2.2; RFC 7766).
const (
	dnsPrefix  = 2
	dnsHeader  = 12
	dnsNameMax = 255
)

// looksLikeDNS checks what of a message's header is there.
func looksLikeDNS(b []byte) bool {
	if len(b) < dnsPrefix+dnsHeader {
		return false
	}
	return binary.BigEndian.Uint16(b) >= dnsHeader && binary.BigEndian.Uint16(b[6:]) <= 1
}

// dns reads the header and the question of a message.
func (a *app) dns(side Side, b []byte) int {
	d := &a.dirs[side]
	if len(b) < dnsPrefix {
		return 0
	}
	length := int(binary.BigEndian.Uint16(b))
	want := dnsPrefix + min(length, dnsHeader+dnsNameMax+4)
	if len(b) < want {
		return 0
	}
	if length < dnsHeader {
		a.lose(d)
		return want
	}
	d.skip = int64(dnsPrefix + length - want)
	if n := a.budget.names; n != nil && b[dnsPrefix+2]&0x80 != 0 { // as far as the answer is here already
		n.read(b[dnsPrefix:min(len(b), dnsPrefix+length)])
	}
	if a.budget.silent() {
		return want
	}
	m := b[dnsPrefix:want]
	text := append(make([]byte, 0, 2*dnsNameMax), "query"...)
	if m[2]&0x80 != 0 {
		text = append(text[:0], "answer"...)
	}
	if binary.BigEndian.Uint16(m[4:]) > 0 {
		text = appendQuestion(text, m[dnsHeader:])
	}
	if m[2]&0x80 != 0 {
		text = append(text, ": "...)
		if code := m[3] & 0x0f; code != 0 {
			text = append(text, dissect.DNSCodeName(code)...)
		} else {
			text = append(text, plural(uint32(binary.BigEndian.Uint16(m[6:])), "record")...)
		}
	}
	a.noteBytes(text)
	return want
}

// appendQuestion appends a question's name and type to text; a pointer ends it,
// for in a question there is nothing to point to.
func appendQuestion(text, b []byte) []byte {
	name := make([]byte, 0, dnsNameMax)
	for len(b) > 0 && b[0] != 0 && b[0] < 64 {
		n := int(b[0])
		if n+1 > len(b) {
			return text
		}
		if len(name) > 0 {
			name = append(name, '.')
		}
		name = append(name, b[1:n+1]...)
		b = b[n+1:]
	}
	if len(b) < 3 {
		return text
	}
	if len(name) == 0 {
		name = append(name, '.')
	}
	text = append(append(text, ' '), bounded(name)...)
	return append(append(text, ' '), dissect.DNSTypeName(binary.BigEndian.Uint16(b[1:]))...)
}
