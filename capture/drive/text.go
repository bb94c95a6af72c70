package drive

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// crlf ends lines with CR LF, as nc -C does: a CR is put before each LF that
// has none. It remembers the last byte from one piece to the next.
type crlf struct{ last byte }

func (c *crlf) convert(b []byte) []byte {
	out := make([]byte, 0, len(b)+8)
	for _, x := range b {
		if x == '\n' && c.last != '\r' {
			out = append(out, '\r')
		}
		out = append(out, x)
		c.last = x
	}
	return out
}

// httpPort is left out of the Host header (RFC 9110, section 7.2).
const httpPort = 80

// HTTPRequest returns a GET request for path (RFC 9112, section 3) that asks
// the server to close when it has answered. The port is left out of the Host
// header where it is 80. A host or path that would break the request's lines
// is an error.
func HTTPRequest(host string, port uint16, path string) ([]byte, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("path %q: it begins with a slash", path)
	}
	if i := strings.IndexFunc(path, notInTarget); i >= 0 {
		return nil, fmt.Errorf("path %q: %q has to be percent-encoded", path, path[i])
	}
	if host == "" || strings.IndexFunc(host, notInTarget) >= 0 || strings.Contains(host, "/") {
		return nil, errors.New("host: not a name or an address")
	}
	host, _, _ = strings.Cut(host, "%") // the zone of an address means nothing to the server
	authority := host
	switch {
	case port != httpPort:
		authority = net.JoinHostPort(host, fmt.Sprint(port))
	case strings.Contains(host, ":"):
		authority = "[" + host + "]"
	}
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, authority), nil
}

// notInTarget says which characters can stand in no request target (RFC 3986,
// section 2): spaces, control characters, what is not ASCII, and fragments,
// which are never sent.
func notInTarget(r rune) bool {
	return r <= ' ' || r >= 0x7f || r == '#'
}
