package drive

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"
)

func TestHTTPRequest(t *testing.T) {
	for _, test := range []struct {
		host, path string
		port       uint16
		want       string // the Host header; empty is an error
	}{
		{"example.com", "/", 80, "example.com"},
		{"example.com", "/a?b=c", 8080, "example.com:8080"},
		{"::1", "/", 80, "[::1]"},
		{"fe80::1%eth0", "/", 8080, "[fe80::1]:8080"},
		{"127.0.0.1", "/", 3000, "127.0.0.1:3000"},
		{"example.com", "index.html", 80, ""},
		{"example.com", "", 80, ""},
		{"example.com", "/a b", 80, ""},
		{"example.com", "/\r\nX: y", 80, ""},
		{"example.com", "/#top", 80, ""},
		{"example.com", "/é", 80, ""},
		{"example.com\r\nX: y", "/", 80, ""},
		{"a/b", "/", 80, ""},
		{"", "/", 80, ""},
	} {
		b, err := HTTPRequest(test.host, test.port, test.path)
		if (err != nil) != (test.want == "") {
			t.Errorf("%q %q: %v", test.host, test.path, err)
		}
		if err != nil {
			continue
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			t.Errorf("%q: %v", b, err)
			continue
		}
		if req.Method != "GET" || req.Host != test.want || req.RequestURI != test.path || !req.Close || req.ProtoMinor != 1 {
			t.Errorf("%q is read as %s %s, Host %s", b, req.Method, req.RequestURI, req.Host)
		}
	}
}
