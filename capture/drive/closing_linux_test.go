//go:build (amd64 || arm64) && !netdrive

package drive

import (
	"slices"
	"testing"
)

// TestClosing holds what is told of a socket when it is closed: of our own.
func TestClosing(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(t *testing.T, client, server *Conn)
		want   Closing
		args   string
	}{
		{"nothing", func(*testing.T, *Conn, *Conn) {}, Closing{}, ""},
		{"SO_LINGER", func(t *testing.T, client, _ *Conn) { must(t, client.ResetOnClose()) }, Closing{Linger0: true}, ""},
		{"unread", func(t *testing.T, client, server *Conn) {
			_, err := server.Write([]byte("Hello"))
			must(t, err)
			_, err = client.Read(make([]byte, 2)) // that it returns shows that all has come
			must(t, err)
		}, Closing{Unread: 3}, "3 bytes unread"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r record
			client, server := pair(t, "127.0.0.1", r.report)
			c.before(t, client, server)
			must(t, client.Close())
			for _, call := range r.all() {
				if call.Name == "close" && call.End == Client && (call.Closing != c.want || call.Args != c.args) {
					t.Errorf("close is %+v, args %q", call.Closing, call.Args)
				}
			}
			if _, err := server.Read(make([]byte, 1)); ErrName(err) != "ECONNRESET" && c.want != (Closing{}) {
				t.Errorf("the other end reads %v, not RST", err)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWrapClosing holds the same of sockets of a wrapped command, however they
// are closed: the option may be set before there is a connection, and the end of
// a process closes too.
func TestWrapClosing(t *testing.T) {
	traceable(t)
	const read = "s.sendall(b'Hello Server'); s.recv(5)\n" // of "Hello Client"
	set := func(seconds string) string {
		return "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, " + seconds + "))\n"
	}
	for _, c := range []struct {
		name, early, late string
		want              Closing
		args, syscall     string
	}{
		{"nothing", "", "s.close()", Closing{}, "", "close"},
		{"SO_LINGER before connect", set("0"), "s.close()", Closing{Linger0: true}, "", "close"},
		{"SO_LINGER before exit", "", set("0") + "os._exit(0)", Closing{Linger0: true}, "at exit", "exit"},
		{"SO_LINGER with a time", set("5"), "s.close()", Closing{}, "", "close"},
		{"SO_LINGER taken back", set("0"), set("5") + "s.close()", Closing{}, "", "close"},
		{"unread", "", read + "s.close()", Closing{Unread: 7}, "7 bytes unread", "close"},
		{"unread at exit", "", read + "os._exit(0)", Closing{Unread: 7}, "at exit, 7 bytes unread", "exit"},
		{"unread at exec", "", read + "os.execv('/bin/true', ['true'])", Closing{Unread: 7}, "at exec, 7 bytes unread", "execve"},
		{"unread, replaced", "", read + "os.dup2(0, s.fileno())", Closing{Unread: 7}, "7 bytes unread", "dup2"},
		{"a duplicate is left", "", read + "d = s.dup(); s.close()", Closing{Shared: true}, "still open elsewhere", "close"},
		{"a child has it", "", read + "if os.fork(): s.close(); os.wait()\nelse: import time; time.sleep(0.2)\n", Closing{Shared: true}, "still open elsewhere", "close"},
		{"a duplicate goes too", "", read + "d = s.dup(); os.closerange(3, 99)", Closing{Unread: 7}, "7 bytes unread", "close_range"},
		{"unread, by range", "", read + "os.closerange(3, 99)", Closing{Unread: 7}, "7 bytes unread", "close_range"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, _ := echoServer(t)
			x := python(t, "import os, socket, struct, sys\ns = socket.socket()\n"+c.early+
				"s.connect(('127.0.0.1', int(sys.argv[1])))\n"+c.late, port(at))
			k := x.find(t, "close", Whole)
			if k.Closing != c.want || k.Args != c.args {
				t.Errorf("close is %+v, args %q\n%s", k.Closing, k.Args, x.output)
			}
			if k.Syscall != c.syscall && !(c.syscall == "dup2" && k.Syscall == "dup3" || c.syscall == "close_range" && k.Syscall == "close") {
				t.Errorf("closed by %q", k.Syscall)
			}
		})
	}
}

const pythonMPTCP = `
import socket, sys
try:
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
except OSError as e:
    print("no MPTCP:", e)
    sys.exit(3)
s.bind(("127.0.0.1", 0))
s.listen(1)
c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
c.connect(s.getsockname())
a, _ = s.accept()
c.close()
a.recv(1)
a.close()
`

// TestWrapClosingMPTCP holds that the end of a stream is no byte unread.
func TestWrapClosingMPTCP(t *testing.T) {
	traceable(t)
	x := python(t, pythonMPTCP)
	if x.status == 3 {
		t.Skip(x.output)
	}
	for _, c := range x.all() {
		if c.Name == "close" && c.Closing != (Closing{}) {
			t.Errorf("close is %+v, args %q", c.Closing, c.Args)
		}
	}
}

const pythonPasses = `
import os, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
here, there = socket.socketpair()
if os.fork() == 0:
    s.close()
    _, fds, _, _ = socket.recv_fds(there, 1, 1)
    os.dup2(fds[0], 60)
    os.close(fds[0])
    os.write(60, b"Hello Server")
    there.send(b"x")
    there.recv(1)
    os.read(60, 100)
    os.close(60)
    os._exit(0)
socket.send_fds(here, [b"x"], [s.fileno()])
if sys.argv[2] == "used":
    here.recv(1)
s.close()
here.send(b"x")
os.wait()
`

// TestWrapClosingPassed holds that a socket which was sent to another process
// (SCM_RIGHTS) stays open there, used or not yet, and under whatever number.
func TestWrapClosingPassed(t *testing.T) {
	traceable(t)
	at, _ := echoServer(t)
	for _, how := range []string{"used", "under way"} {
		x := python(t, pythonPasses, port(at), how)
		var shared []bool
		for _, c := range x.all() {
			if c.Name == "close" {
				shared = append(shared, c.Closing.Shared)
			}
		}
		if x.status != 0 || !slices.Equal(shared, []bool{true, true, true, false}) {
			t.Errorf("%s: status %d, still open elsewhere: %v\n%s", how, x.status, shared, x.output)
		}
	}
}
