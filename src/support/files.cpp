#include "support/files.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/remove_tree.hpp"
#include "support/log.hpp"
#include "support/random.hpp"

namespace stack {

std::string read_all(int fd, const std::string& name, size_t limit) {
    std::string content;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        check(got, [&] { return fmt::format("read '{}'", name); });
        if (got == 0) {
            return content;
        }
        content.append(buffer.data(), static_cast<size_t>(got));
        if (content.size() > limit) {
            throw Error(Errc::invalid_input, fmt::format("'{}' is larger than {} bytes", name, limit));
        }
    }
}

std::string read_file(const std::filesystem::path& file, size_t limit) {
    const UniqueFd fd{
        check(::open(file.c_str(), O_RDONLY | O_CLOEXEC), [&] { return fmt::format("open '{}'", file.string()); })};
    return read_all(fd.get(), file, limit);
}

std::optional<std::string> find_file(const std::filesystem::path& file, size_t limit) {
    try {
        return read_file(file, limit);
    } catch (const SysError& error) {
        if (error.err() == ENOENT || error.err() == ENOTDIR || error.err() == ESRCH) {
            return std::nullopt;
        }
        throw;
    }
}

void write_all(int fd, std::string_view content, const std::string& name) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        check(written, [&] { return fmt::format("write '{}'", name); });
        content.remove_prefix(static_cast<size_t>(written));
    }
}

void write_file(const std::filesystem::path& file, std::string_view content, mode_t mode) {
    const UniqueFd fd{check(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode),
                            [&] { return fmt::format("open '{}' for writing", file.string()); })};
    write_all(fd.get(), content, file);
}

namespace {

void replace(const std::filesystem::path& file, std::string_view content, mode_t mode, bool to_disk) {
    const std::string temporary = fmt::format("{}.{}.tmp", file.string(), random_hex(4));
    {
        const UniqueFd fd{check(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode),
                                [&] { return fmt::format("make '{}'", temporary); })};
        write_all(fd.get(), content, temporary);
        if (to_disk) {
            check(::fsync(fd.get()), [&] { return fmt::format("fsync '{}'", temporary); });
        }
    }
    check(::rename(temporary.c_str(), file.c_str()),
          [&] { return fmt::format("rename '{}' to '{}'", temporary, file.string()); });
}

}  // namespace

void replace_file(const std::filesystem::path& file, std::string_view content, mode_t mode) {
    replace(file, content, mode, true);
}

void replace_volatile_file(const std::filesystem::path& file, std::string_view content, mode_t mode) {
    replace(file, content, mode, false);
}

namespace {

/// Nothing if the folder is gone, or somebody else has it and `how` does not wait.
UniqueFd lock_folder(const std::filesystem::path& folder, int how) {
    UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    if (!fd && errno == ENOENT) {
        return {};
    }
    check(fd.get(), [&] { return fmt::format("open '{}'", folder.string()); });
    while (::flock(fd.get(), how) != 0) {
        if (errno == EWOULDBLOCK) {
            return {};
        }
        if (errno != EINTR) {
            throw SysError(errno, fmt::format("lock '{}'", folder.string()));
        }
    }
    struct stat status {};
    check(::fstat(fd.get(), &status), [&] { return fmt::format("stat '{}'", folder.string()); });
    return status.st_nlink > 0 ? std::move(fd) : UniqueFd{};
}

}  // namespace

TempDir::TempDir(const std::filesystem::path& parent, std::string_view prefix) {
    std::filesystem::create_directories(parent);
    while (!lock_) {  // a sweep may take the folder before it is locked: then there is another one
        std::string pattern = fmt::format("{}/{}XXXXXX", parent.string(), prefix);
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw SysError(errno, fmt::format("make a folder in '{}'", parent.string()));
        }
        path_ = pattern;
        lock_ = lock_folder(path_, LOCK_EX);
    }
}

std::filesystem::path TempDir::release() noexcept {
    lock_.reset();
    return std::exchange(path_, {});
}

TempDir::~TempDir() {
    if (path_.empty()) {
        return;
    }
    remove_counting(path_);
}

std::int64_t remove_counting(const std::filesystem::path& path) {
    try {
        struct stat status {};
        if (::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
            return kernel::remove_tree(path);
        }
        std::filesystem::remove(path);
        return status.st_size / static_cast<std::int64_t>(std::max<nlink_t>(status.st_nlink, 1));
    } catch (const std::exception& error) {
        log_warning("cannot remove '{}': {}", path.string(), error.what());
        return 0;
    }
}

std::int64_t remove_abandoned_folders(const std::filesystem::path& parent, std::string_view prefix) {
    std::int64_t freed = 0;
    std::error_code nothing_there;
    for (const auto& item : std::filesystem::directory_iterator{parent, nothing_there}) {
        if (!item.path().filename().string().starts_with(prefix) || !item.is_directory(nothing_there)) {
            continue;
        }
        if (const UniqueFd lock = lock_folder(item.path(), LOCK_EX | LOCK_NB)) {
            log_info("removing what a killed command left in '{}'", item.path().string());
            freed += remove_counting(item.path());
        }
    }
    return freed;
}

}  // namespace stack
