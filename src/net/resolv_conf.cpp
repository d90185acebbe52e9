#include "net/resolv_conf.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    for (size_t start = 0; start < text.size();) {
        const size_t begin = text.find_first_not_of(" \t\r", start);
        if (begin == std::string_view::npos) {
            break;
        }
        const size_t end = std::min(text.find_first_of(" \t\r", begin), text.size());
        out.emplace_back(text.substr(begin, end - begin));
        start = end;
    }
    return out;
}

void require_words(const std::vector<std::string>& list, const char* key) {
    for (const auto& word : list) {
        if (word.empty() || word.find_first_of(" \t\r\n;#") != std::string::npos) {
            throw Error(Errc::invalid_input, fmt::format("'{}' is not a word for '{}'", abbreviate(word, 80), key));
        }
    }
}

bool is_ndots(std::string_view option) {
    return option.starts_with("ndots:");
}

std::vector<std::string> nameservers(const ResolvConf& host, const ResolvConfRequest& request, bool host_network) {
    if (request.embedded) {
        return {"127.0.0.11"};
    }
    if (!request.dns.empty()) {
        return request.dns;
    }
    std::vector<std::string> out;
    for (const auto& server : host.nameservers) {
        if (host_network || !server.is_loopback()) {
            out.push_back(to_string(server));
        }
    }
    return out;
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
    ResolvConf out;
    for (const auto raw : split(text, '\n')) {
        if (raw.starts_with('#') || raw.starts_with(';')) {
            continue;
        }
        auto fields = words(raw);
        if (fields.size() < 2) {
            continue;
        }
        const std::string key = fields.front();
        fields.erase(fields.begin());
        if (key == "nameserver") {
            // A zone ("fe80::1%eth0") means nothing in another namespace; the address is kept without it.
            const auto server = IpAddress::find(std::string_view{fields[0]}.substr(0, fields[0].find('%')));
            if (server) {
                out.nameservers.push_back(*server);
            }
        } else if (key == "search" || key == "domain") {
            out.search = std::move(fields);  // resolv.conf(5): the last instance wins
        } else if (key == "options") {
            out.options.insert(out.options.end(), fields.begin(), fields.end());
        }
    }
    return out;
}

std::string render_resolv_conf(const ResolvConf& host, const ResolvConfRequest& request, bool host_network) {
    require_words(request.dns, "dns");
    require_words(request.search, "dns_search");
    require_words(request.options, "dns_opt");
    std::string out;
    for (const auto& server : nameservers(host, request, host_network)) {
        out += fmt::format("nameserver {}\n", server);
    }
    auto search = request.search.empty() ? host.search : request.search;
    std::erase(search, ".");
    if (!search.empty()) {
        out += fmt::format("search {}\n", join(search, " "));
    }
    auto options = request.options.empty() ? host.options : request.options;
    if (request.embedded && std::none_of(request.options.begin(), request.options.end(), is_ndots)) {
        std::erase_if(options, is_ndots);
        options.emplace_back("ndots:0");
    }
    if (!options.empty()) {
        out += fmt::format("options {}\n", join(options, " "));
    }
    return out;
}

}  // namespace stack::net
