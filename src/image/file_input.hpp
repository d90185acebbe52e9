#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/tar/input.hpp"

namespace stack::image {

/// A range of a file, read with pread(2): several may read one descriptor at a time. Borrows `fd`.
class FileInput final : public tar::Input {
public:
    FileInput(int fd, std::int64_t offset, std::int64_t size, std::string name);

    /// Throws Errc::invalid_input if the file ends before the range does.
    std::string_view next() override;
    std::int64_t jump(std::int64_t count) override;

private:
    int fd_;
    std::int64_t at_, end_;
    std::string name_;
    std::vector<char> buffer_;
};

}  // namespace stack::image
