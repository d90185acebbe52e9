#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "support/kernel/layered_tree.hpp"

namespace stack::build {

/// Digests of files' contents, remembered between builds: a file whose device, inode, size, mtime and ctime are the
/// same as before is not read again (git's index works so, gitformat-index(5)). One small file per context.
class FileDigests {
public:
    /// Reads what was kept for `context`; a missing or broken file is an empty memory.
    FileDigests(const std::filesystem::path& cache_dir, const std::filesystem::path& context);
    FileDigests(const FileDigests&) = delete;
    FileDigests& operator=(const FileDigests&) = delete;
    ~FileDigests();

    /// 64 hex digits.
    std::string of(const kernel::LayeredEntry& entry) const;
    /// Keeps what was learned for the next build.
    void save() const;

    static std::string compute(const kernel::LayeredEntry& entry);

private:
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

}  // namespace stack::build
