#include "engine/logs/packer.hpp"

#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::engine::logs {
namespace {

constexpr size_t piece = 128U << 10U;
constexpr int pieces_in_a_step = 8;
// The quickest of zstd's ordinary levels: text shrinks to a sixth at several hundred MB/s, and the container waits.
constexpr int level = 1;

}  // namespace

/// One file on its way.
struct Packer::Job {
    explicit Job(std::filesystem::path what)
        : file{std::move(what)},
          part{file.string() + ".part"},
          from{check(::open(file.c_str(), O_RDONLY | O_CLOEXEC), [&] { return "open " + file.string(); })},
          to{check(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640),
                   [&] { return "open " + part.string(); })},
          stream{ZSTD_createCStream(), &ZSTD_freeCStream},
          bytes(piece),
          packed(ZSTD_compressBound(piece)) {
        struct stat status {};
        check(::fstat(from.get(), &status), [&] { return "look at " + file.string(); });
        ZSTD_CCtx_setParameter(stream.get(), ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setPledgedSrcSize(stream.get(), static_cast<unsigned long long>(status.st_size));
    }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job() { ::unlink(part.c_str()); }

    /// False when it is done.
    bool step() {
        for (int i = 0; i < pieces_in_a_step; ++i) {
            if (!pack_piece()) {
                return false;
            }
        }
        return true;
    }

    bool pack_piece() {
        const auto got = check(::read(from.get(), bytes.data(), bytes.size()), [&] { return "read " + file.string(); });
        ZSTD_inBuffer in{bytes.data(), static_cast<size_t>(got), 0};
        const ZSTD_EndDirective directive = got == 0 ? ZSTD_e_end : ZSTD_e_continue;
        for (size_t left = 1; left != 0 && (directive == ZSTD_e_end || in.pos < in.size);) {
            ZSTD_outBuffer out{packed.data(), packed.size(), 0};
            left = ZSTD_compressStream2(stream.get(), &out, &in, directive);
            if (ZSTD_isError(left) != 0U) {
                throw Error(Errc::system, "pack " + file.string() + ": " + ZSTD_getErrorName(left));
            }
            write_all(to.get(), {packed.data(), out.pos}, part.string());
        }
        if (got > 0) {
            return true;
        }
        const auto name = packed_file(file);
        check(::rename(part.c_str(), name.c_str()), [&] { return "rename " + part.string(); });
        ::unlink(file.c_str());
        return false;
    }

    std::filesystem::path file, part;
    UniqueFd from, to;
    std::unique_ptr<ZSTD_CStream, size_t (*)(ZSTD_CStream*)> stream;
    std::vector<char> bytes, packed;
};

Packer::Packer(std::filesystem::path folder) : folder_{std::move(folder)} {}
Packer::~Packer() = default;

void Packer::add(std::uint64_t generation) {
    waiting_.push_back(data_file(folder_, Stream::out, generation));
    waiting_.push_back(data_file(folder_, Stream::err, generation));
    waiting_.push_back(index_file(folder_, generation));
}

bool Packer::step() {
    while (!job_) {
        if (waiting_.empty()) {
            return false;
        }
        const auto file = std::move(waiting_.front());
        waiting_.pop_front();
        struct stat status {};
        if (::stat(file.c_str(), &status) != 0) {
            continue;
        }
        if (status.st_size == 0) {
            ::unlink(file.c_str());
            continue;
        }
        job_ = std::make_unique<Job>(file);
    }
    try {
        if (!job_->step()) {
            job_.reset();
        }
    } catch (...) {
        job_.reset();
        throw;
    }
    return true;
}

Mapping unpack(const std::filesystem::path& packed) {
    const std::string bytes = read_file(packed);
    const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR) {
        Mapping text = Mapping::fresh(size);
        if (ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size()) == size) {
            return text;
        }
    }
    throw Error(Errc::system, "the packed log " + packed.string() + " is damaged")
        .hint("remove it to read the rest of the log");
}

}  // namespace stack::engine::logs
