#include "image/tar/hole_writer.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <unistd.h>

#include "support/error.hpp"

namespace stack::image::tar {
namespace {

constexpr size_t smallest_hole = size_t{64} << 10U;

bool is_zero(std::string_view bytes) {
    return bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

void HoleWriter::write_here(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), at_);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        check(written, [&] { return fmt::format("write '{}'", entry_.path); });
        bytes.remove_prefix(static_cast<size_t>(written));
        at_ += written;
    }
}

// Neighbouring pieces that are not holes go out in one call.
void HoleWriter::write_run(std::string_view bytes) {
    size_t pending = 0;
    while (bytes.size() - pending >= smallest_hole) {
        if (!is_zero(bytes.substr(pending, smallest_hole))) {
            pending += smallest_hole;
            continue;
        }
        write_here(bytes.substr(0, pending));
        at_ += static_cast<std::int64_t>(smallest_hole);
        has_hole_ = true;
        bytes.remove_prefix(pending + smallest_hole);
        pending = 0;
    }
    write_here(bytes);
}

void HoleWriter::write(std::string_view bytes) {
    if (entry_.sparse.empty()) {
        write_run(bytes);
        return;
    }
    while (!bytes.empty()) {
        const auto& run = entry_.sparse.at(run_);
        at_ = run.offset + run_done_;
        const auto some =
            bytes.substr(0, static_cast<size_t>(std::min<std::int64_t>(std::ssize(bytes), run.length - run_done_)));
        write_run(some);
        run_done_ += std::ssize(some);
        bytes.remove_prefix(some.size());
        if (run_done_ == run.length) {
            ++run_;
            run_done_ = 0;
        }
    }
}

void HoleWriter::finish() {
    if (has_hole_ || at_ != entry_.size || !entry_.sparse.empty()) {
        check(::ftruncate(fd_, entry_.size), [&] { return fmt::format("set the size of '{}'", entry_.path); });
    }
}

}  // namespace stack::image::tar
