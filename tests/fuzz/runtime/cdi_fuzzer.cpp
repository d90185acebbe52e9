// CDI files: any text is a spec or one sentence, within the limits.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/runtime/cdi/spec.hpp"
#include "support/error.hpp"

using namespace stack::runtime::cdi;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const Spec spec = parse_spec({reinterpret_cast<const char*>(data), size}, "x");
        for (const Device& device : spec.devices) {
            if (spec.find(device.name) != &device) {
                std::abort();
            }
        }
    } catch (const stack::Error&) {
        return 0;
    }
    return 0;
}
