#pragma once

#include <cstdint>
#include <string_view>

#include "image/tar/header.hpp"

namespace stack::image::tar {

/// Writes a file's content as a tar gives it: data runs go to their places, and long runs of zeros become holes, so
/// that a sparse file of a terabyte (/var/log/lastlog) takes no more room than it did where it came from.
class HoleWriter {
public:
    /// Borrows both; `fd` is a new, empty file.
    HoleWriter(int fd, const Entry& entry) : fd_{fd}, entry_{entry} {}

    void write(std::string_view bytes);
    /// Gives the file its full size.
    void finish();

private:
    void write_run(std::string_view bytes);
    void write_here(std::string_view bytes);

    int fd_;
    const Entry& entry_;
    std::int64_t at_{0};
    size_t run_{0};
    std::int64_t run_done_{0};
    bool has_hole_{false};
};

}  // namespace stack::image::tar
