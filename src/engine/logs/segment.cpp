#include "engine/logs/segment.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/logs/packer.hpp"
#include "support/error.hpp"

namespace stack::engine::logs {

MappedFile::MappedFile(const std::filesystem::path& file) : file_{::open(file.c_str(), O_RDONLY | O_CLOEXEC)} {
    // In this order: the packed file is there before the other one goes. Absence of both is an empty file: it was
    // rotated away while we looked, or nothing was ever in it.
    if (const auto packed = packed_file(file); !file_ && ::access(packed.c_str(), F_OK) == 0) {
        unpacked_ = unpack(packed);
    }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : file_{std::move(other.file_)},
      address_{std::exchange(other.address_, nullptr)},
      mapped_{std::exchange(other.mapped_, 0)},
      unpacked_{std::move(other.unpacked_)} {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(address_, other.address_);
    std::swap(mapped_, other.mapped_);
    std::swap(unpacked_, other.unpacked_);
    return *this;
}

MappedFile::~MappedFile() {
    remap(0);
}

void MappedFile::remap(std::uint64_t size) {
    if (address_ != nullptr) {
        ::munmap(const_cast<char*>(address_), mapped_);
        address_ = nullptr;
        mapped_ = 0;
    }
    if (size > 0) {
        void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file_.get(), 0);
        if (address == MAP_FAILED) {
            throw SysError(errno, "map a log file");
        }
        address_ = static_cast<const char*>(address);
        mapped_ = size;
    }
}

std::uint64_t MappedFile::size() {
    if (!file_) {
        return unpacked_.size();
    }
    struct stat status {};
    check(::fstat(file_.get(), &status), [] { return "look at a log file"; });
    return static_cast<std::uint64_t>(status.st_size);
}

std::string_view MappedFile::bytes(std::uint64_t offset, std::uint64_t length) {
    if (!file_) {
        return std::string_view{unpacked_}.substr(std::min<size_t>(offset, unpacked_.size()), length);
    }
    if (offset + length > mapped_) {
        remap(size());
    }
    if (offset >= mapped_) {
        return {};
    }
    return {address_ + offset, static_cast<size_t>(std::min(length, mapped_ - offset))};
}

Segment::Segment(const std::filesystem::path& folder, std::uint64_t generation)
    : generation_{generation},
      index_{index_file(folder, generation)},
      out_{data_file(folder, Stream::out, generation)},
      err_{data_file(folder, Stream::err, generation)} {}

IndexRecord Segment::record(std::uint64_t number) {
    IndexRecord record;
    const auto bytes = index_.bytes(number * sizeof record, sizeof record);
    std::memcpy(&record, bytes.data(), std::min(bytes.size(), sizeof record));
    return record;
}

std::string_view Segment::bytes(const IndexRecord& record) {
    MappedFile& file = record.stream == static_cast<std::uint8_t>(Stream::out) ? out_ : err_;
    return file.bytes(record.offset, record.length);
}

}  // namespace stack::engine::logs
