#pragma once

#include <string_view>

#include "compose/consistency.hpp"

namespace stack::compose {

/// One service as the parts of check_consistency() see it.
struct ServiceView {
    const Node& document;
    const Member& service;
    const Path& path;  // services.NAME
    Findings& findings;
    Variables variables{Variables::replaced};

    bool is_open(std::string_view name) const {
        return variables == Variables::in_place && name.find('$') != std::string_view::npos;
    }
    const Node* find(std::string_view key) const { return service.value.find(key); }
    /// The key's member, if it says anything: not null, not empty.
    const Member* find_said(std::string_view key) const {
        const Member* member = service.value.find_member(key);
        const bool empty = member == nullptr || member->value.is_null() ||
                           (member->value.is_scalar() ? member->value.text.empty() : member->value.empty());
        return empty ? nullptr : member;
    }
};

/// Services, networks, volumes, secrets, configs and models that are used but not declared.
void check_references(const ServiceView& view, const ServiceFilter& active);
/// Keys of one service that exclude each other or say different things about the same.
void check_conflicts(const ServiceView& view);
/// Entries of the document's secrets and configs that do not say where they come from, or say it twice.
void check_sources(const Node& document, Findings& findings);
/// Addresses that services and networks ask for and that do not lie in the network, or that two services want.
void check_addresses(const Node& document, const ServiceFilter& active, Findings& findings);
/// Container names, host ports and mount targets that are wanted twice.
void check_clashes(const Node& document, const ServiceFilter& active, Findings& findings);

}  // namespace stack::compose
