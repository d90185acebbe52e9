#pragma once

namespace stack::kernel {

/// Gives back what this process took for work that is over: free pages of malloc(3), and the mapping of the program's
/// own code. Of that the kernel maps sixteen pages around each one that runs; what goes on running comes back from the
/// page cache (madvise(2), MADV_DONTNEED).
void give_back_memory() noexcept;

}  // namespace stack::kernel
