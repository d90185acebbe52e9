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

std::string with_hosts_entries(const std::string& text, const std::vector<HostsEntry>& entries) {
    std::string out = text;
    if (!out.empty() && out.back() != '\n') {
        out += '\n';
    }
    for (const auto& entry : entries) {
        out += line(entry);
    }
    return out;
}

namespace {

/// Each line with its end.
template <class Each>
void for_each_line(std::string_view text, Each&& each) {
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        each(text.substr(begin, end - begin));
        begin = end;
    }
}

constexpr const char* blanks = " \t\n";

}  // namespace

std::string without_hosts_entries(const std::string& text, const std::vector<HostsEntry>& entries) {
    std::string out;
    for_each_line(text, [&](std::string_view one) {
        const auto address = one.substr(0, one.find_first_of(blanks));
        if (std::none_of(entries.begin(), entries.end(), [&](const auto& it) { return it.address == address; })) {
            out += one;
        }
    });
    return out;
}

std::string with_hosts_entry_moved(const std::string& text, std::string_view name, const std::string& address) {
    std::string out;
    for_each_line(text, [&](std::string_view one) {
        const size_t gap = one.find_first_of(blanks);
        const bool is_it = gap != std::string_view::npos && trim(one.substr(gap)) == name;
        out += is_it ? fmt::format("{}\t{}\n", address, name) : std::string{one};
    });
    return out;
}

}  // namespace stack::net
