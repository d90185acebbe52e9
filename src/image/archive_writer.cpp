#include "image/archive_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "image/tar/header.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/random.hpp"

namespace stack::image {
namespace {

constexpr size_t buffer_size = size_t{1} << 20U;

}  // namespace

void ArchiveWriter::begin(const std::string& name, std::int64_t size) {
    begin_file(name, size);
    size_ = size;
    left_ = size;
}

void ArchiveWriter::put_content(std::string_view bytes) {
    left_ -= std::ssize(bytes);
    if (left_ < 0) {
        throw Error(Errc::internal, "a layer is longer than the store says");
    }
    put(bytes);
}

void ArchiveWriter::end() {
    if (left_ != 0) {
        throw Error(Errc::internal, "a layer is shorter than the store says");
    }
    end_file(size_);
}

void ArchiveWriter::file(const std::string& name, std::string_view content) {
    begin(name, std::ssize(content));
    put_content(content);
    end();
}

void TarArchive::folder(const std::string& name) {
    tar::Entry entry;
    entry.path = name;
    entry.type = tar::EntryType::directory;
    entry.mode = 0755;
    put(tar::encode_header(entry));
}

void TarArchive::begin_file(const std::string& name, std::int64_t size) {
    tar::Entry entry;
    entry.path = name;
    entry.size = size;
    entry.mode = 0644;
    put(tar::encode_header(entry));
}

void TarArchive::put(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= buffer_size) {
        flush();
    }
}

void TarArchive::end_file(std::int64_t size) {
    put(tar::padding(size));
}

void TarArchive::finish() {
    put(tar::end_of_archive());
    flush();
}

void TarArchive::flush() {
    write_all(fd_, buffer_, "the image archive");
    buffer_.clear();
}

FolderArchive::FolderArchive(std::filesystem::path folder) : root_{std::move(folder)} {
    std::filesystem::create_directories(root_);
}

FolderArchive::~FolderArchive() {
    if (file_) {
        ::unlink(half_made_.c_str());
    }
}

void FolderArchive::folder(const std::string& name) {
    std::filesystem::create_directories(root_ / name);
}

void FolderArchive::begin_file(const std::string& name, std::int64_t /*size*/) {
    target_ = root_ / name;
    half_made_ = target_.string() + "." + random_hex(4) + ".tmp";
    file_ = kernel::open_at(AT_FDCWD, half_made_, O_WRONLY | O_CREAT | O_EXCL, 0644);
}

void FolderArchive::put(std::string_view bytes) {
    write_all(file_.get(), bytes, half_made_.string());
}

void FolderArchive::end_file(std::int64_t /*size*/) {
    std::filesystem::rename(half_made_, target_);
    file_.reset();
}

}  // namespace stack::image
