package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the goldens anew")

// outcome is what a networking engineer says of one connection of a scenario.
type outcome struct {
	verdict string
	by      string // "" where nobody ended it
	detail  string
}

// scenarios are the exercise's (testdata/README.md says what was done).
var scenarios = []struct {
	name     string
	segments int
	conns    []outcome
	shows    []string // in the picture
}{
	{"s01-chat", 10, []outcome{{"closed", "client", ""}}, []string{`"Hello\n"`, `"World\n"`, "handshake complete", "closed by the client"}},
	{"s01-chat-two-hosts", 10, []outcome{{"closed", "client", ""}}, []string{"10.9.0.1", "10.9.1.2"}},
	{"s01-chat-ipv6", 10, []outcome{{"closed", "client", ""}}, []string{"fd09:1::2", "IPv6"}},
	{"s02-http-200", 0, []outcome{{"closed", "server", ""}}, []string{"GET / HTTP/1.1", "200 OK"}},
	{"s02-http-200-ipv6", 0, []outcome{{"closed", "server", ""}}, []string{"GET / HTTP/1.1", "200 OK"}},
	{"s03-http-400", 10, []outcome{{"closed", "server", "bad-request"}}, []string{"400", "HTP/1.1"}},
	{"s04-too-slow", 9, []outcome{{"closed", "server", "request-incomplete"}}, []string{"2.00"}},
	{"s05-refused", 2, []outcome{{"refused", "server", ""}}, []string{"refused", "who has 10.9.0.254"}},
	{"s05-refused-loopback", 2, []outcome{{"refused", "server", ""}}, []string{"refused"}},
	{"s05-no-answer", 7, []outcome{{"no-answer", "", ""}}, []string{"7 SYNs"}},
	{"s05-unreachable", 1, []outcome{{"unreachable", "", ""}}, []string{"10.9.0.254"}},
	{"s05-prohibited-ipv6", 2, []outcome{{"unreachable", "", "prohibited"}}, []string{"fd09::fe"}},
	{"s05-no-neighbour", 0, []outcome{{"unreachable", "", "no-neighbour"}}, []string{"ARP", "nobody answered"}},
	{"s06-python", 10, []outcome{{"closed", "client", ""}}, []string{"Hello Server", "Hello Client"}},
	{"s07-backlog", 0, []outcome{{"closed", "client", ""}, {"reset", "server", "after-peers-close"}, {"reset", "server", "after-peers-close"}, {"no-answer", "", "backlog"}}, []string{"queue is full"}},
	{"s08-greeting", 15, []outcome{{"refused", "server", ""}, {"closed", "server", ""}}, []string{"What's your name? "}},
	{"s09-verbose", 12, []outcome{{"refused", "server", ""}, {"closed", "client", ""}}, []string{`"Hello\n"`}},
	{"s10-node", 10, []outcome{{"closed", "client", ""}}, []string{"Hello World form the server!"}},
	{"s12-half-close", 11, []outcome{{"closed", "client", ""}}, []string{"half-close"}},
	{"s13-restart", 10, []outcome{{"closed", "server", ""}, {"refused", "server", ""}}, []string{"already in use", "nc -lk 3000"}},
	{"s14-localhost-only", 2, []outcome{{"refused", "server", ""}}, []string{"127.0.0.1:3000 only"}},
	{"s15-accept-exit", 7, []outcome{{"reset", "server", "after-close"}}, []string{"RST"}},
	{"s16-curl", 0, []outcome{{"closed", "client", ""}}, []string{"GET / HTTP/1.1", "200 OK"}},
	{"s17-tls", 0, []outcome{{"closed", "server", ""}}, []string{"TLS", "www.example.org"}},
	{"l7-http2", 14, []outcome{{"closed", "client", ""}}, []string{"HTTP/2 preface", "HEADERS (stream 1)"}},
	{"l7-tls-alpn", 17, []outcome{{"reset", "client", "after-close"}}, []string{"www.example.org", "close_notify"}},
	{"l7-websocket", 14, []outcome{{"closed", "server", ""}}, []string{"WebSocket text", "WebSocket close"}},
	{"l7-smtp", 24, []outcome{{"closed", "client", ""}}, []string{"SMTP ehlo", "SMTP message", "SMTP 221"}},
	{"l7-dns", 10, []outcome{{"closed", "client", ""}}, []string{"DNS query www.example.org A"}},
	{"l7-ssh", 12, []outcome{{"closed", "client", ""}}, []string{"SSH-2.0-OpenSSH", "SSH key exchange"}},
}

// tcpsee runs this test binary as the command.
func tcpsee(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "COLUMNS=") || strings.HasPrefix(s, "LC_") || strings.HasPrefix(s, "LANG=")
	}), asCommand+"=1", "LC_ALL=C.UTF-8")
	return cmd
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := tcpsee(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("tcpsee %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// row is what these tests read of an NDJSON object.
type row struct {
	Type    string
	Frame   int
	Conn    int
	Kind    string
	From    string
	Verdict string
	By      string
	Detail  string
	States  map[string][2]string
	Labels  labelNames
}

// labelNames are a segment's labels. A connection's are counts, and passed
// over.
type labelNames []string

func (l *labelNames) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]string)(l))
	}
	return nil
}

func rows(t *testing.T, text string) []row {
	t.Helper()
	var list []row
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		var r row
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, s.Text())
		}
		list = append(list, r)
	}
	return list
}

// TestScenarios: every connection of the exercise gets the verdict that it
// should, every segment is there, and the picture says what it must.
func TestScenarios(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("..", "..", "testdata", s.name+".pcap")
			segments := 0
			var got []outcome
			for _, r := range rows(t, mustRun(t, "replay", file, "-o", "ndjson")) {
				switch r.Type {
				case "segment":
					segments++
				case "connection":
					got = append(got, outcome{r.Verdict, r.By, r.Detail})
				}
			}
			if s.segments != 0 && segments != s.segments {
				t.Errorf("%d segments, want %d", segments, s.segments)
			}
			if !slices.Equal(got, s.conns) {
				t.Errorf("verdicts %v, want %v", got, s.conns)
			}
			for _, width := range []string{"80", "120"} {
				picture := mustRun(t, "replay", file, "--width", width)
				for _, word := range s.shows {
					if !strings.Contains(picture, word) {
						t.Errorf("the picture at %s columns does not show %q", width, word)
					}
				}
				golden(t, s.name+"-"+width, picture)
			}
		})
	}
}

// golden compares a picture with the one that was looked at.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("..", "..", "testdata", "golden", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test ./cmd/tcpsee -update makes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs from the golden:\n%s", name, got)
	}
}
