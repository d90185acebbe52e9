#pragma once

#include <string>

namespace stack::engine::supervisor {

/// main() of "supervise worker <project>", started by a keeper with the descriptors of keeper.hpp. Takes up the
/// project's containers where they are, then serves clients until nothing is left to watch.
int run_worker(const std::string& project);

}  // namespace stack::engine::supervisor
