#pragma once

#include <sys/types.h>

namespace stack::runtime {

/// The pid that a pidfd stands for, as the mounted /proc counts (fdinfo "Pid:"); -1 once the process is reaped.
pid_t pid_of(int pidfd);

}  // namespace stack::runtime
