#pragma once

#include <chrono>
#include <functional>

namespace stack::testing {

/// Asks again and again, soon at first, until it is true; false if it is not within `limit`. For states that nothing
/// tells us of; where there is an event or some output, wait for that.
bool eventually(const std::function<bool()>& is_so, std::chrono::seconds limit = std::chrono::seconds{300});

}  // namespace stack::testing
