#include "image/repository_tags.hpp"

#include <fmt/format.h>

#include "image/registry/client.hpp"
#include "support/error.hpp"

namespace stack::image {

std::vector<Reference> repository_tags(const Reference& repository) {
    std::vector<Reference> found;
    for (const auto& tag : registry::make_client(repository.domain).tags(repository.path)) {
        found.push_back(parse_reference(fmt::format("{}:{}", repository.repository(), tag)));
    }
    if (found.empty()) {
        throw Error(Errc::not_found, fmt::format("repository '{}' has no tags", repository.familiar()));
    }
    return found;
}

}  // namespace stack::image
