#pragma once

#include <string>
#include <vector>

namespace stack::image {

struct SearchResult {
    std::string name, description;
    long stars{0};
    bool official{false}, automated{false};
};

/// Asks a registry for images by the search of Docker Hub's first API ("GET /v1/search?q=…&n=…"), which some other
/// registries have too. `term` may begin with a registry's name: "registry.example.com/tools". Text that the registry
/// sends is stripped of control characters. Throws Errc::unsupported if the registry cannot search.
std::vector<SearchResult> search_registry(const std::string& term, int limit);

}  // namespace stack::image
