#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/kernel/unique_fd.hpp"

namespace stack::image {

/// The files that images go out in, by name: members of a tar or files of a folder. Their size is known before.
class ArchiveWriter {
public:
    ArchiveWriter() = default;
    ArchiveWriter(const ArchiveWriter&) = delete;
    ArchiveWriter& operator=(const ArchiveWriter&) = delete;
    virtual ~ArchiveWriter() = default;

    virtual void folder(const std::string& name) = 0;
    void begin(const std::string& name, std::int64_t size);
    void put_content(std::string_view bytes);
    void end();
    void file(const std::string& name, std::string_view content);
    virtual void finish() = 0;

private:
    virtual void begin_file(const std::string& name, std::int64_t size) = 0;
    virtual void put(std::string_view bytes) = 0;
    virtual void end_file(std::int64_t size) = 0;

    std::int64_t size_{0}, left_{0};
};

/// A tar to a file or pipe. Small writes are gathered.
class TarArchive final : public ArchiveWriter {
public:
    explicit TarArchive(int fd) : fd_{fd} {}
    void folder(const std::string& name) override;
    void finish() override;

private:
    void begin_file(const std::string& name, std::int64_t size) override;
    void put(std::string_view bytes) override;
    void end_file(std::int64_t size) override;
    void flush();

    int fd_;
    std::string buffer_;
};

/// An image layout in a folder, which may be there already: files get their names when they are whole, and those of
/// before stay.
class FolderArchive final : public ArchiveWriter {
public:
    explicit FolderArchive(std::filesystem::path folder);
    ~FolderArchive() override;
    void folder(const std::string& name) override;
    void finish() override {}

private:
    void begin_file(const std::string& name, std::int64_t size) override;
    void put(std::string_view bytes) override;
    void end_file(std::int64_t size) override;

    std::filesystem::path root_, half_made_, target_;
    UniqueFd file_;
};

}  // namespace stack::image
