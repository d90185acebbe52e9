// Short forms of volumes, and the options of mounts behind them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "compose/short/short_mount.hpp"
#include "support/error.hpp"
#include "volumes/mount_options.hpp"
#include "volumes/volume_store.hpp"

using namespace stack::compose;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const auto form = parse_short_mount(text);
    if (form.parts.has_value() == form.problem.has_value()) {
        std::abort();
    }
    if (form.parts && form.parts->target.empty()) {
        std::abort();
    }
    const auto options = stack::volumes::parse_mount_options(text);
    if (options.data.size() > text.size()) {
        std::abort();
    }
    try {
        stack::volumes::check_volume_name(text);
        // What passes becomes a folder's name.
        if (text.empty() || text.find('/') != std::string::npos || text == "." || text == "..") {
            std::abort();
        }
    } catch (const stack::Error&) {
        return 0;
    }
    return 0;
}
