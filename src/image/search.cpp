#include "image/search.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "image/reference.hpp"
#include "image/registry/http.hpp"
#include "image/registry/settings.hpp"
#include "support/error.hpp"

namespace stack::image {
namespace {

using nlohmann::json;

constexpr const char* hub_index = "https://index.docker.io";

struct Question {
    std::string domain, words;
};

/// Only a first part with a dot, a port, or "localhost" is a registry's name.
Question split_term(const std::string& term) {
    const auto slash = term.find('/');
    const auto first = term.substr(0, slash);
    const bool is_domain =
        slash != std::string::npos && (first.find_first_of(".:") != std::string::npos || first == "localhost");
    return is_domain ? Question{first, term.substr(slash + 1)} : Question{"docker.io", term};
}

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    std::string text = found != object.end() && found->is_string() ? found->get<std::string>() : "";
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return text;
}

bool flag_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

registry::HttpResponse ask(const Question& question, int limit) {
    const auto settings = registry::Settings::from_environment().of(question.domain);
    registry::TlsOptions tls{settings.ca_file, settings.client_certificate, settings.client_key, true};
    tls.verify = !settings.insecure || !settings.ca_file.empty();
    registry::Http http{tls};
    const auto path = fmt::format("/v1/search?q={}&n={}", registry::url_encode(question.words), limit);
    registry::HttpRequest request;
    request.url = (question.domain == "docker.io" ? hub_index : "https://" + question.domain) + path;
    try {
        return http.send(request);
    } catch (const registry::HttpFailure&) {
        if (!settings.insecure || question.domain == "docker.io") {
            throw;
        }
        request.url = "http://" + question.domain + path;
        return http.send(request);
    }
}

}  // namespace

std::vector<SearchResult> search_registry(const std::string& term, int limit) {
    const auto question = split_term(term);
    const auto response = ask(question, limit);
    const json answer = json::parse(response.body, nullptr, false);
    const auto results = answer.is_object() ? answer.find("results") : answer.end();
    if (response.status != 200 || results == answer.end() || !results->is_array()) {
        throw Error(response.status == 404 ? Errc::unsupported : Errc::network,
                    fmt::format("registry '{}' cannot search (it answered {})", question.domain, response.status));
    }
    std::vector<SearchResult> found;
    for (const json& one : *results) {
        if (!one.is_object()) {
            continue;
        }
        SearchResult result{text_of(one, "name"), text_of(one, "description"), 0, flag_of(one, "is_official"),
                            flag_of(one, "is_automated")};
        const auto stars = one.find("star_count");
        result.stars = stars != one.end() && stars->is_number_integer() ? stars->get<long>() : 0;
        found.push_back(std::move(result));
    }
    return found;
}

}  // namespace stack::image
