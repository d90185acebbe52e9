#include "engine/state/owners.hpp"

#include "support/database.hpp"

namespace stack::engine {

std::vector<std::string> network_owners(const Database& database) {
    std::vector<std::string> owners;
    for (const char* table : {"containers", "build_runs"}) {
        auto known = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
        known.bind(table);
        if (!known.step()) {
            continue;  // nobody has needed it yet
        }
        auto row = database.prepare(std::string{"SELECT id FROM "} + table);
        while (row.step()) {
            owners.push_back(row.text(0));
        }
    }
    return owners;
}

}  // namespace stack::engine
