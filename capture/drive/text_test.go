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

// FuzzHTTPRequest looks for a host or path that makes more of a request than
// one line and two headers.
func FuzzHTTPRequest(f *testing.F) {
	f.Add("example.com", uint16(80), "/")
	f.Add("::1", uint16(8080), "/a?b=c")
	f.Add("a\r\nX: y", uint16(80), "/ HTTP/1.1\r\n\r\nGET /")
	f.Fuzz(func(t *testing.T, host string, port uint16, path string) {
		b, err := HTTPRequest(host, port, path)
		if err != nil {
			return
		}
		if lines := bytes.Split(b, []byte("\r\n")); len(lines) != 5 || bytes.Count(b, []byte("\n")) != 4 || bytes.Count(lines[0], []byte(" ")) != 2 {
			t.Fatalf("%q", b)
		}
	})
}

// FuzzCRLF holds the conversion against its rule, however the text is cut.
func FuzzCRLF(f *testing.F) {
	f.Add([]byte("a\nb\r\nc"), 5)
	f.Add([]byte("\r\n\n\r"), 1)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		cut = max(0, min(cut, len(text)))
		var c crlf
		got := append(c.convert(text[:cut]), c.convert(text[cut:])...)
		want := bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		if !bytes.Equal(got, want) {
			t.Fatalf("%q cut at %d gives %q, want %q", text, cut, got, want)
		}
	})
}
