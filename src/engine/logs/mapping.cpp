#include "engine/logs/mapping.hpp"

#include <cerrno>
#include <utility>

#include <sys/mman.h>

#include "support/error.hpp"

namespace stack::engine::logs {

Mapping::Mapping(void* address, std::size_t size, const char* what)
    : address_{static_cast<char*>(address)}, size_{size} {
    if (address == MAP_FAILED) {
        address_ = nullptr;
        throw SysError(errno, what);
    }
}

Mapping::Mapping(Mapping&& other) noexcept
    : address_{std::exchange(other.address_, nullptr)}, size_{std::exchange(other.size_, 0)} {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_, other.size_);
    return *this;
}

Mapping::~Mapping() {
    if (address_ != nullptr) {
        ::munmap(address_, size_);
    }
}

Mapping Mapping::of_file(int file, std::size_t size) {
    return size == 0 ? Mapping{}
                     : Mapping{::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0), size, "map a log file"};
}

Mapping Mapping::fresh(std::size_t size) {
    if (size == 0) {
        return {};
    }
    Mapping made{::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), size,
                 "get memory for a packed log"};
    ::madvise(made.address_, size, MADV_HUGEPAGE);  // only a wish
    return made;
}

}  // namespace stack::engine::logs
