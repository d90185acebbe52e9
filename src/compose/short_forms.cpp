#include "compose/short_forms.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "compose/short/short_mount.hpp"
#include "compose/short/short_port.hpp"
#include "support/text.hpp"

namespace stack::compose {

namespace {

std::string clean_target(const std::string& target) {
    if (target.empty()) {
        return target;
    }
    std::string clean = std::filesystem::path{target}.lexically_normal().string();
    while (clean.size() > 1 && clean.ends_with('/')) {
        clean.pop_back();
    }
    return clean;
}

Node bind_options(const ShortMount& mount, Mark mark) {
    Node bind = Node::mapping(mark);
    if (!mount.propagation.empty()) {
        bind.set("propagation", Node::string(mount.propagation, mark), mark);
    }
    if (mount.bind) {
        // Short forms have always made a missing folder (compose-spec 05-services "create_host_path").
        bind.set("create_host_path", Node::boolean(true, mark), mark);
    }
    if (!mount.selinux.empty()) {
        bind.set("selinux", Node::string(mount.selinux, mark), mark);
    }
    return bind;
}

Node volume_options(const ShortMount& mount, Mark mark) {
    Node volume = Node::mapping(mark);
    if (mount.nocopy) {
        volume.set("nocopy", Node::boolean(true, mark), mark);
    }
    if (!mount.subpath.empty()) {
        volume.set("subpath", Node::string(mount.subpath, mark), mark);
    }
    return volume;
}

}  // namespace

Node long_volume(const Node& text) {
    const Mark mark = text.mark;
    const auto parsed = parse_short_mount(text.text);
    if (!parsed.parts) {
        return Node{mark};
    }
    const ShortMount& mount = *parsed.parts;
    Node out = Node::mapping(mark);
    out.set("type", Node::string(mount.bind ? "bind" : "volume", mark), mark);
    if (!mount.source.empty()) {
        out.set("source", Node::string(mount.source, mark), mark);
    }
    out.set("target", Node::string(clean_target(mount.target), mark), mark);
    if (mount.read_only) {
        out.set("read_only", Node::boolean(true, mark), mark);
    }
    if (mount.bind || !mount.selinux.empty() || !mount.propagation.empty()) {
        out.set("bind", bind_options(mount, mark), mark);
    }
    if (!mount.bind || mount.nocopy) {
        out.set("volume", volume_options(mount, mark), mark);
    }
    return out;
}

std::string short_volume_target(std::string_view text) {
    const auto parsed = parse_short_mount(text);
    return parsed.parts ? clean_target(parsed.parts->target) : std::string{text};
}

std::vector<Node> long_ports(const Node& text) {
    const Mark mark = text.mark;
    const auto parsed = parse_short_port(text.text);
    if (!parsed.parts) {
        return {};
    }
    const ShortPorts& parts = *parsed.parts;
    std::vector<Node> ports;
    for (std::size_t n = 0; n < parts.target.count(); ++n) {
        Node port = Node::mapping(mark);
        port.set("mode", Node::string("ingress", mark), mark);
        if (!parts.host_ip.empty()) {
            port.set("host_ip", Node::string(parts.host_ip, mark), mark);
        }
        port.set("target", Node::integer(static_cast<std::int64_t>(parts.target.first + n), mark), mark);
        if (std::string published = parts.published_as(n); !published.empty()) {
            port.set("published", Node::string(std::move(published), mark), mark);
        }
        port.set("protocol", Node::string(parts.protocol, mark), mark);
        ports.push_back(std::move(port));
    }
    // In the order of the texts, as other implementations list them: 10000 before 9999.
    std::sort(ports.begin(), ports.end(),
              [](const Node& a, const Node& b) { return a.find("target")->text < b.find("target")->text; });
    return ports;
}

Node long_device(const Node& text) {
    const Mark mark = text.mark;
    Node out = Node::mapping(mark);
    const std::vector<std::string_view> fields = split(text.text, ':');
    const std::string source{fields[0]};
    // A CDI name (vendor.com/class=name) stands for itself.
    const std::string target = fields.size() > 1 && !fields[1].empty() ? std::string{fields[1]} : source;
    out.set("source", Node::string(source, mark), mark);
    out.set("target", Node::string(target, mark), mark);
    out.set("permissions", Node::string(fields.size() > 2 ? std::string{fields[2]} : "rwm", mark), mark);
    return out;
}

namespace {

enum class Quote : std::uint8_t { none, single, both };

}  // namespace

Node split_command(const Node& text, const Path& path, Findings& findings) {
    Node words = Node::sequence(text.mark);
    std::string word;
    bool in_word = false;
    Quote quote = Quote::none;
    for (std::size_t i = 0; i < text.text.size(); ++i) {
        const char c = text.text[i];
        if (c == '\\' && quote != Quote::single && i + 1 < text.text.size()) {
            word += text.text[++i];
            in_word = true;
        } else if (quote == Quote::none && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            if (in_word) {
                words.push_back(Node::string(std::move(word), text.mark));
            }
            word.clear();
            in_word = false;
        } else if ((c == '\'' && quote != Quote::both) || (c == '"' && quote != Quote::single)) {
            quote = quote != Quote::none ? Quote::none : c == '"' ? Quote::both : Quote::single;
            in_word = true;
        } else {
            word += c;
            in_word = true;
        }
    }
    if (quote != Quote::none) {
        findings.error(text.mark, path,
                       fmt::format("'{}' of {} has a {} quote that is not closed", path.key(), owner_of(path),
                                   quote == Quote::single ? "single" : "double"),
                       "close the quote, or write the command as a list");
    }
    if (in_word) {
        words.push_back(Node::string(std::move(word), text.mark));
    }
    return words;
}

std::string owner_of(const Path& path) {
    const std::string_view section = path.step(0);
    const std::string_view singular = section.ends_with('s') ? section.substr(0, section.size() - 1) : section;
    return fmt::format("{} '{}'", singular, abbreviate(path.step(1), 100));
}

}  // namespace stack::compose
