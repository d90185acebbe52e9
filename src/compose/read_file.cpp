#include "compose/read_file.hpp"

#include <algorithm>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

bool is_pipe_of_the_shell(const std::string& name) {
    return name == "/dev/stdin" || name.starts_with("/dev/fd/") || name.starts_with("/proc/self/fd/");
}

std::string_view describe_type(mode_t mode) {
    if (S_ISDIR(mode)) {
        return "a folder";
    }
    if (S_ISFIFO(mode)) {
        return "a named pipe";
    }
    return S_ISSOCK(mode) ? "a socket" : "a device";
}

void check_type(int fd, const std::string& name, std::size_t limit) {
    struct stat status {};
    check(::fstat(fd, &status), [&] { return fmt::format("look at '{}'", name); });
    if (S_ISREG(status.st_mode)) {
        if (static_cast<std::size_t>(status.st_size) > limit) {
            throw Error{Errc::invalid_input, fmt::format("'{}' is larger than {} MiB", name, limit >> 20U)};
        }
        return;
    }
    if (!is_pipe_of_the_shell(name)) {
        throw Error{Errc::invalid_input, fmt::format("'{}' is {}, not a file", name, describe_type(status.st_mode))};
    }
}

}  // namespace

std::string mend_missing_file(const std::filesystem::path& file, std::string otherwise) {
    if (file.filename().string().find_first_of("*?") != std::string::npos) {
        return "patterns are not replaced: name each file";
    }
    constexpr std::size_t most_compared = 1000;
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at{file.parent_path(), error}; !error && at != std::filesystem::end(at);
         at.increment(error)) {
        if (names.size() == most_compared) {
            break;
        }
        names.push_back(at->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    const auto meant = nearest(file.filename().string(), names);
    return meant && *meant != file.filename() ? fmt::format("did you mean '{}'?", abbreviate(*meant, 100))
                                              : std::move(otherwise);
}

std::string read_project_file(const std::filesystem::path& file, std::size_t limit) {
    const std::string name = file.string();
    // O_NONBLOCK: opening a FIFO without a writer would wait for one.
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | (is_pipe_of_the_shell(name) ? 0 : O_NONBLOCK);
    const int opened = ::open(name.c_str(), flags);
    if (opened < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        std::error_code error;
        const auto target = std::filesystem::read_symlink(file, error);
        throw Error{Errc::not_found,
                    error ? fmt::format("'{}' is not there", name)
                          : fmt::format("'{}' is a link to '{}', which is not there", name, target.string())};
    }
    const UniqueFd fd{check(opened, [&] { return fmt::format("open '{}'", name); })};
    check_type(fd.get(), name, limit);
    std::string content;
    std::size_t filled = 0;
    while (true) {
        content.resize(std::max<std::size_t>(filled * 2, 4U << 10U));  // each page of it is touched
        const ssize_t got = check(::read(fd.get(), content.data() + filled, content.size() - filled),
                                  [&] { return fmt::format("read '{}'", name); });
        filled += static_cast<std::size_t>(got);
        if (filled > limit) {
            throw Error{Errc::invalid_input, fmt::format("'{}' is larger than {} MiB", name, limit >> 20U)};
        }
        if (got == 0) {
            content.resize(filled);
            return content;
        }
    }
}

}  // namespace stack::compose
