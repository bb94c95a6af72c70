package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestNCSays: with -v the sentences of nc -v stand where nc says them, and a
// saved capture keeps them.
func TestNCSays(t *testing.T) {
	needRoot(t)
	port := freePort(t)
	saved := filepath.Join(t.TempDir(), "s09.pcapng")
	server := start(t, tcpsee("listen", "-v", "--no-names", "--width", "120", "-w", saved, "127.0.0.1", port))
	server.err.await(t, "nc -v says: Listening on 127.0.0.1 "+port)
	client := start(t, tcpsee("connect", "-v", "-z", "--no-names", "--width", "120", "localhost", port))
	if status := client.end(t); status != 0 {
		t.Errorf("connect: exit status %d", status)
	}
	if status := server.end(t); status != 0 {
		t.Errorf("listen: exit status %d", status)
	}
	inOrder(t, client.err.String(), "connect(127.0.0.1:"+port+")", "─ SYN-ACK", "connect() returns",
		"nc -v says: Connection to localhost (127.0.0.1) "+port+" port [tcp/", "] succeeded!")
	inOrder(t, server.err.String(), "listen(backlog 1)", "nc -v says: Listening on", "accept()", "── ACK", "accept() returns",
		"nc -v says: Connection received on 127.0.0.1 ", "closed by the client")
	inOrder(t, mustRun(t, "replay", "--width", "120", saved), "accept() returns", "nc -v says: Connection received on 127.0.0.1 ")
	inOrder(t, mustRun(t, "replay", "-o", "ndjson", saved), `"call":"accept"`, `{"type":"remark",`, `"from":"server","text":"nc -v says: Connection received on 127.0.0.1 `)
	if s := mustRun(t, "replay", "--anonymize", saved); strings.Contains(s, "nc -v says") || !strings.Contains(s, "(remark)") {
		t.Errorf("what nc says names hosts:\n%s", s)
	}

	refused := start(t, tcpsee("connect", "-v", "--no-names", "127.0.0.1", freePort(t)))
	if status := refused.end(t); status != 1 {
		t.Errorf("refused: exit status %d", status)
	}
	inOrder(t, refused.err.String(), "connect() fails", "nc -v says: nc: connect to 127.0.0.1 port ", "(tcp) failed: Connection refused")
}

// inOrder checks that words stand in a text one after another.
func inOrder(t *testing.T, text string, words ...string) {
	t.Helper()
	rest := text
	for _, w := range words {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Errorf("%q is missing or stands too early:\n%s", w, text)
			return
		}
		rest = after
	}
}
