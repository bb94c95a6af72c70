package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"tcpsee/capture/drive"
)

// TestStartHint: under sudo a program that is not found may be one that sudo's
// PATH does not have.
func TestStartHint(t *testing.T) {
	under := func(string) string { return "1000" }
	plain := func(string) string { return "" }
	for _, c := range []struct {
		err  error
		env  func(string) string
		want string
	}{
		{drive.ErrNotInPath, under, `sudo env "PATH=$PATH" `},
		{drive.ErrNotInPath, plain, "./tool"},
		{syscall.EACCES, under, "ls -l tool"},
		{errors.New("odd"), under, ""},
	} {
		got := startHint(&drive.StartError{Command: "tool", Err: c.err}, c.env)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
	cmd := tcpsee("run", "nosuchprogram")
	cmd.Env = append(cmd.Env, "SUDO_UID=65534", "SUDO_GID=65534")
	p := start(t, cmd)
	if status := p.end(t); status != 127 || !strings.Contains(p.err.String(), "run nosuchprogram …") {
		t.Errorf("exit status %d\n%s", status, p.err)
	}
}

// TestInterpreterHint: what the system says of a script is said of its interpreter.
func TestInterpreterHint(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	for _, c := range []struct{ name, text, hint string }{
		{"script", "#! /no/such/python3 -u\nprint(1)\n", "its first line names is not: /no/such/python3"},
		{"windows", "#!/bin/sh\r\necho\r\n", `sed -i 's/\r$//'`},
	} {
		file := dir + "/" + c.name
		if err := os.WriteFile(file, []byte(c.text), 0o755); err != nil {
			t.Fatal(err)
		}
		p := start(t, tcpsee("run", file))
		if status := p.end(t); status != 127 || !strings.Contains(p.err.String(), c.hint) {
			t.Errorf("%s: exit status %d\n%s", c.name, status, p.err)
		}
	}
	if hint := interpreterHint(dir + "/nothing"); hint != "" {
		t.Errorf("of what is not there: %q", hint)
	}
}

// TestSSHClients names where sessions come from, each machine once.
func TestSSHClients(t *testing.T) {
	at := netip.MustParseAddrPort
	server := at("192.0.2.1:22")
	list := []endpoints{{server, at("198.51.100.7:5000")}, {server, at("198.51.100.7:5001")}}
	if got := sshClients(list); got != " from 198.51.100.7" {
		t.Errorf("%q", got)
	}
	list = append(list, endpoints{server, at("[2001:db8::1]:1")}, endpoints{server, at("198.51.100.8:1")})
	if got := sshClients(list); got != " from 3 machines" {
		t.Errorf("%q", got)
	}
	t.Setenv("SSH_CONNECTION", "198.51.100.7 5000 192.0.2.1 22")
	if own, ok := sshFromEnvironment(); !ok || own != list[0] {
		t.Errorf("%v, %v", own, ok)
	}
}

// TestDevNullHint: what cannot be started for want of /dev/null has no name to check.
func TestDevNullHint(t *testing.T) {
	for path, want := range map[string]string{os.DevNull: "mknod", "lesson.pcap": "check the name"} {
		err := fmt.Errorf("start the tracer: %w", &fs.PathError{Op: "open", Path: path, Err: syscall.ENOENT})
		if got := hintFor(err); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
