#include "engine/logs/segment.hpp"

#include <algorithm>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/logs/packer.hpp"
#include "support/error.hpp"

namespace stack::engine::logs {

MappedFile::MappedFile(const std::filesystem::path& file) : file_{::open(file.c_str(), O_RDONLY | O_CLOEXEC)} {
    // In this order: the packed file is there before the other one goes. Absence of both is an empty file: it was
    // rotated away while we looked, or nothing was ever in it.
    if (const auto packed = packed_file(file); !file_ && ::access(packed.c_str(), F_OK) == 0) {
        mapping_ = unpack(packed);
    }
}

std::uint64_t MappedFile::size() {
    if (!file_) {
        return mapping_.size();
    }
    struct stat status {};
    check(::fstat(file_.get(), &status), [] { return "look at a log file"; });
    return static_cast<std::uint64_t>(status.st_size);
}

std::string_view MappedFile::bytes(std::uint64_t offset, std::uint64_t length) {
    if (file_ && offset + length > mapping_.size()) {
        mapping_ = Mapping::of_file(file_.get(), size());
    }
    const std::string_view all{mapping_.data(), mapping_.size()};
    return offset < all.size() ? all.substr(offset, length) : std::string_view{};
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
