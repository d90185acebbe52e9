#pragma once

#include <string>
#include <vector>

namespace stack {
class Database;
}

namespace stack::engine {

/// Ids of all that may hold addresses: the containers of every project, and the steps of builds that run.
std::vector<std::string> network_owners(const Database& database);

}  // namespace stack::engine
