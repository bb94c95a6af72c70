package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"

	"tcpsee/capture/drive"
)

// becomeUser makes all threads of a root process those of the user who called
// sudo, with the user's groups and without any capability. It does nothing for
// plain root, for an ordinary user, and in a user namespace that has no such
// user (user_namespaces(7)): there only confine takes something away.
func becomeUser() error {
	who, err := sudoAccount()
	if errors.Is(err, errNoAccount) || os.Geteuid() != 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("give up root: %w", err)
	}
	if !mapsAccount(who) {
		return nil
	}
	who.groups = groupsOf(who)
	if err := dropBounding(); err != nil {
		return fmt.Errorf("give up root: %w", err)
	}
	return switchTo(who)
}

// switchTo changes the ids, groups first, as that takes the right that the
// user's number takes away (setgroups(2)).
func switchTo(who account) error {
	if err := syscall.Setgroups(who.groups); err != nil {
		return fmt.Errorf("give up root: set groups: %w", err)
	}
	if err := syscall.Setresgid(who.gid, who.gid, who.gid); err != nil {
		return fmt.Errorf("give up root: become group %d: %w", who.gid, err)
	}
	if err := syscall.Setresuid(who.uid, who.uid, who.uid); err != nil {
		return fmt.Errorf("give up root: become user %d: %w", who.uid, err)
	}
	if r, e, s := unix.Getresuid(); r != who.uid || e != who.uid || s != who.uid {
		return fmt.Errorf("give up root: still user %d, %d, %d", r, e, s)
	}
	return nil
}

// groupsOf returns the groups that the user has when logged in. A user that
// the system does not know, as in a container, has the one group.
func groupsOf(who account) []int {
	groups := []int{who.gid}
	u, err := user.LookupId(strconv.Itoa(who.uid))
	if err != nil {
		return groups
	}
	ids, err := u.GroupIds()
	if err != nil {
		return groups
	}
	for _, id := range ids {
		if g, err := strconv.Atoi(id); err == nil && !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
	}
	return groups
}

// mapsAccount reports whether this process's user namespace has the user and
// the group, and allows groups to be set.
func mapsAccount(who account) bool {
	if b, err := os.ReadFile("/proc/self/setgroups"); err == nil && strings.TrimSpace(string(b)) == "deny" {
		return false
	}
	return maps("/proc/self/uid_map", who.uid) && maps("/proc/self/gid_map", who.gid)
}

// maps reports whether a table of user_namespaces(7), "first inside, first
// outside, how many" a line, has an id. Where there is no table, there is no
// namespace but the first, which has all.
func maps(table string, id int) bool {
	f, err := os.Open(table)
	if err != nil {
		return true
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		if len(w) != 3 {
			continue
		}
		first, err1 := strconv.ParseInt(w[0], 10, 64)
		count, err2 := strconv.ParseInt(w[2], 10, 64)
		if err1 == nil && err2 == nil && int64(id) >= first && int64(id)-first < count {
			return true
		}
	}
	return false
}

// confine takes from all threads what this process no longer needs: root's
// identity where becomeUser has not done so yet, every capability, the chance
// to gain rights by starting a program, and, by Landlock as far as this kernel
// has it, the file system and TCP. It cannot be undone.
func confine(o confinement) error {
	if err := becomeUser(); err != nil {
		return err
	}
	if err := dropBounding(); err != nil {
		return fmt.Errorf("give up rights: %w", err)
	}
	if err := drive.KeepCapabilities(0); err != nil {
		return fmt.Errorf("give up rights: %w", err)
	}
	if err := noNewPrivileges(); err != nil {
		return fmt.Errorf("give up rights: %w", err)
	}
	for _, dir := range o.write {
		// Said now, and not when the next file is due.
		if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
			return fmt.Errorf("make further files in %s without root's rights: %w", dir, err)
		}
	}
	if err := o.landlock(); err != nil {
		return fmt.Errorf("give up rights: landlock: %w", err)
	}
	return nil
}

// What Landlock grants of the file system (landlock(7)).
const (
	mayRead     = ll.AccessFSReadFile
	mayReadDirs = ll.AccessFSReadFile | ll.AccessFSReadDir
	mayMake     = ll.AccessFSWriteFile | ll.AccessFSMakeReg | ll.AccessFSTruncate
)

// landlock restricts this process as far as the kernel can.
func (o confinement) landlock() error {
	rules := []landlock.Rule{landlock.PathAccess(mayMake, o.write...)}
	for _, path := range o.read {
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		access := landlock.AccessFSSet(mayRead)
		if st.IsDir() {
			access = mayReadDirs
		}
		rules = append(rules, landlock.PathAccess(access, path))
	}
	net := []landlock.Rule{}
	for _, p := range o.connect {
		net = append(net, landlock.ConnectTCP(p))
	}
	for _, p := range o.bind {
		net = append(net, landlock.BindTCP(p))
	}
	// From V10 on UDP is restricted too. Who connects asks for its own source
	// address by a UDP socket, so that UDP is left to it.
	all := landlock.V11.BestEffort()
	if len(net) > 0 {
		all = landlock.V9.BestEffort()
	}
	if !o.signals {
		return all.Restrict(append(rules, net...)...)
	}
	if err := all.RestrictPaths(rules...); err != nil {
		return err
	}
	return all.RestrictNet(net...)
}

// dropBounding empties the capability bounding set: no program that is started
// from here on can have any. Without CAP_SETPCAP it cannot be done, and
// no_new_privs has to do.
func dropBounding() error {
	for c := range uintptr(maxCapability) {
		switch err := allThreadsPrctl(unix.PR_CAPBSET_DROP, c, 0); err {
		case nil:
		case unix.EINVAL, unix.EPERM: // past the last one; not allowed
			return nil
		default:
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	return nil
}

// maxCapability is how many capabilities the kernel's interface has room for.
const maxCapability = 64

// ownCapabilities returns the permitted capabilities of this thread.
func ownCapabilities() (uint64, error) {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return 0, fmt.Errorf("read capabilities: %w", err)
	}
	return uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted), nil
}

// noNewPrivileges stops set-user-id programs and file capabilities from giving
// rights to this process and its children (no_new_privs of prctl(2)).
func noNewPrivileges() error {
	if err := allThreadsPrctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return nil
}

// allThreadsPrctl is prctl(2) in every thread of this process.
func allThreadsPrctl(option, arg2, arg3 uintptr) error {
	if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, option, arg2, arg3, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// landlockABI returns the version of Landlock that this kernel has, 0 for
// none.
func landlockABI() int {
	v, err := ll.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return v
}
