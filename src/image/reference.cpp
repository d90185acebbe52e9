#include "image/reference.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

constexpr std::string_view default_domain = "docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr size_t longest_name = 255;
constexpr size_t longest_tag = 128;
constexpr size_t sha256_hex_digits = 64;

// Not <cctype>: what a reference may hold does not depend on a locale.
bool is_lower_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alphanumeric(char c) noexcept {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}
bool is_hex_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

[[noreturn]] void fail(std::string_view text, const std::string& why) {
    throw Error(Errc::invalid_input, fmt::format("invalid image reference '{}': {}", abbreviate(text, 200), why));
}

// path-component: alphanumeric runs separated by ".", "_", "__" or any number of "-".
bool is_path_component(std::string_view part) {
    if (part.empty() || !is_lower_or_digit(part.front()) || !is_lower_or_digit(part.back())) {
        return false;
    }
    for (size_t i = 0; i < part.size();) {
        const size_t end =
            std::find_if(part.begin() + static_cast<std::ptrdiff_t>(i), part.end(), is_lower_or_digit) - part.begin();
        const auto separator = part.substr(i, end - i);
        const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
        if (!dashes && separator != "." && separator != "_" && separator != "__") {
            return false;
        }
        i = end + 1;
    }
    return true;
}

bool is_host_label(std::string_view label) {
    return !label.empty() && is_alphanumeric(label.front()) && is_alphanumeric(label.back()) &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_port(std::string_view port) {
    const auto number = parse_uint(port);
    return number && *number > 0 && *number <= 65535;
}

// domain: a name, or an IPv6 address in brackets, and a port.
bool is_domain(std::string_view domain) {
    std::string_view host = domain;
    if (domain.starts_with('[')) {
        const auto end = domain.find(']');
        if (end == std::string_view::npos) {
            return false;
        }
        const auto address = domain.substr(1, end - 1);
        const auto rest = domain.substr(end + 1);
        return !address.empty() && address.find_first_not_of("0123456789abcdefABCDEF:") == std::string_view::npos &&
               (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
    }
    if (const auto colon = domain.find(':'); colon != std::string_view::npos) {
        host = domain.substr(0, colon);
        if (!is_port(domain.substr(colon + 1))) {
            return false;
        }
    }
    const auto labels = split(host, '.');
    return std::all_of(labels.begin(), labels.end(), is_host_label);
}

bool is_tag(std::string_view tag) {
    if (tag.empty() || tag.size() > longest_tag || tag.front() == '.' || tag.front() == '-') {
        return false;
    }
    return std::all_of(tag.begin(), tag.end(),
                       [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

// The first component is a domain if it looks like one: it holds a dot or a colon, is "localhost", or has capitals
// (which no path may have). distribution reference/normalize.go, "splitDockerDomain".
bool looks_like_domain(std::string_view first) {
    return first.find_first_of(".:[") != std::string_view::npos || first == "localhost" || to_lower(first) != first;
}

void check_path(std::string_view text, std::string_view path) {
    for (const auto part : split(path, '/')) {
        if (is_path_component(part)) {
            continue;
        }
        if (part.empty()) {
            fail(text, "a part of the name is empty");
        }
        if (to_lower(part) != part) {
            fail(text, "the repository name must be lower case");
        }
        fail(text, fmt::format("'{}' may hold only a-z, 0-9 and single separators (. _ __ -) between them", part));
    }
}

void split_domain(Reference& reference, std::string_view text, std::string_view name) {
    const auto slash = name.find('/');
    if (slash != std::string_view::npos && looks_like_domain(name.substr(0, slash))) {
        reference.domain = name.substr(0, slash);
        reference.path = name.substr(slash + 1);
        if (!is_domain(reference.domain)) {
            fail(text, fmt::format("'{}' is not a host name with an optional port", reference.domain));
        }
    } else {
        reference.domain = default_domain;
        reference.path = name;
    }
    if (reference.domain == "index.docker.io") {
        reference.domain = default_domain;
    }
    if (reference.domain == default_domain && reference.path.find('/') == std::string::npos) {
        reference.path.insert(0, official_prefix);
    }
}

}  // namespace

std::string Reference::repository() const {
    return domain + '/' + path;
}

std::string Reference::canonical() const {
    std::string text = repository();
    if (!tag.empty()) {
        text += ':' + tag;
    }
    if (!digest.empty()) {
        text += '@' + digest;
    }
    return text;
}

std::string Reference::familiar_repository() const {
    if (domain != default_domain) {
        return repository();
    }
    const bool official =
        path.starts_with(official_prefix) && path.find('/', official_prefix.size()) == std::string::npos;
    return official ? path.substr(official_prefix.size()) : path;
}

std::string Reference::familiar() const {
    return familiar_repository() + canonical().substr(repository().size());
}

Reference Reference::with_default_tag() const {
    Reference copy = *this;
    if (copy.tag.empty() && copy.digest.empty()) {
        copy.tag = "latest";
    }
    return copy;
}

Reference Reference::with_tag(std::string new_tag) const {
    Reference copy = *this;
    copy.tag = std::move(new_tag);
    copy.digest.clear();
    return copy;
}

Reference parse_reference(std::string_view text) {
    if (text.empty()) {
        throw Error(Errc::invalid_input, "an image reference must not be empty");
    }
    Reference reference;
    std::string_view name = text;
    if (const auto at = name.find('@'); at != std::string_view::npos) {
        reference.digest = name.substr(at + 1);
        name = name.substr(0, at);
        if (!is_sha256_digest(reference.digest)) {
            fail(text, "the digest must be 'sha256:' and 64 hex digits");
        }
    }
    const auto colon = name.rfind(':');
    if (colon != std::string_view::npos && name.find('/', colon) == std::string_view::npos) {
        reference.tag = name.substr(colon + 1);
        name = name.substr(0, colon);
        if (!is_tag(reference.tag)) {
            fail(text, "a tag is up to 128 letters, digits, '_', '.', '-', and does not begin with '.' or '-'");
        }
    }
    if (name.empty()) {
        fail(text, "the repository name is missing");
    }
    split_domain(reference, text, name);
    check_path(text, reference.path);
    if (reference.repository().size() > longest_name) {
        fail(text, fmt::format("the repository name is longer than {} characters", longest_name));
    }
    return reference;
}

std::optional<Reference> find_reference(std::string_view text) {
    try {
        return parse_reference(text);
    } catch (const Error&) {
        return std::nullopt;
    }
}

bool is_sha256_digest(std::string_view text) noexcept {
    constexpr std::string_view prefix = "sha256:";
    return text.starts_with(prefix) && text.size() == prefix.size() + sha256_hex_digits &&
           std::all_of(text.begin() + prefix.size(), text.end(), is_hex_digit);
}

std::string digest_hex(std::string_view digest) {
    if (!is_sha256_digest(digest)) {
        throw Error(Errc::invalid_input, fmt::format("'{}' is not a sha256 digest", abbreviate(digest, 100)));
    }
    return std::string{digest.substr(digest.find(':') + 1)};
}

}  // namespace stack::image
