#include "cli/help.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "support/text.hpp"

namespace stack::cli {

std::string_view help_text(std::string_view name) {
    const EmbeddedText* end = embedded_texts + embedded_text_count;
    const EmbeddedText* found = std::find_if(embedded_texts, end, [&](const auto& one) { return one.name == name; });
    if (found == end) {
        throw Error{Errc::internal, fmt::format("no help text '{}'", name)};
    }
    return found->text;
}

std::string command_help(std::string_view text, const std::string& called_as) {
    text = text.substr(0, text.find("\nOld spellings:"));
    std::string out = replace_all(std::string{text}, "{command}", called_as);
    out += out.empty() || out.back() != '\n' ? "\n" : "";
    return out;
}

namespace {

/// "container ls|ps" without the other spellings.
std::string_view main_path(const Command& command) {
    return command.path.substr(0, command.path.find('|'));
}

void append_row(std::string& out, std::string_view name, std::string_view summary) {
    out += fmt::format("  {:<14} {}\n", name, summary);
}

struct Group {
    std::string_view name;
    std::string_view summary;
};
constexpr Group groups[] = {
    {"container", "Work with single containers"},
    {"image", "Work with images"},
    {"network", "Work with networks"},
    {"volume", "Work with volumes"},
    {"system", "Look after the engine as a whole"},
    {"builder", "Work with builds and their cache"},
    {"buildx", "The same by another name"},
};

bool group_has_commands(std::string_view group, unsigned doors) {
    const std::span<const Command> all = commands();
    return std::any_of(all.begin(), all.end(), [&](const Command& command) {
        return (command.doors & doors) != 0 && command.path.substr(0, group.size() + 1) == fmt::format("{} ", group);
    });
}

}  // namespace

std::string program_help(std::string_view text, const std::string& called_as, unsigned doors) {
    std::string out = command_help(text, called_as);
    out += "\nCommands:\n";
    std::set<std::string_view> seen;
    for (const Command& command : commands()) {
        const std::string_view name = main_path(command);
        if ((command.doors & doors) != 0 && name.find(' ') == std::string_view::npos && seen.insert(name).second) {
            append_row(out, name, command.summary);
        }
    }
    std::string rows;
    for (const Group& group : groups) {
        if (group_has_commands(group.name, doors)) {
            append_row(rows, group.name, group.summary);
        }
    }
    if (!rows.empty()) {
        out += "\nGroups:\n" + rows;
    }
    out += fmt::format("\n'{} COMMAND --help' tells more about one of them.\n", called_as);
    return out;
}

std::string group_help(std::string_view group, const std::string& called_as, unsigned doors) {
    if (!group_has_commands(group, doors)) {
        return {};
    }
    std::string out = fmt::format("Usage: {} {} COMMAND\n\nCommands:\n", called_as, group);
    for (const Command& command : commands()) {
        const std::string_view name = main_path(command);
        if ((command.doors & doors) != 0 && name.substr(0, group.size() + 1) == fmt::format("{} ", group)) {
            append_row(out, name.substr(group.size() + 1), command.summary);
        }
    }
    return out;
}

}  // namespace stack::cli
