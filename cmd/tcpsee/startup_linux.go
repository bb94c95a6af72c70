package main

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// atSecure is AT_SECURE of getauxval(3): the program has rights that who
// started it has not.
const atSecure = 23

// forgetRuntime takes out of the environment what Go's runtime adds to that of
// a program with file capabilities: it is not for the commands that are started
// from here.
func forgetRuntime() {
	list, err := unix.Auxv()
	if err != nil {
		return
	}
	for _, entry := range list {
		if entry[0] == atSecure && entry[1] != 0 {
			_ = os.Unsetenv("GOTRACEBACK")
		}
	}
}

// forgetStartup takes those pages of the program itself out of memory that
// nothing has written to: most of them only its start needed, with the tables
// and flags of all commands. What is needed again comes back from the file by
// itself. Where the system does not say what lies where, nothing changes.
func forgetStartup() {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	for _, m := range unwritten(f, exe) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.from, m.to-m.from, unix.MADV_DONTNEED)
	}
}

// mapping is where part of a file lies in memory.
type mapping struct{ from, to uintptr }

// unwritten returns the read-only mappings of a file no page of which differs
// from it: neither a linker nor a debugger has written there. The format is
// that of proc_pid_smaps(5).
func unwritten(smaps io.Reader, file string) (list []mapping) {
	var at mapping
	for s := bufio.NewScanner(smaps); s.Scan(); {
		line := s.Text()
		if m, ok := parseMapping(line); ok {
			if at = (mapping{}); isReadOnlyOf(line, file) {
				at = m
			}
			continue
		}
		if value, ok := strings.CutPrefix(line, "Anonymous:"); ok && at != (mapping{}) && strings.TrimSpace(value) == "0 kB" {
			list = append(list, at)
		}
	}
	return list
}

// isReadOnlyOf reports whether a mapping's line is of that file and cannot be
// written to: "00400000-009b4000 r-xp 00000000 fe:00 10176192   /usr/bin/x".
func isReadOnlyOf(line, file string) bool {
	fields := strings.Fields(line)
	return len(fields) > 5 && strings.HasSuffix(line, " "+file) && strings.HasPrefix(fields[1], "r") && !strings.Contains(fields[1], "w")
}

// parseMapping reads the addresses in front of a mapping's line; other lines
// have none.
func parseMapping(line string) (mapping, bool) {
	span, _, _ := strings.Cut(line, " ")
	a, b, ok := strings.Cut(span, "-")
	if !ok {
		return mapping{}, false
	}
	from, err := strconv.ParseUint(a, 16, strconv.IntSize)
	if err != nil {
		return mapping{}, false
	}
	to, err := strconv.ParseUint(b, 16, strconv.IntSize)
	if err != nil || to <= from {
		return mapping{}, false
	}
	return mapping{uintptr(from), uintptr(to)}, true
}
