#pragma once

#include <string>

namespace stack::engine::supervisor {

/// "quiet_heron": for containers that nobody named.
std::string made_up_name();

}  // namespace stack::engine::supervisor
