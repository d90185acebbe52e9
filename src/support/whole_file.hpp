#pragma once

#include <filesystem>
#include <string>

#include <sys/types.h>

#include "support/kernel/unique_fd.hpp"

namespace stack {

/// A file of the user's that appears under its name when it is whole, and not before: it has no name until then
/// (open(2), O_TMPFILE), so that a kill leaves what was there before and nothing else. Where the file system has no
/// such files it has a name of its own beside the wanted one, which a kill leaves. Devices and FIFOs are written as
/// they are.
class [[nodiscard]] WholeFile {
public:
    /// Throws SysError if the folder is missing or may not be written.
    explicit WholeFile(std::filesystem::path file, mode_t mode = 0600);
    WholeFile(const WholeFile&) = delete;
    WholeFile& operator=(const WholeFile&) = delete;
    /// What was not published is gone.
    ~WholeFile();

    int fd() const noexcept { return fd_.get(); }
    /// Writes it to the disk and gives it its name, in place of what has that name now. Throws SysError.
    void publish();

private:
    std::filesystem::path file_;
    UniqueFd fd_;
    bool is_special_{false};
    std::string temporary_;  ///< its name beside the wanted one; empty if it has none
};

}  // namespace stack
