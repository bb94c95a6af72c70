package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestUnwritten: of a file's mappings those are taken that can be read only and
// that nobody has written to.
func TestUnwritten(t *testing.T) {
	const smaps = `00400000-009b4000 r-xp 00000000 fe:00 101                           /usr/bin/x
Rss:                4624 kB
Anonymous:             0 kB
009b4000-00fcb000 r--p 005b4000 fe:00 101                           /usr/bin/x
Rss:                4956 kB
Anonymous:             4 kB
00fcb000-0102b000 rw-p 00bcb000 fe:00 101                           /usr/bin/x
Anonymous:             0 kB
0102b000-0102c000 ---p 00bcb000 fe:00 101                           /usr/bin/x
Anonymous:             0 kB
01100000-01200000 r--p 00000000 fe:00 102                           /usr/bin/x y
Anonymous:             0 kB
01300000-01400000 r--p 00000000 fe:00 101                           /usr/bin/x
Anonymous:             0 kB
01500000-01600000 r--p 00000000 00:00 0 
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0x9b4000}, {0x1300000, 0x1400000}}
	if got := unwritten(strings.NewReader(smaps), "/usr/bin/x"); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	for _, odd := range []string{"", "-", "1-", "2-1 r--p 0 0 0 /x", "Anonymous: 0 kB\n", "zz-1 r--p 0 0 0 /x\nAnonymous: 0 kB\n"} {
		if got := unwritten(strings.NewReader(odd), "/x"); len(got) > 0 {
			t.Errorf("%q: %x", odd, got)
		}
	}
}

// TestForgetStartup: this program finds its own code, which is still there
// after it was taken out of memory.
func TestForgetStartup(t *testing.T) {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Skip(err)
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	if list := unwritten(f, exe); len(list) == 0 {
		t.Skip("the system shows no mapping of the program that nobody has written to")
	}
	forgetStartup()
	if cmd, _, err := new(app).root().Find([]string{"replay"}); err != nil || cmd.Name() != "replay" {
		t.Errorf("afterwards: %v", err)
	}
}
