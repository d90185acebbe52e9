#pragma once

#include <string>

namespace stack {

/// 2 × `bytes` lower-case hex digits from getrandom(2).
std::string random_hex(size_t bytes);

}  // namespace stack
