#include "support/random.hpp"

#include <sys/random.h>

#include "support/digest.hpp"
#include "support/error.hpp"

namespace stack {

std::string random_hex(size_t bytes) {
    std::string raw(bytes, '\0');
    // Up to 256 bytes are never short and never interrupted once the pool is up (getrandom(2)).
    check(::getrandom(raw.data(), raw.size(), 0), [] { return "getrandom"; });
    return to_hex(raw);
}

}  // namespace stack
