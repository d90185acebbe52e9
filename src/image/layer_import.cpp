#include "image/layer_import.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/compression.hpp"
#include "image/media_types.hpp"
#include "image/pump.hpp"
#include "image/tar/split.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/kernel/file_copy.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/kernel/syscalls.hpp"

namespace stack::image {
namespace {

namespace fs = std::filesystem;

// More than the files themselves: headers, padding, and what may follow the end.
constexpr std::int64_t tar_overhead_per_entry = 4096;
constexpr std::int64_t tar_overhead = std::int64_t{64} << 20U;
constexpr std::int64_t progress_step = std::int64_t{1} << 20U;

UniqueFd create(const fs::path& file) {
    return UniqueFd{check(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                          [&] { return fmt::format("make '{}'", file.string()); })};
}

std::int64_t stream_limit(const UnpackLimits& limits) {
    if (limits.max_bytes == 0 || limits.max_entries == 0) {
        return INT64_MAX;
    }
    return limits.max_bytes + limits.max_entries * tar_overhead_per_entry + tar_overhead;
}

// Everything that happens to a layer's bytes before the tar is parsed. Runs in the pump's thread.
class Intake {
public:
    Intake(tar::Input& raw, const ExpectedLayer& expected, const fs::path& blob, std::int64_t limit,
           const ProgressSink& progress)
        : raw_{raw}, expected_{expected}, blob_{blob}, limit_{limit}, progress_{progress} {}

    void run(const Pump::Give& give) {
        std::string_view bytes = raw_.next();
        compression_ = detect_compression(bytes);
        const auto decompressor = Decompressor::make(compression_);
        if (compression_ != Compression::none && expected_.blob_file.empty()) {
            blob_fd_ = create(blob_);
        }
        const auto take = [&](std::string_view plain) {
            tar_size_ += std::ssize(plain);
            if (tar_size_ > limit_) {
                throw Error(Errc::invalid_input, "refused a layer that unpacks to more than the limit")
                    .hint("if you trust the image, raise the limit by STACK_MAX_LAYER_SIZE");
            }
            diff_sha_.update(plain);
            give(plain);
        };
        for (; !bytes.empty(); bytes = raw_.next()) {
            received_ += std::ssize(bytes);
            if (is_compressed()) {
                blob_sha_.update(bytes);
            }
            if (blob_fd_) {
                write_all(blob_fd_.get(), bytes, blob_);
            }
            decompressor->feed(bytes, take);
            report();
        }
        decompressor->finish();
    }

    bool is_compressed() const { return compression_ != Compression::none; }
    Compression compression() const { return compression_; }
    std::int64_t received() const { return received_; }
    std::int64_t tar_size() const { return tar_size_; }

    // After run() only.
    std::string check_digests() {
        const std::string diff_id = "sha256:" + diff_sha_.finish_hex();
        const std::string blob = is_compressed() ? "sha256:" + blob_sha_.finish_hex() : diff_id;
        if (!expected_.blob_digest.empty() && blob != expected_.blob_digest) {
            mismatch(expected_.blob_digest, blob);
        }
        if (diff_id != expected_.diff_id) {
            mismatch(expected_.diff_id, diff_id);
        }
        return blob;
    }

private:
    [[noreturn]] static void mismatch(const std::string& expected, const std::string& found) {
        throw Error(Errc::invalid_input,
                    fmt::format("a layer's content has digest {}, but the image names {}", found, expected))
            .hint("the image is damaged or was tampered with; get it again from where it came");
    }

    void report() {
        if (progress_ && received_ - reported_ >= progress_step) {
            reported_ = received_;
            progress_({Progress::Kind::unpacking, expected_.shown_id, received_, expected_.size, ""});
        }
    }

    tar::Input& raw_;
    const ExpectedLayer& expected_;
    const fs::path& blob_;
    std::int64_t limit_;
    const ProgressSink& progress_;
    Compression compression_{Compression::none};
    UniqueFd blob_fd_;
    Sha256 diff_sha_, blob_sha_;
    std::int64_t received_{0}, reported_{0}, tar_size_{0};
};

// A tar whose folder cannot give it back, and that came uncompressed: kept whole, compressed by us.
void keep_compressed(StagedLayer& staged, tar::Input& again) {
    const UniqueFd fd = create(staged.folder.path() / "blob");
    const auto compressor = Compressor::make(Compression::zstd);
    Sha256 sha;
    const auto take = [&](std::string_view bytes) {
        sha.update(bytes);
        staged.blob_size += std::ssize(bytes);
        write_all(fd.get(), bytes, "blob");
    };
    for (auto bytes = again.next(); !bytes.empty(); bytes = again.next()) {
        compressor->feed(bytes, take);
    }
    compressor->finish(take);
    staged.blob_digest = "sha256:" + sha.finish_hex();
    staged.blob_media_type = media_type::internal_tar_zstd;
}

// The folder that `path` is in the layers below, looked up from the top.
UniqueFd find_in_parents(const ImageStore::State& state, const std::vector<std::string>& parents,
                         const std::string& path) {
    for (auto chain = parents.rbegin(); chain != parents.rend(); ++chain) {
        const UniqueFd layer = kernel::open_at(AT_FDCWD, state.layer(*chain), O_PATH | O_DIRECTORY);
        try {
            return kernel::open_in_root(layer.get(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        } catch (const SysError&) {
            continue;  // not there, or no folder
        }
    }
    return {};
}

void adopt_metadata(const ImageStore::State& state, const std::vector<std::string>& parents,
                    const StagedLayer& staged) {
    const auto root = staged.folder.path() / "root";
    for (const std::string& path : staged.unpacked.implied_folders) {
        const UniqueFd from = find_in_parents(state, parents, path);
        if (!from) {
            continue;
        }
        const UniqueFd layer = kernel::open_at(AT_FDCWD, root, O_PATH | O_DIRECTORY);
        const UniqueFd to = kernel::open_in_root(layer.get(), path, O_RDONLY | O_DIRECTORY);
        struct stat status {};
        check(::fstat(from.get(), &status), [&] { return "stat " + path; });
        check(::fchown(to.get(), status.st_uid, status.st_gid), [&] { return "chown " + path; });
        check(::fchmod(to.get(), status.st_mode & 07777U), [&] { return "chmod " + path; });
        const std::array<timespec, 2> times = {status.st_mtim, status.st_mtim};
        check(::futimens(to.get(), times.data()), [&] { return "set the time of " + path; });
    }
}

void keep_way_back(const ImageStore::State& state, const StagedLayer& staged) {
    if (!staged.split.empty()) {
        const auto file = state.split(staged.expected.diff_id);
        if (!fs::exists(file)) {
            fs::create_directories(file.parent_path());
            replace_file(file, staged.split);
        }
    }
    if (!staged.blob_digest.empty()) {
        const auto file = state.blob(staged.blob_digest);
        const bool own_form = staged.blob_media_type == media_type::internal_tar_zstd;
        const auto& given = staged.expected.blob_file;
        const auto from = given.empty() || own_form ? staged.folder.path() / "blob" : given;
        fs::create_directories(file.parent_path());
        // Another pull may have brought the same layer meanwhile, or it is there from another image.
        if (from != file && !fs::exists(file)) {
            fs::rename(from, file);
        }
        state.database.prepare("INSERT OR IGNORE INTO layer_blobs VALUES(?, ?, ?, ?)")
            .bind_all(staged.expected.diff_id, staged.blob_digest, staged.blob_media_type, staged.blob_size)
            .run();
    }
}

}  // namespace

StagedLayer stage_layer(const ImageStore::State& state, const std::function<std::unique_ptr<tar::Input>()>& open,
                        const ExpectedLayer& expected, const UnpackLimits& limits, const ProgressSink& progress) {
    StagedLayer staged{expected, TempDir{state.paths.temporary(), "image-layer-"}, {}, "", "", "", 0, 0};
    const auto root = staged.folder.path() / "root";
    const auto blob = staged.folder.path() / "blob";
    fs::create_directory(root);
    fs::permissions(root, fs::perms{0755});
    const auto raw = open();
    Intake intake{*raw, expected, blob, stream_limit(limits), progress};
    tar::SplitRecorder split;
    {
        Pump pump{[&](const Pump::Give& give) { intake.run(give); }};
        staged.unpacked =
            tar::unpack_layer(pump, &split, root, {limits.max_bytes, limits.max_entries, limits.absolute_names});
    }
    const std::string digest = intake.check_digests();
    staged.tar_size = intake.tar_size();
    if (intake.is_compressed()) {
        staged.blob_digest = digest;
        staged.blob_size = intake.received();
        staged.blob_media_type =
            expected.media_type.empty() ? media_type::of_layer(intake.compression()) : expected.media_type;
    } else if (staged.unpacked.folder_holds_all_content) {
        staged.split = split.finish();
    } else {
        const auto again = open();
        keep_compressed(staged, *again);
    }
    return staged;
}

void keep_layer_form(const ImageStore::State& state, const std::function<std::unique_ptr<tar::Input>()>& open,
                     const ExpectedLayer& expected, const UnpackLimits& limits) {
    const TempDir folder{state.paths.temporary(), "image-layer-"};
    const auto blob = folder.path() / "blob";
    const auto raw = open();
    const ProgressSink nobody;  // borrowed by the intake
    Intake intake{*raw, expected, blob, stream_limit(limits), nobody};
    intake.run([](std::string_view) {});
    const std::string digest = intake.check_digests();
    if (!intake.is_compressed()) {
        return;
    }
    fs::create_directories(state.blob(digest).parent_path());
    fs::rename(blob, state.blob(digest));
    state.database.prepare("INSERT OR IGNORE INTO layer_blobs VALUES(?, ?, ?, ?)")
        .bind_all(expected.diff_id, digest,
                  expected.media_type.empty() ? media_type::of_layer(intake.compression()) : expected.media_type,
                  intake.received())
        .run();
}

// As engines do that mount the layers below while they unpack: the layer gets the file's content.
void complete_staged_layer(const std::vector<fs::path>& parents, const StagedLayer& staged) {
    if (staged.unpacked.missing_links.empty()) {
        return;
    }
    const auto root = staged.folder.path() / "root";
    std::vector<fs::path> layers = parents;
    layers.push_back(root);  // a link to a link that was made just now
    const UniqueFd layer = kernel::open_at(AT_FDCWD, root, O_PATH | O_DIRECTORY);
    const UniqueFd staging = kernel::open_at(AT_FDCWD, staged.folder.path(), O_RDONLY | O_DIRECTORY);
    for (const auto& link : staged.unpacked.missing_links) {
        const fs::path target{"/" + link.target};
        const auto folder = kernel::open_layered_dir(layers, target.parent_path().string());
        const auto entry = folder ? folder->find(target.filename()) : std::nullopt;
        if (!entry || S_ISDIR(entry->status.st_mode)) {
            throw Error(Errc::invalid_input,
                        fmt::format("refused layer entry '{}': it is a hard link to '{}', which is "
                                    "no file of this layer or of those below",
                                    link.path, link.target));
        }
        const fs::path path{link.path};
        const UniqueFd parent = kernel::open_in_root(
            layer.get(), path.has_parent_path() ? path.parent_path().string() : ".", O_RDONLY | O_DIRECTORY);
        struct stat there {};
        if (::fstatat(parent.get(), path.filename().c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0) {
            kernel::TreeCopier{staging.get(), {}}.copy_entry(*folder, *entry, parent.get(), path.filename());
        }
    }
}

LayerInfo commit_staged_layer(const ImageStore::State& state, const std::vector<std::string>& parents,
                              StagedLayer& staged) {
    const std::string parent = parents.empty() ? std::string{} : parents.back();
    const LayerInfo layer{chain_id(parent, staged.expected.diff_id), staged.expected.diff_id,
                          Bytes{staged.unpacked.file_bytes}, Bytes{staged.tar_size}};
    adopt_metadata(state, parents, staged);
    keep_way_back(state, staged);
    commit_layer(state, layer, parent, staged.folder.path() / "root");
    if (const auto& given = staged.expected.blob_file; !given.empty() && given.parent_path() != state.paths.blobs()) {
        std::error_code gone_already;
        fs::remove(given, gone_already);
    }
    return layer;
}

}  // namespace stack::image
