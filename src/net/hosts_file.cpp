#include "net/hosts_file.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::net {
namespace {

void require_one_word(const std::string& word, const char* what) {
    const bool good = !word.empty() && std::none_of(word.begin(), word.end(), [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '#' || c == '\x7f';
    });
    if (!good) {
        throw Error(Errc::invalid_input, fmt::format("'{}' cannot be {} in /etc/hosts", abbreviate(word, 80), what));
    }
}

std::string line(const HostsEntry& entry) {
    require_one_word(entry.address, "an address");
    for (const auto& name : entry.names) {
        require_one_word(name, "a host name");
    }
    return fmt::format("{}\t{}\n", entry.address, join(entry.names, " "));
}

}  // namespace

std::string render_hosts_file(const std::vector<HostsEntry>& own, const std::vector<HostsEntry>& extra) {
    std::string out =
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::\tip6-localnet\n"
        "ff00::\tip6-mcastprefix\n"
        "ff02::1\tip6-allnodes\n"
        "ff02::2\tip6-allrouters\n";
    for (const auto& entry : extra) {
        out += line(entry);
    }
    for (const auto& entry : own) {
        out += line(entry);
    }
    return out;
}

}  // namespace stack::net
