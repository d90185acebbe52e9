#include "net/forwarding.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/files.hpp"
#include "support/log.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

constexpr const char* ipv4_file = "/proc/sys/net/ipv4/ip_forward";
constexpr const char* ipv6_folder = "/proc/sys/net/ipv6/conf";
constexpr const char* ipv6_file = "/proc/sys/net/ipv6/conf/all/forwarding";
/// A table's comment has at most 128 bytes (libnftnl's NFTNL_UDATA_COMMENT_MAXLEN).
constexpr size_t longest_text = 120;

bool is_on(const char* file) {
    return trim(find_file(file).value_or("0")) != "0";
}

std::string accept_ra_of(const std::string& link) {
    return fmt::format("{}/{}/accept_ra", ipv6_folder, link);
}

std::vector<std::string> links_that_listen() {
    std::vector<std::string> out;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(ipv6_folder, failed)) {
        const std::string link = entry.path().filename();
        if (link != "all" && link != "default" && link != "lo" && !link.starts_with("stk") &&
            !link.starts_with("stv") && trim(find_file(accept_ra_of(link)).value_or("")) == "1" &&
            !is_on((entry.path() / "forwarding").c_str())) {
            out.push_back(link);
        }
    }
    return out;
}

/// A link may be gone meanwhile, or its sysctls be read-only.
void write_if_there(const std::string& file, std::string_view value) noexcept {
    try {
        if (find_file(file)) {
            write_file(file, value);
        }
    } catch (const Error& error) {
        log_warning("{}", error.what());
    }
}

}  // namespace

ForwardingRecord ForwardingRecord::parse(std::string_view text) {
    ForwardingRecord out;
    for (const auto word : split(text, ' ')) {
        const auto equals = word.find('=');
        const auto key = word.substr(0, equals);
        const auto value = equals == std::string_view::npos ? std::string_view{} : word.substr(equals + 1);
        if (key == "ip_forward") {
            out.ipv4_ = value == "1";
        } else if (key == "forwarding6") {
            out.ipv6_ = value == "1";
        } else if (key == "accept_ra") {
            for (const auto link : split(value, ',')) {
                out.accept_ra_.emplace_back(link);
            }
        }
    }
    return out;
}

std::string ForwardingRecord::text() const {
    std::string out = fmt::format("ip_forward={}", ipv4_.value_or(true) ? 1 : 0);
    if (ipv6_) {
        out += fmt::format(" forwarding6={}", *ipv6_ ? 1 : 0);
    }
    std::string links;
    for (const auto& link : accept_ra_) {
        if (out.size() + links.size() + link.size() < longest_text) {
            links += (links.empty() ? " accept_ra=" : ",") + link;
        }
    }
    return out + links;
}

void ForwardingRecord::merge(const ForwardingRecord& other) {
    // "Was off" is the older knowledge: tables that came later found it on.
    const auto older = [](std::optional<bool>& mine, const std::optional<bool>& theirs) {
        if (theirs && (!mine || !*theirs)) {
            mine = theirs;
        }
    };
    older(ipv4_, other.ipv4_);
    older(ipv6_, other.ipv6_);
    for (const auto& link : other.accept_ra_) {
        if (std::find(accept_ra_.begin(), accept_ra_.end(), link) == accept_ra_.end()) {
            accept_ra_.push_back(link);
        }
    }
}

void ForwardingRecord::look_at_host(bool ipv6) {
    if (!ipv4_) {
        ipv4_ = is_on(ipv4_file);
    }
    if (ipv6 && !ipv6_ && find_file(ipv6_file)) {
        ipv6_ = is_on(ipv6_file);
        accept_ra_ = *ipv6_ ? std::vector<std::string>{} : links_that_listen();
    }
}

void ForwardingRecord::switch_on() const {
    if (!is_on(ipv4_file)) {
        write_file(ipv4_file, "1");
    }
    if (ipv6_ && !is_on(ipv6_file)) {
        for (const auto& link : accept_ra_) {
            write_if_there(accept_ra_of(link), "2");
        }
        write_file(ipv6_file, "1");
    }
}

void ForwardingRecord::put_back() const {
    if (ipv4_ && !*ipv4_) {
        write_if_there(ipv4_file, "0");
    }
    if (ipv6_ && !*ipv6_) {
        write_if_there(ipv6_file, "0");
        for (const auto& link : accept_ra_) {
            write_if_there(accept_ra_of(link), "1");
        }
    }
}

}  // namespace stack::net
