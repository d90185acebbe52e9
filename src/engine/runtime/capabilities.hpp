#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/launch_plan.hpp"

namespace stack::runtime {

/// Docker's fourteen.
CapabilityMask default_capabilities() noexcept;
/// All that this kernel knows and this process holds: what `privileged` gives.
CapabilityMask own_capabilities();

/// "NET_ADMIN", "cap_net_admin", any case -> its bit. Throws Errc::invalid_input with a near name as hint.
CapabilityMask capability_bit(std::string_view name);
std::string capability_name(unsigned number);

/// default - drop + add, as Docker merges them: "ALL" in add gives everything but what drop names, "ALL" in drop gives
/// only what add names; a capability that is named in both is given.
CapabilityMask merge_capabilities(const std::vector<std::string>& add, const std::vector<std::string>& drop);

/// In the child: takes everything that is not in `allowed` out of the bounding set (prctl(2) PR_CAPBSET_DROP).
void drop_bounding_set(CapabilityMask allowed);
/// In the child: permitted and effective become `mask`, inheritable and ambient empty (capset(2)).
void set_capabilities(CapabilityMask mask);

}  // namespace stack::runtime
