// The tags of a repository (OCI distribution-spec "Listing Tags").
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/registry/client.hpp"
#include "support/error.hpp"

namespace stack::image::registry {
namespace {

using nlohmann::json;

constexpr size_t most_tags = 100'000;

/// Where `Link: </v2/a/tags/list?last=x&n=100>; rel="next"` leads: a path of the same registry. Empty for anything
/// else.
std::string next_page(const std::string& link) {
    const auto end = link.find('>');
    const bool is_next =
        link.starts_with("</") && end != std::string::npos && link.find("rel=\"next\"", end) != std::string::npos;
    return is_next ? link.substr(1, end - 1) : "";
}

}  // namespace

std::vector<std::string> Client::tags(const std::string& repository) {
    std::vector<std::string> tags;
    for (auto path = fmt::format("/v2/{}/tags/list", repository); !path.empty();) {
        HttpRequest request;
        const HttpResponse response = call(request, path, repository, Access::pull);
        if (response.status != 200) {
            refuse(response, fmt::format("repository '{}'", repository));
        }
        const json document = json::parse(response.body, nullptr, false);
        const auto list = document.is_object() ? document.find("tags") : document.end();
        if (list == document.end() || !(list->is_array() || list->is_null())) {
            throw Error(Errc::network, fmt::format("registry '{}' gives no list of tags", domain_));
        }
        const size_t before = tags.size();
        for (const json& tag : *list) {
            if (tag.is_string()) {
                tags.push_back(tag.get<std::string>());
            }
        }
        if (tags.size() > most_tags) {
            throw Error(Errc::network, fmt::format("registry '{}' lists more than {} tags", domain_, most_tags));
        }
        // A page without tags ends the list: a registry may send in circles.
        path = tags.size() > before ? next_page(response.header("link")) : "";
    }
    return tags;
}

}  // namespace stack::image::registry
