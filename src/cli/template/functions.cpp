#include "cli/template/functions.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/table.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::cli::tmpl {

using nlohmann::json;
using Args = std::vector<json>;

std::string go_text(const json& value) {
    if (value.is_null()) {
        return "<no value>";
    }
    if (value.is_string()) {
        return value.get<std::string>();
    }
    std::string out;
    if (value.is_array()) {
        for (const json& one : value) {
            out += (out.empty() ? "" : " ") + go_text(one);
        }
        return "[" + out + "]";
    }
    if (value.is_object()) {
        for (const auto& [name, one] : value.items()) {
            out += fmt::format("{}{}:{}", out.empty() ? "" : " ", name, go_text(one));
        }
        return "map[" + out + "]";
    }
    return value.dump();
}

bool is_true(const json& value) {
    if (value.is_boolean()) {
        return value.get<bool>();
    }
    if (value.is_number()) {
        return value.get<double>() != 0;
    }
    return value.is_string() ? !value.get_ref<const std::string&>().empty() : !value.empty();
}

namespace {

[[noreturn]] void fail(const std::string& why) {
    throw Error{Errc::invalid_input, fmt::format("template error: {}", why)};
}

std::string capitalised(std::string text) {
    bool begins = true;
    for (char& c : text) {
        c = begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        begins = c == ' ';
    }
    return text;
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

json index(const Args& args) {
    json value = args.at(0);
    for (size_t i = 1; i < args.size(); ++i) {
        if (value.is_object()) {
            const auto found = value.find(go_text(args[i]));
            value = found == value.end() ? json{} : json(*found);
        } else if (value.is_array() && args[i].is_number_integer() && args[i].get<std::int64_t>() >= 0 &&
                   args[i].get<size_t>() < value.size()) {
            value = json(value[args[i].get<size_t>()]);
        } else {
            fail(value.is_array() ? "error calling index: index out of range" : "error calling index: can't index");
        }
    }
    return value;
}

json join_values(const Args& args) {
    std::string out;
    for (const json& one : args.at(0)) {
        out += (out.empty() ? "" : go_text(args.at(1))) + go_text(one);
    }
    return out;
}

json split_text(const Args& args) {
    const std::string text = go_text(args.at(0));
    const std::string separator = go_text(args.at(1));
    json parts = json::array();
    size_t begin = 0;
    for (size_t at = 0; !separator.empty() && (at = text.find(separator, begin)) != std::string::npos;
         begin = at + separator.size()) {
        parts.push_back(text.substr(begin, at - begin));
    }
    parts.push_back(text.substr(begin));
    return parts;
}

/// %s, %v, %q, %d, %x, %% with a width ("%-10s").
json print_formatted(const Args& args) {
    const std::string format = go_text(args.at(0));
    std::string out;
    size_t next = 1;
    for (size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 == format.size()) {
            out += format[i];
            continue;
        }
        const size_t begin = ++i;
        while (i < format.size() && (format[i] == '-' || std::isdigit(static_cast<unsigned char>(format[i])) != 0)) {
            ++i;
        }
        if (i >= format.size() || format[i] == '%') {
            out += '%';
            continue;
        }
        if (next >= args.size()) {
            out += fmt::format("%!{}(MISSING)", format[i]);
            continue;
        }
        const std::string flags = format.substr(begin, i - begin);
        const bool left = flags.starts_with('-');
        const size_t width = parse_uint(std::string_view{flags}.substr(left ? 1 : 0)).value_or(0);
        const json& value = args[next++];
        std::string text = format[i] == 'q'   ? json(go_text(value)).dump()
                           : format[i] == 'x' ? fmt::format("{:x}", value.get<std::int64_t>())
                                              : go_text(value);
        const std::string blanks(width - std::min(width, display_width(text)), ' ');
        out += left ? text + blanks : blanks + text;
    }
    return out;
}

json print_values(const Args& args, bool line) {
    std::string out;
    for (const json& one : args) {
        out += (out.empty() || !line ? "" : " ") + go_text(one);
    }
    return line ? out + "\n" : out;
}

json slice(const Args& args) {
    const size_t begin = args.size() > 1 ? args[1].get<size_t>() : 0;
    const json& value = args.at(0);
    const size_t length = value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
    const size_t end = args.size() > 2 ? args[2].get<size_t>() : length;
    if (begin > end || end > length) {
        fail("error calling slice: index out of range");
    }
    if (value.is_string()) {
        return value.get<std::string>().substr(begin, end - begin);
    }
    return json(value.begin() + static_cast<std::ptrdiff_t>(begin), value.begin() + static_cast<std::ptrdiff_t>(end));
}

json length_of(const json& value) {
    return value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
}

json equals_any(const Args& args) {
    return std::any_of(args.begin() + 1, args.end(), [&](const json& one) { return one == args.at(0); });
}

json pad_text(const Args& args) {
    const std::string text = go_text(args.at(0));
    return text.empty()
               ? text
               : std::string(args.at(1).get<size_t>(), ' ') + text + std::string(args.at(2).get<size_t>(), ' ');
}

struct Function {
    std::string_view name;
    size_t least;
    json (*call)(const Args&);
};
constexpr Function functions[] = {
    {"json", 1, [](const Args& a) { return json(a[0].dump()); }},
    {"lower", 1, [](const Args& a) { return json(to_lower(go_text(a[0]))); }},
    {"upper", 1, [](const Args& a) { return json(upper(go_text(a[0]))); }},
    {"title", 1, [](const Args& a) { return json(capitalised(go_text(a[0]))); }},
    {"join", 2, join_values},
    {"split", 2, split_text},
    {"truncate", 2, [](const Args& a) { return json(go_text(a[0]).substr(0, a[1].get<size_t>())); }},
    {"pad", 3, pad_text},
    {"len", 1, [](const Args& a) { return length_of(a[0]); }},
    {"index", 1, index},
    {"slice", 1, slice},
    {"print", 0, [](const Args& a) { return print_values(a, false); }},
    {"println", 0, [](const Args& a) { return print_values(a, true); }},
    {"printf", 1, print_formatted},
    {"eq", 2, equals_any},
    {"ne", 2, [](const Args& a) { return json(a[0] != a[1]); }},
    {"lt", 2, [](const Args& a) { return json(a[0] < a[1]); }},
    {"le", 2, [](const Args& a) { return json(a[0] <= a[1]); }},
    {"gt", 2, [](const Args& a) { return json(a[0] > a[1]); }},
    {"ge", 2, [](const Args& a) { return json(a[0] >= a[1]); }},
    {"not", 1, [](const Args& a) { return json(!is_true(a[0])); }},
    {"and", 1,
     [](const Args& a) { return *std::find_if(a.begin(), a.end() - 1, [](const json& v) { return !is_true(v); }); }},
    {"or", 1, [](const Args& a) { return *std::find_if(a.begin(), a.end() - 1, is_true); }},
};

}  // namespace

bool is_function(std::string_view name) {
    return std::any_of(std::begin(functions), std::end(functions), [&](const Function& f) { return f.name == name; });
}

json call(const std::string& name, const Args& args) {
    for (const Function& function : functions) {
        if (function.name == name) {
            if (args.size() < function.least) {
                fail(fmt::format("wrong number of args for {}: want {} got {}", name, function.least, args.size()));
            }
            try {
                return function.call(args);
            } catch (const json::exception&) {
                fail(fmt::format("error calling {}: argument of the wrong kind", name));
            }
        }
    }
    fail(fmt::format("function \"{}\" not defined", name));
}

}  // namespace stack::cli::tmpl
