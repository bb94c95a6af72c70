package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errNoSeccomp says that system calls cannot be limited here.
var errNoSeccomp = errors.New("this kernel or processor has no seccomp filter that tcpsee knows to write")

// permit is a system call that the helper may make, where its arguments are as
// tests say.
type permit struct {
	call  uintptr
	tests []argument
}

// argument is a test of the low 32 bits of an argument: masked, they are want.
type argument struct {
	index      int
	mask, want uint32
}

// permitAll makes permits without a test.
func permitAll(calls ...uintptr) []permit {
	list := make([]permit, len(calls))
	for i, c := range calls {
		list[i].call = c
	}
	return list
}

// mayNotWrite are the flags of open(2) with which something can be changed.
const mayNotWrite = unix.O_ACCMODE | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND | (unix.O_TMPFILE &^ unix.O_DIRECTORY)

// perfIoctls is the mask and value of PERF_EVENT_IOC_ENABLE and _DISABLE,
// which differ in the lowest bit.
const (
	perfIoctlMask  = 1<<32 - 2
	perfIoctlValue = unix.PERF_EVENT_IOC_ENABLE
)

// helperCalls are all that the helper may do: read /proc, ask netlink, read
// what the kernel tells of connections, and what Go's runtime needs.
func helperCalls() []permit {
	const exact = 1<<32 - 1
	list := permitAll(
		unix.SYS_READ, unix.SYS_READLINKAT, unix.SYS_CLOSE, unix.SYS_GETDENTS64, unix.SYS_LSEEK,
		unix.SYS_SENDTO, unix.SYS_RECVFROM, unix.SYS_WRITE, unix.SYS_PPOLL)
	list = append(list,
		permit{unix.SYS_OPENAT, []argument{{2, mayNotWrite, 0}}},
		permit{unix.SYS_SOCKET, []argument{{0, exact, unix.AF_NETLINK}, {2, exact, unix.NETLINK_ROUTE}}},
		permit{unix.SYS_IOCTL, []argument{{1, perfIoctlMask, perfIoctlValue}}},
		// Memory that can be executed, processes and signals to others are no
		// part of that.
		permit{unix.SYS_MMAP, []argument{{2, unix.PROT_EXEC, 0}}},
		permit{unix.SYS_MPROTECT, []argument{{2, unix.PROT_EXEC, 0}}},
		permit{unix.SYS_CLONE, []argument{{0, unix.CLONE_THREAD, unix.CLONE_THREAD}}},
		permit{unix.SYS_TGKILL, []argument{{0, exact, uint32(os.Getpid())}}},
	)
	return append(list, permitAll(
		unix.SYS_FUTEX, unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP,
		unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, unix.SYS_SCHED_YIELD, unix.SYS_GETPID, unix.SYS_GETTID,
		unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK,
		unix.SYS_RESTART_SYSCALL, unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETRANDOM, unix.SYS_FCNTL, unix.SYS_FSTAT,
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2,
		unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, // of a new thread, where there is a C library
		unix.SYS_EXIT, unix.SYS_EXIT_GROUP)...)
}

// auditArchitectures are the processors for which the filter is written: those
// of 64 bits, little-endian (linux/audit.h).
var auditArchitectures = map[string]uint32{
	"amd64":   unix.AUDIT_ARCH_X86_64,
	"arm64":   unix.AUDIT_ARCH_AARCH64,
	"riscv64": unix.AUDIT_ARCH_RISCV64,
	"loong64": unix.AUDIT_ARCH_LOONGARCH64,
}

// Where struct seccomp_data (linux/seccomp.h) has what.
const (
	seccompNumber       = 0
	seccompArchitecture = 4
	seccompArguments    = 16
)

// seccompProgram writes the filter: a system call that no permit allows fails
// with EPERM, one of another architecture ends the process. clone3(2), whose
// flags lie where a filter cannot look, does not exist: a C library, where
// tcpsee was built with one, makes its threads by clone(2) then, and aborts
// where it is refused them.
func seccompProgram(arch uint32, list []permit) []unix.SockFilter {
	load := func(offset int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(offset)}
	}
	unless := func(value uint32, skip int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: uint8(skip), K: value}
	}
	end := func(value uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
	}
	prog := []unix.SockFilter{load(seccompArchitecture),
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 1, K: arch}, end(unix.SECCOMP_RET_KILL_PROCESS),
		load(seccompNumber), unless(unix.SYS_CLONE3, 1), end(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))}
	for _, p := range list {
		left := 1 + 3*len(p.tests) // instructions behind the one that compares
		prog = append(prog, load(seccompNumber), unless(uint32(p.call), left))
		for _, t := range p.tests {
			left -= 3
			prog = append(prog, load(seccompArguments+8*t.index),
				unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: t.mask}, unless(t.want, left))
		}
		prog = append(prog, end(unix.SECCOMP_RET_ALLOW))
	}
	return append(prog, end(unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM)))
}

// limitCalls limits all threads of this process to helperCalls, for good.
func limitCalls() error {
	arch, ok := auditArchitectures[runtime.GOARCH]
	if !ok {
		return errNoSeccomp
	}
	prog := seccompProgram(arch, helperCalls())
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	switch errno {
	case 0:
		return nil
	case unix.ENOSYS, unix.EINVAL:
		return errNoSeccomp
	}
	return fmt.Errorf("limit system calls: %w", errno)
}
