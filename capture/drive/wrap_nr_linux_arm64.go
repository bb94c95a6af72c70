package drive

import "golang.org/x/sys/unix"

// nativeArch is what the kernel calls this architecture (linux/audit.h).
const nativeArch = unix.AUDIT_ARCH_AARCH64

// x32Bit is a bit that no number of a call has here.
const x32Bit = 1 << 31

// sysDup2 is no number of a call: this architecture has dup3 alone.
const sysDup2 = 1 << 30
