#include "harness/eventually.hpp"

#include <algorithm>

#include <poll.h>

namespace stack::testing {

bool eventually(const std::function<bool()>& is_so, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    for (int pause_ms = 2; !is_so(); pause_ms = std::min(pause_ms * 2, 200)) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        ::poll(nullptr, 0, pause_ms);
    }
    return true;
}

}  // namespace stack::testing
