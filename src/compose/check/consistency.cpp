#include "compose/consistency.hpp"

#include "compose/check/consistency_parts.hpp"

namespace stack::compose {

void check_consistency(const Node& document, const ServiceFilter& active, const ServiceFilter& asked_for,
                       Findings& findings, Variables variables) {
    const Path root;
    const Path services_path = root / "services";
    if (const Node* services = document.find("services")) {
        for (const auto& member : services->members()) {
            if (!asked_for(member.key) || !member.value.is_mapping()) {
                continue;
            }
            const Path path = services_path / member.key;
            const ServiceView view{document, member, path, findings, variables};
            check_references(view, active);
            check_conflicts(view);
        }
    }
    check_sources(document, findings);
    check_addresses(document, active, findings);
    check_clashes(document, active, findings);
    check_cycles(make_graph(document, active), findings);
}

}  // namespace stack::compose
