#include "image/file_input.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "support/error.hpp"

namespace stack::image {
namespace {

constexpr std::int64_t buffer_size = std::int64_t{256} << 10U;

}  // namespace

FileInput::FileInput(int fd, std::int64_t offset, std::int64_t size, std::string name)
    : fd_{fd},
      at_{offset},
      end_{offset + size},
      name_{std::move(name)},
      buffer_(static_cast<size_t>(std::min(size, buffer_size))) {}

std::string_view FileInput::next() {
    if (at_ == end_) {
        return {};
    }
    const auto want = static_cast<size_t>(std::min<std::int64_t>(end_ - at_, std::ssize(buffer_)));
    const ssize_t got = check(::pread(fd_, buffer_.data(), want, at_), [&] { return fmt::format("read '{}'", name_); });
    if (got == 0) {
        throw Error(Errc::invalid_input, fmt::format("'{}' ends too early", name_));
    }
    at_ += got;
    return {buffer_.data(), static_cast<size_t>(got)};
}

std::int64_t FileInput::jump(std::int64_t count) {
    const std::int64_t jumped = std::min(count, end_ - at_);
    at_ += jumped;
    return jumped;
}

}  // namespace stack::image
