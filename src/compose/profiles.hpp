#pragma once

#include <set>
#include <string>
#include <vector>

#include "compose/finding.hpp"
#include "compose/node.hpp"

namespace stack::compose {

/// Takes the services whose profiles are not active out of the document and gives them back as a mapping (compose-spec
/// 15-profiles): a service without profiles is always active, `*` activates all, and naming a service on the command
/// line activates its profiles.
Node take_inactive_services(Node& document, const std::vector<std::string>& active_profiles,
                            const std::vector<std::string>& named_services);

/// True if the service is active by the same rules; `services` may be nullptr.
bool is_active_service(const Node* services, std::string_view name, const std::vector<std::string>& active_profiles,
                       const std::vector<std::string>& named_services);

/// Removes networks, volumes, secrets and configs that no active service uses.
void remove_unused(Node& document);

/// The named services that there are, and everything that they depend on; of a document in short or long form.
std::set<std::string, std::less<>> named_and_needed(const Node* services, const std::vector<std::string>& names);

/// Keeps the named services and everything that they depend on, and gives the others back as a mapping: the files still
/// know them, so that their containers are no orphans. An unknown name is a finding.
Node select_services(Node& document, const std::vector<std::string>& names, Findings& findings);

}  // namespace stack::compose
