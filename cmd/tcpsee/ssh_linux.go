package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sshSessions returns the connections of the ssh server on this machine where
// this command itself runs in an ssh session, so that drawing them does not
// feed on itself. sudo drops SSH_CONNECTION: that there is a session is found
// through the ancestors, and which it is by the sockets that the ssh server holds.
func sshSessions() []endpoints {
	if !underSSH() {
		return nil
	}
	inodes := make(map[string]bool)
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range procs {
		if !isSSHServer(p) {
			continue
		}
		fds, _ := filepath.Glob(p + "/fd/*")
		for _, fd := range fds {
			if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "socket:[") {
				inodes[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
			}
		}
	}
	list := append(establishedIn("/proc/net/tcp", inodes), establishedIn("/proc/net/tcp6", inodes)...)
	if own, ok := sshFromEnvironment(); ok && len(list) == 0 {
		// The server's sockets are not ours to read: what goes from the same
		// client to the same port is most likely another of its terminals.
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			for _, e := range establishedIn(table, nil) {
				if e.a == own.a && e.b.Addr() == own.b.Addr() && e.b != own.b {
					list = append(list, e)
				}
			}
		}
		list = append(list, own)
	}
	return list
}

// underSSH reports whether an ancestor of this process is an ssh server, or has
// what such a server tells its sessions: tmux and screen outlive theirs, and stand
// between the next one and what runs in them.
func underSSH() bool {
	if os.Getenv("SSH_CONNECTION") != "" {
		return true
	}
	const generations = 64
	pid := os.Getppid()
	for i := 0; i < generations && pid > 1; i++ {
		dir := "/proc/" + strconv.Itoa(pid)
		if isSSHServer(dir) || startedBySSH(dir) {
			return true
		}
		pid = parentOf(dir)
	}
	return false
}

func isSSHServer(dir string) bool {
	comm, err := os.ReadFile(dir + "/comm")
	return err == nil && (strings.HasPrefix(string(comm), "sshd") || strings.HasPrefix(string(comm), "dropbear"))
}

// startedBySSH reports whether a process was given SSH_CONNECTION, as far as its
// environment may be read.
func startedBySSH(dir string) bool {
	b, err := os.ReadFile(dir + "/environ")
	return err == nil && bytes.Contains(append([]byte{0}, b...), []byte("\x00SSH_CONNECTION="))
}

// parentOf reads the parent's number, which stands behind the name in
// parentheses (proc(5)).
func parentOf(dir string) int {
	b, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return 0
	}
	s := string(b)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) < 2 {
		return 0
	}
	pid, _ := strconv.Atoi(f[1])
	return pid
}

// establishedIn lists the established connections of a table in /proc/net
// whose inode is in the set; all of them where that is nil.
func establishedIn(name string, inodes map[string]bool) []endpoints {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	var list []endpoints
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		const established = "01"
		if len(w) < 10 || w[3] != established || inodes != nil && !inodes[w[9]] {
			continue
		}
		a, okA := procAddr(w[1])
		b, okB := procAddr(w[2])
		if okA && okB {
			list = append(list, endpoints{a, b})
		}
	}
	return list
}

// procAddr reads an address as /proc/net/tcp writes it: words of 32 bits in
// the host's order (here: little), colon, port.
func procAddr(s string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(s, ":")
	raw, err := hex.DecodeString(host)
	p, err2 := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || err2 != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	a, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), ok
}

// sshFromEnvironment reads SSH_CONNECTION: client, its port, server, its port.
// As with the tables, this machine's end comes first.
func sshFromEnvironment() (endpoints, bool) {
	w := strings.Fields(os.Getenv("SSH_CONNECTION"))
	if len(w) != 4 {
		return endpoints{}, false
	}
	client, err1 := addrPort(w[0], w[1])
	server, err2 := addrPort(w[2], w[3])
	return endpoints{server, client}, err1 == nil && err2 == nil
}

func addrPort(host, port string) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	p, err := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), err
}
