#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "image/tar/sink.hpp"

namespace stack::image::tar {

/// Remembers of a tar what its unpacked folder does not hold: headers, padding and the place of each file content.
/// The folder and this give the tar back, byte for byte, so the store does not keep layers twice
/// (docs/adr/0010-layer-tars.md).
///
///   "STACKSPLIT1\n", then zstd of records:
///   'R' length bytes…               raw bytes
///   'F' path-length path… size      content of a file in the folder
///   (numbers are LEB128)
class SplitRecorder final : public Sink {
public:
    SplitRecorder();
    ~SplitRecorder() override;

    void raw(std::string_view bytes) override;
    void begin_payload(const std::string& path, std::int64_t size) override;
    void payload(std::string_view) override {}

    /// The whole file's bytes. The object is used up.
    std::string finish();

private:
    void compress(std::string_view bytes);
    void flush_raw();

    struct Stream;
    std::unique_ptr<Stream> stream_;
    std::string pending_;  ///< raw bytes not yet written as one record
    std::string output_;
};

/// Streams the tar that `split_file` and `folder` give together. Throws Errc::system if they do not fit any more (a
/// file is missing or of another size); the caller checks the digest of the whole.
void join_split(const std::filesystem::path& split_file, const std::filesystem::path& folder,
                const std::function<void(std::string_view)>& out);

}  // namespace stack::image::tar
