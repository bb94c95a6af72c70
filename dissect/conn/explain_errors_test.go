package conn

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// errnosOfCalls are the errors that Linux's manual pages of the socket calls
// name for sockets of the Internet (those of AF_UNIX alone left out).
var errnosOfCalls = map[string]string{
	"socket(2)":      "EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM EPROTONOSUPPORT EPERM ESOCKTNOSUPPORT",
	"connect(2)":     "EACCES EPERM EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF ECONNREFUSED EFAULT EINPROGRESS EINTR EISCONN ENETUNREACH ENOTSOCK EPROTOTYPE ETIMEDOUT ECONNRESET EHOSTUNREACH ENETDOWN EOPNOTSUPP",
	"accept(2)":      "EAGAIN EWOULDBLOCK EBADF ECONNABORTED EFAULT EINTR EINVAL EMFILE ENFILE ENOBUFS ENOMEM ENOTSOCK EOPNOTSUPP EPERM EPROTO ESOCKTNOSUPPORT EPROTONOSUPPORT ETIMEDOUT ENETDOWN ENOPROTOOPT EHOSTDOWN ENONET EHOSTUNREACH ENETUNREACH",
	"bind(2)":        "EACCES EADDRINUSE EBADF EINVAL ENOTSOCK EADDRNOTAVAIL EFAULT EAFNOSUPPORT ENODEV",
	"listen(2)":      "EADDRINUSE EBADF ENOTSOCK EOPNOTSUPP",
	"send(2)":        "EACCES EAGAIN EWOULDBLOCK EALREADY EBADF ECONNRESET EDESTADDRREQ EFAULT EINTR EINVAL EISCONN EMSGSIZE ENOBUFS ENOMEM ENOTCONN ENOTSOCK EOPNOTSUPP EPIPE ESHUTDOWN",
	"recv(2)":        "EAGAIN EWOULDBLOCK EBADF ECONNREFUSED EFAULT EINTR EINVAL ENOMEM ENOTCONN ENOTSOCK ECONNRESET ETIMEDOUT ENETRESET",
	"shutdown(2)":    "EBADF EINVAL ENOTCONN ENOTSOCK",
	"setsockopt(2)":  "EBADF EFAULT EINVAL ENOPROTOOPT ENOTSOCK",
	"getaddrinfo(3)": "EAI_NONAME EAI_AGAIN",
}

func TestExplainKnowsErrorsOfCalls(t *testing.T) {
	for page, names := range errnosOfCalls {
		for name := range strings.FieldsSeq(names) {
			if _, ok := Explain(name); !ok {
				t.Errorf("%s gives %s, which is not explained", page, name)
			}
		}
	}
}

// TestExplainMessages holds that what programs print is understood as they
// print it.
func TestExplainMessages(t *testing.T) {
	tests := map[string]string{
		// C, as perror() and nc have it.
		"recv: Connection reset by peer":                                                 "ECONNRESET",
		"connection reset by peer":                                                       "ECONNRESET",
		"Cannot assign requested address":                                                "EADDRNOTAVAIL",
		"nc: connect to 127.0.0.1 port 3000 (tcp) failed: Connection refused":            "ECONNREFUSED",
		"nc: connect to 10.9.0.9 port 80 (tcp) timed out: Operation now in progress":     "EINPROGRESS",
		"nc: Address already in use":                                                     "EADDRINUSE",
		"Ncat: Connection refused.":                                                      "ECONNREFUSED",
		`nc: getaddrinfo for host "nohost" port 3000: Name or service not known`:         "ENOTFOUND",
		"bash: connect: Network is unreachable":                                          "ENETUNREACH",
		"curl: (7) Failed to connect to localhost port 1: Couldn't connect to server":    "ECONNREFUSED",
		"curl: (52) Empty reply from server":                                             "socket hang up",
		"curl: (56) Recv failure: Connection reset by peer":                              "ECONNRESET",
		"socket.gaierror: [Errno -3] Temporary failure in name resolution":               "EAI_AGAIN",
		"ConnectionRefusedError: [Errno 111] Connection refused":                         "ECONNREFUSED",
		"ConnectionResetError":                                                           "ECONNRESET",
		"[Errno 104]":                                                                    "ECONNRESET",
		"errno 104":                                                                      "ECONNRESET",
		"BrokenPipeError: [Errno 32] Broken pipe":                                        "EPIPE",
		"TimeoutError: timed out":                                                        "ETIMEDOUT",
		"socket.timeout: timed out":                                                      "ETIMEDOUT",
		"OSError: [Errno 98] Address already in use":                                     "EADDRINUSE",
		"OSError: [Errno 107] Transport endpoint is not connected":                       "ENOTCONN",
		"OSError: [Errno 9] Bad file descriptor":                                         "EBADF",
		"BlockingIOError: [Errno 115] Operation now in progress":                         "EINPROGRESS",
		"BlockingIOError: [Errno 11] Resource temporarily unavailable":                   "EAGAIN",
		"PermissionError: [Errno 13] Permission denied":                                  "EACCES",
		"http.client.RemoteDisconnected: Remote end closed connection without response":  "socket hang up",
		"Error: connect ECONNREFUSED 127.0.0.1:3000":                                     "ECONNREFUSED",
		"Error: read ECONNRESET":                                                         "ECONNRESET",
		"Error: socket hang up":                                                          "socket hang up",
		"Error: listen EADDRINUSE: address already in use :::3000":                       "EADDRINUSE",
		"errno: -111, code: 'ECONNREFUSED', syscall: 'connect'":                          "ECONNREFUSED",
		"Error: getaddrinfo ENOTFOUND nohost":                                            "ENOTFOUND",
		"dial tcp 127.0.0.1:3000: connect: connection refused":                           "ECONNREFUSED",
		"read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout":                                 "ETIMEDOUT",
		"java.net.ConnectException: Connection refused":                                  "ECONNREFUSED",
		"java.net.SocketException: Connection reset":                                     "ECONNRESET",
		`Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }`:       "ECONNREFUSED",
		"Connection refused (os error 111)":                                              "ECONNREFUSED",
		"[WinError 10054] An existing connection was forcibly closed by the remote host": "ECONNRESET",
		"WSAECONNREFUSED":                                                                "ECONNREFUSED",
		"EWOULDBLOCK":                                                                    "EAGAIN",
	}
	for message, want := range tests {
		if e, ok := Explain(message); !ok || e.Term != want {
			t.Errorf("%s: %q, want %q", message, e.Term, want)
		}
	}
	for _, message := range []string{"flux capacitor", "errno", "[Errno 9999]", "", " ", "e in value", "the evil ECONN", "connected"} {
		if e, ok := Explain(message); ok {
			t.Errorf("%q is explained as %s", message, e.Term)
		}
	}
}

// TestFailuresAreApart holds that no form is that of two errors; of numbers, which
// differ from one system to another, the first counts.
func TestFailuresAreApart(t *testing.T) {
	of := map[string]string{}
	for i := range socketFailures {
		f := &socketFailures[i]
		for form := range f.all {
			key := spaced(form)
			if other, ok := of[key]; ok && !strings.ContainsAny(key, "0123456789") {
				t.Errorf("%q stands for %s and %s", form, other, f.Term)
			}
			of[key] = f.Term
		}
	}
}

// TestTermsHoldFailures holds that the glossary has them.
func TestTermsHoldFailures(t *testing.T) {
	terms := Terms()
	for i := range socketFailures {
		if !slices.Contains(terms, socketFailures[i].Entry) {
			t.Errorf("%s is not among the terms", socketFailures[i].Term)
		}
	}
}

func FuzzExplain(f *testing.F) {
	for _, s := range []string{"ConnectionResetError: [Errno 104]", "SYN", "\xff\xfe", "İ ſ", strings.Repeat("errno ", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if e, ok := Explain(s); ok != (e.Term != "") {
			t.Errorf("%q: %v, entry %q", s, ok, e.Term)
		}
	})
}

func ExampleExplain_message() {
	e, _ := Explain("OSError: [Errno 98] Address already in use")
	fmt.Println(e.Term)
	// Output:
	// EADDRINUSE
}
