#include "support/kernel/own_memory.hpp"

#include <cstdint>

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

// Made by the linker: the first byte of the program, and the end of its code. Nothing between them is ever written.
extern "C" {
extern char __executable_start;
extern char etext;
}

namespace stack::kernel {

void give_back_memory() noexcept {
    ::malloc_trim(0);
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto end = reinterpret_cast<std::uintptr_t>(&etext) / page * page;
    char* const begin = &__executable_start;
    ::madvise(begin, end - reinterpret_cast<std::uintptr_t>(begin), MADV_DONTNEED);  // a hint: it may fail
}

}  // namespace stack::kernel
