#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace stack::image {

/// One thing that happened while an image came, went or was made. cli/ draws them.
struct Progress {
    enum class Kind {
        message,      ///< `text` is one line for people
        notice,       ///< the same, of something that nobody expects: it is shown beside the layers, too
        output,       ///< `text` is one line of a program that works for us (mmdebstrap)
        waiting,      ///< layer `id` waits for its turn
        downloading,  ///< `current` of `total` bytes of layer `id`
        unpacking,    ///< `current` of `total` bytes of layer `id`
        uploading,    ///< `current` of `total` bytes of layer `id`
        done,         ///< layer `id` is there; `text` says how ("Already exists", "Pull complete", "Pushed")
    };
    Kind kind{Kind::message};
    std::string id;  ///< short layer id (12 hex digits), empty if it is not about one layer
    std::int64_t current{0}, total{0};
    std::string text;
};

/// Called from one thread at a time, not always the caller's.
using ProgressSink = std::function<void(const Progress&)>;

}  // namespace stack::image
