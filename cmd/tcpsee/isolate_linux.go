package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"tcpsee/capture/drive"
)

// isolatedVariable marks the process that runs in namespaces of its own.
const isolatedVariable = "TCPSEE_ISOLATED"

// isIsolated reports whether this is that process.
func isIsolated() bool { return os.Getenv(isolatedVariable) != "" }

// errNotIsolated says that this system does not allow namespaces of one's own.
var errNotIsolated = errors.New("this system does not allow user namespaces")

// enterIsolated prepares the namespaces from inside, and takes the mark away,
// so that no command that is started from here takes itself for isolated.
func enterIsolated() error {
	if err := os.Unsetenv(isolatedVariable); err != nil {
		return err
	}
	err := loopbackUp()
	if err == nil {
		_, err = openLoopback()
	}
	if err != nil { // as where AppArmor lets a namespace be made, and grants nothing in it
		return withHint(fmt.Errorf("%w in which one may capture: %v", errNotIsolated, err), isolationAdvice())
	}
	return nil
}

// isolationAdvice is what the doctor would say about namespaces.
func isolationAdvice() string {
	m := thisMachine()
	m.root = false // inside of a namespace it seems so
	d := m.namespaces(errNotIsolated)
	if d.remedy == "" {
		return d.text
	}
	return d.text + "\ntry: " + remarked(d.remedy, d.remark)
}

// runIsolated runs this command again in a user and a network namespace of its
// own (user_namespaces(7)), where an ordinary user may capture, and returns
// its exit status. Who called sudo makes the namespaces, so that what is
// written in them is that user's. What stays outside only waits, without a
// right.
func (a *app) runIsolated(args []string) (int, error) {
	exe, err := os.Executable()
	if err != nil {
		return 0, err
	}
	if err := ownNamespaces(); err != nil {
		return 0, err
	}
	passed := append(endSignals(), passedSignals()...)
	if hasTerminal() {
		passed = passed[len(keyboardSignals()):]
	}
	held := make(chan os.Signal, 1) // the inner process has them from the terminal too, and ends
	signal.Notify(held, keyboardSignals()...)
	defer signal.Stop(held)
	came := make(chan os.Signal, len(passed))
	signal.Notify(came, passed...)
	defer signal.Stop(came)
	cmd, err := a.startIsolated(exe, args)
	if err != nil {
		return 0, err
	}
	if err := confine(confinement{signals: true}); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return 0, err
	}
	go func() {
		for s := range came {
			_ = cmd.Process.Signal(s)
		}
	}()
	return isolatedStatus(cmd.Wait())
}

// statusSignal is the exit status, less the signal's number, that stands for a
// process which a signal has ended.
const statusSignal = 128

// isolatedStatus is the exit status that the inner process's end stands for: a
// signal may have ended it before it could heed that.
func isolatedStatus(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return statusSignal + int(ws.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// ownNamespaces makes this process that of the user, and lets it write the
// tables of ids of a namespace that it makes: they are files of root's where
// the ids have changed, or the program has file capabilities (PR_SET_DUMPABLE of
// prctl(2)). These capabilities go first, for then every program of the user
// may write this process's memory; an ordinary user needs none to make a user
// namespace.
func ownNamespaces() error {
	if err := becomeUser(); err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		if err := drive.KeepCapabilities(0); err != nil {
			return fmt.Errorf("prepare a user namespace: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("prepare a user namespace: %w", err)
	}
	return nil
}

// inOwnNamespaces are the attributes of a process in a user and a network
// namespace of its own, in which it is root.
func inOwnNamespaces() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

// startIsolated starts the inner process.
func (a *app) startIsolated(exe string, args []string) (*exec.Cmd, error) {
	cmd := exec.Command(exe, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.std.in, a.std.out, a.std.err
	cmd.Env = append(os.Environ(), isolatedVariable+"=1")
	cmd.SysProcAttr = inOwnNamespaces()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // else nobody could end it where this process is killed
	runtime.LockOSThread()                      // whose end it is that counts
	switch err := cmd.Start(); {
	case errors.Is(err, unix.ENOSPC): // user_namespaces(7)
		return nil, fmt.Errorf("%w: the limit of them is reached", errNotIsolated)
	case errors.Is(err, unix.EPERM):
		return nil, fmt.Errorf("%w: not permitted", errNotIsolated)
	case err != nil:
		return nil, fmt.Errorf("%w: %v", errNotIsolated, err)
	}
	return cmd, nil
}

// loopbackUp switches the new namespace's loopback interface on.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return fmt.Errorf("switch lo on: %w", err)
	}
	return nil
}
