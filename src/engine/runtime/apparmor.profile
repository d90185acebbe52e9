# What AppArmor keeps a container from, on hosts that run it. It is the second fence behind read-only mounts, masks,
# capabilities and seccomp: it still stands where one of these was opened on purpose (`systempaths=unconfined`,
# `cap_add: [SYS_ADMIN]`), and it goes by names, so that a file system that is mounted anew does not lead around it.
# Compiled into the program when that is built (see CMakeLists.txt); language: apparmor.d(5).
abi <abi/3.0>,

profile stack-default flags=(attach_disconnected, mediate_deleted) {
  # Capabilities, networks and files are the affair of the other fences.
  capability,
  network,
  unix,
  file,
  umount,

  # The engine and the host's administrator are unconfined; containers reach each other only where they share a pid namespace.
  signal receive peer=unconfined,
  signal (send, receive) peer=stack-default,
  ptrace readby peer=unconfined,
  ptrace (trace, read, tracedby, readby) peer=stack-default,

  deny mount,

  # /proc: a process may write its own and its kin's files, nothing of the kernel's but the shm* limits of its IPC namespace.
  deny /proc/* w,
  deny /proc/[^0-9s]*/** w,
  deny /proc/s[^y]*/** w,
  deny /proc/sy[^s]*/** w,
  deny /proc/sys?*/** w,
  deny /proc/sys/[^k]** w,
  deny /proc/sys/k[^e]** w,
  deny /proc/sys/kernel/[^s]** w,
  deny /proc/sys/kernel/s[^h]** w,
  deny /proc/sys/kernel/sh[^m]** w,
  deny /proc/sysrq-trigger rwklx,
  deny /proc/kcore rwklx,

  # /sys: only cgroups may be written, where they are mounted so.
  deny /sys/[^f]** wklx,
  deny /sys/f[^s]** wklx,
  deny /sys/fs/[^c]** wklx,
  deny /sys/fs/c[^g]** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
