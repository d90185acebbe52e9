#include "image/archive_index.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/compression.hpp"
#include "image/file_input.hpp"
#include "image/tar/reader.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

constexpr const char* shown_name = "the image archive";
constexpr std::int64_t largest_document = std::int64_t{16} << 20U;
constexpr std::int64_t most_members = 1'000'000;
constexpr int most_links = 8;

std::string plain_name(std::string name) {
    while (name.starts_with("./")) {
        name.erase(0, 2);
    }
    return name;
}

// docker save of old wrote a shared layer as a link "../<id>/layer.tar".
std::string resolve_link(const std::string& from, const std::string& target) {
    const auto folder = std::filesystem::path{from}.parent_path();
    return plain_name((folder / target).lexically_normal().string());
}

// Fills the buffer as far as the source goes: a pipe may give less than the bytes that tell the compression.
std::string_view read_some(int fd, std::string& buffer) {
    size_t filled = 0;
    while (filled < buffer.size()) {
        const ssize_t got = ::read(fd, buffer.data() + filled, buffer.size() - filled);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        check(got, [] { return "read the image archive"; });
        if (got == 0) {
            break;
        }
        filled += static_cast<size_t>(got);
    }
    return {buffer.data(), filled};
}

}  // namespace

ArchiveIndex::ArchiveIndex(const Paths& paths, int fd, const UnpackLimits& limits) : fd_{fd} {
    struct stat status {};
    check(::fstat(fd, &status), [] { return "stat of the image archive"; });
    std::string head(6, '\0');
    const bool regular = S_ISREG(status.st_mode);
    if (S_ISDIR(status.st_mode)) {
        throw Error(Errc::invalid_input, "the image archive is a folder");
    }
    const ssize_t got = regular ? ::pread(fd, head.data(), head.size(), 0) : 0;
    head.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (!regular || detect_compression(head) != Compression::none) {
        spool(paths, limits);
    }
    check(::fstat(fd_, &status), [] { return "stat of the image archive"; });
    if (status.st_size == 0) {
        throw Error(Errc::invalid_input, "the image archive is empty");
    }
    scan(status.st_size, limits);
}

void ArchiveIndex::spool(const Paths& paths, const UnpackLimits& limits) {
    std::filesystem::create_directories(paths.temporary());
    own_ = UniqueFd{check(::open(paths.temporary().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600),
                          [&] { return fmt::format("make a temporary file in '{}'", paths.temporary().string()); })};
    std::int64_t written = 0;
    const auto take = [&](std::string_view bytes) {
        written += std::ssize(bytes);
        if (limits.max_bytes > 0 && written > limits.max_bytes) {
            throw Error(Errc::invalid_input, "refused an image archive that unpacks to more than the limit")
                .hint("if you trust it, raise the limit by STACK_MAX_LAYER_SIZE");
        }
        write_all(own_.get(), bytes, shown_name);
    };
    std::string buffer(size_t{256} << 10U, '\0');
    std::unique_ptr<Decompressor> decompressor;
    for (;;) {
        const auto bytes = read_some(fd_, buffer);
        if (bytes.empty()) {
            break;
        }
        if (!decompressor) {
            decompressor = Decompressor::make(detect_compression(bytes));
        }
        decompressor->feed(bytes, take);
    }
    if (decompressor) {
        decompressor->finish();
    }
    fd_ = own_.get();
}

void ArchiveIndex::scan(std::int64_t size, const UnpackLimits& limits) {
    FileInput input{fd_, 0, size, shown_name};
    tar::Reader reader{input};
    const auto most = limits.max_entries > 0 ? std::min(limits.max_entries, most_members) : most_members;
    while (const auto entry = reader.next()) {
        const std::string name = plain_name(entry->path);
        if (std::ssize(members_) >= most) {
            throw Error(Errc::invalid_input, fmt::format("refused an image archive with more than {} files", most));
        }
        if (entry->type == tar::EntryType::file && entry->sparse.empty()) {
            members_[name] = {reader.offset(), entry->stored_size, ""};
        } else if (entry->type == tar::EntryType::symlink) {
            members_[name] = {0, 0, resolve_link(name, entry->link_target)};
        } else if (entry->type == tar::EntryType::hard_link) {
            members_[name] = {0, 0, plain_name(entry->link_target)};
        }
    }
}

const ArchiveIndex::Member* ArchiveIndex::find(const std::string& name) const {
    auto found = members_.find(plain_name(name));
    for (int links = 0; found != members_.end() && !found->second.link.empty(); ++links) {
        if (links == most_links) {
            return nullptr;
        }
        found = members_.find(found->second.link);
    }
    return found == members_.end() ? nullptr : &found->second;
}

const ArchiveIndex::Member& ArchiveIndex::get(const std::string& name) const {
    const Member* member = find(name);
    if (member == nullptr) {
        throw Error(Errc::invalid_input, fmt::format("the image archive has no '{}'", abbreviate(name, 200)));
    }
    return *member;
}

std::string ArchiveFiles::read(const std::string& name) const {
    const auto bytes_there = size(name);
    if (bytes_there > largest_document) {
        throw Error(Errc::invalid_input,
                    fmt::format("'{}' in the image archive has {} bytes, which is too much for JSON",
                                abbreviate(name, 200), bytes_there));
    }
    const auto input = open(name);
    std::string content;
    for (auto bytes = input->next(); !bytes.empty(); bytes = input->next()) {
        content += bytes;
    }
    return content;
}

std::int64_t ArchiveIndex::size(const std::string& name) const {
    return get(name).size;
}

std::unique_ptr<tar::Input> ArchiveIndex::open(const std::string& name) const {
    const Member& member = get(name);
    return std::make_unique<FileInput>(fd_, member.offset, member.size, name);
}

}  // namespace stack::image
