package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

// The rights of a process that captures and parses what strangers send.
//
// Root is needed to open a capture and a low port, and for nothing after that.
// The order is:
//
//  1. resolve names; read the user's ssh sessions
//  2. open the capture; bind what is listened on
//  3. startNames, the wrapped command (held), the pager
//  4. open the terminal
//  5. becomeUser: under sudo the process is the user's from here
//  6. open every output (-o, -w); they belong to the user
//  7. confine: no capability, no new privileges, Landlock
//  8. release the wrapped command; the first packet is parsed
//
// A step done too late fails: confined, this process can start no pager, open
// no /dev/tty, read no /etc/resolv.conf and bind no port 80. Reading a file
// needs no right: it is opened, then confine, then its first byte is parsed.
//
// All threads change together (psx). The kernel answers each of them, and Go
// ends the program where their answers differ, so no goroutine may have
// changed the rights of a thread that it has locked (runtime.LockOSThread).

// confinement is what a confined process may still do. What it has open stays
// open: files, the capture with its filter and its counts, connections.
type confinement struct {
	read  []string // files, and directories with all that is in them, that it may open to read
	write []string // directories where it may make files and write them, not read them

	connect []uint16 // TCP ports of any host that it may connect to
	bind    []uint16 // TCP ports that it may bind; 0 is one that the kernel chooses

	// signals lets it send signals to processes that were started before, as
	// to a wrapped command. Without it they reach only what is confined too.
	signals bool
}

// account is a user and the groups that a process has as that user.
type account struct {
	uid, gid int
	groups   []int
}

// maxID is the highest user or group number. The one above it, -1 as an
// unsigned number, means "leave as it is" to setresuid(2): taken for a user it
// would leave root root.
const maxID = 1<<32 - 2

// errNoAccount says that nobody called sudo, or root did.
var errNoAccount = errors.New("no user called this command with sudo")

// sudoAccount reads from sudo(8)'s variables who called it, errNoAccount where
// nobody did. Variables that make no sense are an error: to go on as root
// because of a misspelled number would be the wrong way to fail.
func sudoAccount() (account, error) {
	u, g := os.Getenv("SUDO_UID"), os.Getenv("SUDO_GID")
	if u == "" {
		return account{}, errNoAccount
	}
	if g == "" {
		return account{}, fmt.Errorf("SUDO_UID is %s, and there is no SUDO_GID: set both, or neither", u)
	}
	uid, err1 := strconv.ParseUint(u, 10, 32)
	gid, err2 := strconv.ParseUint(g, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return account{}, fmt.Errorf("read SUDO_UID and SUDO_GID: %w", err)
	}
	if uid > maxID || gid > maxID {
		return account{}, fmt.Errorf("SUDO_UID %s and SUDO_GID %s: no such user", u, g)
	}
	if uid == 0 {
		return account{}, errNoAccount
	}
	return account{uid: int(uid), gid: int(gid)}, nil
}
