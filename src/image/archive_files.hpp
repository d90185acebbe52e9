#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "image/tar/input.hpp"

namespace stack::image {

/// The files that images come in, by name ("index.json", "blobs/sha256/…"): members of a tar or files of a folder. They
/// are read in any order and from several threads.
class ArchiveFiles {
public:
    ArchiveFiles() = default;
    ArchiveFiles(const ArchiveFiles&) = delete;
    ArchiveFiles& operator=(const ArchiveFiles&) = delete;
    virtual ~ArchiveFiles() = default;

    virtual bool has(const std::string& name) const = 0;
    virtual std::int64_t size(const std::string& name) const = 0;
    virtual std::unique_ptr<tar::Input> open(const std::string& name) const = 0;
    /// Small files: JSON. Throws Errc::invalid_input if it is missing or too large for that.
    std::string read(const std::string& name) const;
};

}  // namespace stack::image
