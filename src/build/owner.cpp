#include "build/owner.hpp"

#include <fmt/format.h>

#include "engine/runtime/users.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/layered_tree.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

constexpr size_t largest_passwd = size_t{16} << 20U;

std::string text_of(const std::vector<std::filesystem::path>& layers, const std::string& path) {
    if (layers.empty()) {
        return {};
    }
    const auto file = kernel::open_layered_file(layers, path);
    return file ? read_all(file->get(), path, largest_passwd) : std::string{};
}

/// One clause of chmod(1): "u=rwX", "go-w", "+x".
struct Clause {
    mode_t who{0}, bits{0};
    char operation{'+'};
    bool conditional_execute{false};
};

[[noreturn]] void bad_mode(const std::string& text) {
    throw Error(Errc::invalid_input, fmt::format("'{}' is no mode of --chmod", text))
        .hint("write octal digits like 755, or symbols like u=rwx,go=rx");
}

Clause parse_clause(std::string_view text, const std::string& whole) {
    Clause clause;
    size_t at = 0;
    for (; at < text.size() && std::string_view{"ugoa"}.find(text[at]) != std::string_view::npos; ++at) {
        clause.who |= text[at] == 'u' ? 04700U : text[at] == 'g' ? 02070U : text[at] == 'o' ? 01007U : 07777U;
    }
    clause.who = clause.who == 0 ? 07777U : clause.who;
    if (at == text.size() || std::string_view{"+-="}.find(text[at]) == std::string_view::npos) {
        bad_mode(whole);
    }
    clause.operation = text[at++];
    for (; at < text.size(); ++at) {
        switch (text[at]) {
            case 'r':
                clause.bits |= 0444U;
                break;
            case 'w':
                clause.bits |= 0222U;
                break;
            case 'x':
                clause.bits |= 0111U;
                break;
            case 'X':
                clause.conditional_execute = true;
                break;
            case 's':
                clause.bits |= 06000U;
                break;
            case 't':
                clause.bits |= 01000U;
                break;
            default:
                bad_mode(whole);
        }
    }
    return clause;
}

mode_t apply(const Clause& clause, mode_t mode, bool is_folder) {
    mode_t bits = clause.bits;
    if (clause.conditional_execute && (is_folder || (mode & 0111U) != 0)) {
        bits |= 0111U;
    }
    bits &= clause.who;
    if (clause.operation == '-') {
        return mode & ~bits;
    }
    return clause.operation == '+' ? mode | bits : (mode & ~clause.who) | bits;
}

}  // namespace

std::pair<uid_t, gid_t> resolve_owner(const std::vector<std::filesystem::path>& layers, const std::string& text) {
    const auto colon = text.find(':');
    const auto user = text.substr(0, colon);
    if (colon == std::string::npos) {
        if (const auto number = parse_uint(user)) {
            return {static_cast<uid_t>(*number), static_cast<gid_t>(*number)};
        }
    }
    runtime::UserFiles files;
    const auto group = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
    if (!parse_uint(user) || !parse_uint(group)) {
        files = {text_of(layers, "/etc/passwd"), text_of(layers, "/etc/group")};
    }
    const auto resolved = runtime::resolve_user(files, text, {});
    return {resolved.uid, resolved.gid};
}

std::function<mode_t(const struct stat&)> parse_mode(const std::string& text) {
    constexpr int octal = 8;
    if (const auto number = parse_uint(text, octal); number && *number <= 07777U) {
        return [mode = static_cast<mode_t>(*number)](const struct stat&) { return mode; };
    }
    std::vector<Clause> clauses;
    for (const auto clause : split(text, ',')) {
        clauses.push_back(parse_clause(clause, text));
    }
    return [clauses](const struct stat& status) {
        mode_t mode = status.st_mode & 07777U;
        for (const auto& clause : clauses) {
            mode = apply(clause, mode, S_ISDIR(status.st_mode));
        }
        return mode;
    };
}

}  // namespace stack::build
