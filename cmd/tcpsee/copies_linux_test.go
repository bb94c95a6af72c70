package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// bridged makes two network namespaces: the first has a bridge with one port,
// a veth pair to the second. It returns what runs a command in each.
func bridged(t *testing.T) (here, there func(*exec.Cmd) *exec.Cmd) {
	t.Helper()
	needRoot(t)
	ip := needTool(t, "ip")
	a, b := fmt.Sprintf("tcpsee-a%d", os.Getpid()), fmt.Sprintf("tcpsee-b%d", os.Getpid())
	do := func(words string) error {
		out, err := exec.Command(ip, strings.Fields(words)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", words, err, out)
		}
		return nil
	}
	t.Cleanup(func() {
		_ = do("netns del " + a)
		_ = do("netns del " + b)
	})
	for _, words := range []string{
		"netns add " + a, "netns add " + b,
		"-n " + a + " link set lo up", "-n " + b + " link set lo up",
		"-n " + a + " link add br0 type bridge", "-n " + a + " link set br0 up",
		"-n " + a + " link add port0 type veth peer name far0 netns " + b,
		"-n " + a + " link set port0 master br0 up", "-n " + b + " link set far0 up",
		"-n " + a + " addr add 10.99.1.1/24 dev br0", "-n " + b + " addr add 10.99.1.2/24 dev far0",
	} {
		if err := do(words); err != nil {
			t.Skipf("needs network namespaces with a bridge: %v", err)
		}
	}
	within := func(name string) func(*exec.Cmd) *exec.Cmd {
		return func(cmd *exec.Cmd) *exec.Cmd {
			inside := exec.Command(ip, append([]string{"netns", "exec", name}, cmd.Args...)...)
			inside.Env = cmd.Env
			return inside
		}
	}
	return within(a), within(b)
}

// TestWatchBridge: over a bridge each packet passes two interfaces, and is
// drawn once, as the bridge sees it.
func TestWatchBridge(t *testing.T) {
	here, there := bridged(t)
	for _, c := range []struct {
		flag  string
		syns  int
		on    string
		shows string
	}{
		{"--copies=false", 1, "connection 1 on br0", "seen again on port0"},
		{"--copies", 2, "connection 1 on br0", "duplicate-capture"},
	} {
		w := start(t, here(tcpsee("watch", "--no-names", "--width", "120", c.flag, "tcp", "port", "3000")))
		w.err.await(t, "Ctrl-C ends")
		server := start(t, there(tcpsee("listen", "-q", "--no-names", "10.99.1.2", "3000")))
		server.err.await(t, "Ctrl-C ends")
		if status := start(t, here(tcpsee("connect", "-q", "-z", "--no-names", "10.99.1.2", "3000"))).end(t); status != 0 {
			t.Fatalf("connect: exit status %d", status)
		}
		w.out.await(t, "FIN-WAIT-1")
		server.end(t)
		if status := w.interrupt(t); status != 0 {
			t.Errorf("%s: exit status %d\n%s", c.flag, status, w.err)
		}
		out := w.out.String()
		if n := strings.Count(out, "── SYN  "); n != c.syns {
			t.Errorf("%s: %d rows with SYN, want %d", c.flag, n, c.syns)
		}
		if !strings.Contains(out, c.on) || !strings.Contains(out, c.shows) {
			t.Errorf("%s: %q or %q is missing", c.flag, c.on, c.shows)
		}
		if t.Failed() {
			t.Fatal(out)
		}
	}
}

// TestWatchInterfaceGoes: that an interface is down is said when it is, and its
// removal ends watch; all interfaces are watched on.
func TestWatchInterfaceGoes(t *testing.T) {
	here, _ := bridged(t)
	one := start(t, here(tcpsee("watch", "--no-names", "-i", "br0")))
	all := start(t, here(tcpsee("watch", "--no-names")))
	one.err.await(t, "Ctrl-C ends")
	all.err.await(t, "Ctrl-C ends")
	ip := func(words string) {
		if out, err := here(exec.Command("ip", strings.Fields(words)...)).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", words, err, out)
		}
	}
	ip("link set br0 down")
	one.out.await(t, "the interface went down: nothing is seen until it is up again")
	ip("link del br0")
	if status := one.end(t); status != 1 || !strings.Contains(one.err.String(), "the interface is gone\nhint: tcpsee watch without -i") {
		t.Errorf("exit status %d\n%s", status, one.err)
	}
	client := start(t, here(tcpsee("connect", "-q", "-z", "--no-names", "127.0.0.1", "1")))
	client.end(t)
	all.out.await(t, "refused")
	if status := all.interrupt(t); status != 0 {
		t.Errorf("any: exit status %d\n%s", status, all.err)
	}
}
