#pragma once

#include <cstdint>
#include <string_view>

namespace stack::image::tar {

/// A stream of bytes that is read piece by piece, without copying.
class Input {
public:
    Input() = default;
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    virtual ~Input() = default;

    /// The next bytes, valid until the next call; empty at the end. Throws Error if the source breaks.
    virtual std::string_view next() = 0;
    /// Passes over up to `count` bytes behind the last next() and returns how many; 0 if this source cannot jump (the
    /// caller then reads them).
    virtual std::int64_t jump(std::int64_t /*count*/) { return 0; }
};

}  // namespace stack::image::tar
