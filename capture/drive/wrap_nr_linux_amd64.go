package drive

import "golang.org/x/sys/unix"

// nativeArch is what the kernel calls this architecture (linux/audit.h).
const nativeArch = unix.AUDIT_ARCH_X86_64

// x32Bit marks the numbers of the x32 ABI's calls.
const x32Bit = 0x40000000

// sysDup2 is not there on newer architectures.
const sysDup2 = unix.SYS_DUP2
