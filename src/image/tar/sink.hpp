#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace stack::image::tar {

/// Where the bytes of a tar go, in order. File contents are told apart from headers and padding, so that a sink can
/// remember only what a layer folder does not hold itself.
class Sink {
public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    /// Headers and padding.
    virtual void raw(std::string_view bytes) = 0;
    /// `size` bytes of file content follow as payload(); `path` is the file's, relative to the layer folder.
    virtual void begin_payload(const std::string& path, std::int64_t size) = 0;
    virtual void payload(std::string_view bytes) = 0;
};

}  // namespace stack::image::tar
