#pragma once

#include <cstddef>

namespace stack::engine::logs {

/// Owner of a piece of memory from mmap(2).
class Mapping {
public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    /// The first bytes of a file, for reading. 0 bytes are no mapping.
    static Mapping of_file(int file, std::size_t size);
    /// Fresh memory, in huge pages where the kernel gives them: text of many megabytes comes with few page faults.
    static Mapping fresh(std::size_t size);

    char* data() const noexcept { return address_; }
    std::size_t size() const noexcept { return size_; }

private:
    Mapping(void* address, std::size_t size, const char* what);
    char* address_{nullptr};
    std::size_t size_{0};
};

}  // namespace stack::engine::logs
