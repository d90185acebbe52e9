// A tool of the build: make_rules SCHEMA OUTPUT writes schemas/compose.schema.json as constant tables of Rule, so that
// the program has them without reading anything when it starts. It knows the part of draft-07 that our schema uses and
// stops at anything else; a unit test holds the walk over these tables against valijson's verdict.

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::ordered_json;

struct Type {
    std::string_view kinds;  ///< an expression of the table's file
    std::string_view noun;
};

const Type& type_of(const std::string& name) {
    static const std::map<std::string_view, Type> table{
        {"null", {"bit(Kind::null)", "nothing"}},
        {"boolean", {"bit(Kind::boolean)", "true or false"}},
        {"integer", {"bit(Kind::integer)", "a whole number"}},
        {"number", {"bit(Kind::integer) | bit(Kind::real)", "a number"}},
        {"string", {"bit(Kind::string)", "a string"}},
        {"array", {"bit(Kind::sequence)", "a list"}},
        {"object", {"bit(Kind::mapping)", "a mapping"}},
    };
    return table.at(name);
}

[[noreturn]] void not_understood(const std::string& what) {
    throw std::runtime_error{fmt::format("the schema uses '{}', which make_rules does not know", what)};
}

std::string literal(const std::string& text) {
    return Json(text).dump();  // JSON's escapes are C++'s, for what stands in titles and names
}

using Words = std::vector<std::string>;

struct Made {
    std::string title, kinds{"any_kind"}, extra{"allowed"}, minimum{"{}"}, maximum{"{}"};
    size_t format{0};  ///< 1 is the first
    Words allowed_values, required;
    std::vector<std::pair<std::string, size_t>> members;
    std::optional<size_t> items, extra_rule;
    bool unique_items{false}, extensions{false}, plain_names{false};
};

/// A definition is made once, also if it refers to itself.
class Maker {
public:
    explicit Maker(const Json& root) : root_{root} { make(root); }

    const std::vector<Made>& rules() const { return rules_; }
    const Words& formats() const { return formats_; }

private:
    size_t make(const Json& schema) {
        if (const auto reference = schema.find("$ref"); reference != schema.end()) {
            return definition(reference->get<std::string>());
        }
        const size_t index = rules_.size();
        rules_.emplace_back();
        fill(index, schema);
        return index;
    }

    size_t definition(const std::string& reference) {
        constexpr std::string_view prefix = "#/definitions/";
        const auto name = reference.substr(prefix.size());
        if (const auto known = definitions_.find(name); known != definitions_.end()) {
            return known->second;
        }
        const size_t index = rules_.size();
        rules_.emplace_back();
        definitions_.emplace(name, index);
        fill(index, root_.at("definitions").at(name));
        return index;
    }

    void fill(size_t index, const Json& schema) {
        Made made;
        for (const auto& [keyword, value] : schema.items()) {
            if (!fill_value(made, keyword, value) && !fill_container(made, keyword, value)) {
                not_understood(keyword);
            }
        }
        rules_[index] = std::move(made);
    }

    /// What says nothing about members and entries.
    bool fill_value(Made& made, const std::string& keyword, const Json& value) {
        if (keyword == "type") {
            types(made, value);
        } else if (keyword == "title") {
            made.title = value.get<std::string>();
        } else if (keyword == "format") {
            made.format = format(value.get<std::string>());
        } else if (keyword == "minimum") {
            made.minimum = fmt::format("{:.1f}", value.get<double>());
        } else if (keyword == "maximum") {
            made.maximum = fmt::format("{:.1f}", value.get<double>());
        } else if (keyword == "anyOf") {
            // Only ever [{"enum": […]}, variable]: a choice that editors do not complain about when it is ${…}.
            made.allowed_values = value.at(0).at("enum").get<Words>();
        } else {
            return keyword == "$schema" || keyword == "deprecated" || keyword == "default" ||
                   keyword == "definitions" || keyword == "description" || keyword == "examples";
        }
        return true;
    }

    bool fill_container(Made& made, const std::string& keyword, const Json& value) {
        if (keyword == "items") {
            made.items = make(value);
        } else if (keyword == "uniqueItems") {
            made.unique_items = value.get<bool>();
        } else if (keyword == "properties") {
            for (const auto& [name, schema] : value.items()) {
                made.members.emplace_back(name, make(schema));
            }
        } else if (keyword == "required") {
            made.required = value.get<Words>();
        } else if (keyword == "additionalProperties") {
            made.extra = value.is_object() ? "ruled" : "forbidden";
            made.extra_rule = value.is_object() ? std::optional{make(value)} : std::nullopt;
        } else if (keyword == "patternProperties") {
            made.extensions = value.contains("^x-");
        } else if (keyword == "propertyNames") {
            made.plain_names = value.at("$ref") == "#/definitions/name";
        } else {
            return keyword == "pattern";  // of the definitions 'name' and 'variable', known above
        }
        return true;
    }

    static void types(Made& made, const Json& value) {
        Words names = value.is_string() ? Words{value.get<std::string>()} : value.get<Words>();
        made.kinds.clear();
        for (const auto& name : names) {
            const std::string_view kinds = type_of(name).kinds;
            made.kinds += fmt::format("{}{}", made.kinds.empty() ? "" : " | ", kinds);
        }
        std::erase(names, "null");
        std::string title;
        for (const auto& name : names) {
            title += title.empty() ? "" : (name == names.back() ? " or " : ", ");
            title += type_of(name).noun;
        }
        if (made.title.empty()) {
            made.title = title;
        }
    }

    size_t format(const std::string& name) {
        const auto known = std::find(formats_.begin(), formats_.end(), name);
        if (known != formats_.end()) {
            return static_cast<size_t>(known - formats_.begin()) + 1;
        }
        formats_.push_back(name);
        return formats_.size();
    }

    const Json& root_;
    std::vector<Made> rules_;
    Words formats_;
    std::map<std::string, size_t> definitions_;
};

/// Writes an array if there is something in it; returns what a span is made of.
std::string array(std::ostream& out, const std::string& name, const Words& words) {
    if (words.empty()) {
        return "{}";
    }
    out << "constexpr std::string_view " << name << "[] = {";
    for (const auto& word : words) {
        out << literal(word) << ", ";
    }
    out << "};\n";
    return name;
}

std::string members(std::ostream& out, size_t index, std::vector<std::pair<std::string, size_t>> all) {
    if (all.empty()) {
        return "{}";
    }
    std::sort(all.begin(), all.end());
    auto name = fmt::format("members_{}", index);
    out << "constexpr Rule::Member " << name << "[] = {";
    for (const auto& [key, rule] : all) {
        out << fmt::format("{{{}, &rules[{}]}}, ", literal(key), rule);
    }
    out << "};\n";
    return name;
}

std::string pointer(const std::optional<size_t>& rule) {
    return rule ? fmt::format("&rules[{}]", *rule) : "nullptr";
}

void write(std::ostream& out, const Maker& maker) {
    const auto& rules = maker.rules();
    out << "// Made from schemas/compose.schema.json by src/compose/check/make_rules.cpp.\n"
           "#include \"compose/check/rule.hpp\"\n\nnamespace stack::compose {\nnamespace {\n\n"
           "constexpr std::uint8_t bit(Kind kind) { return static_cast<std::uint8_t>(1U << "
           "static_cast<unsigned>(kind)); }\nconstexpr std::uint8_t any_kind = 0xFF;\n\n";
    out << fmt::format("extern const Rule rules[{}];\n\n", rules.size());
    std::string table;
    for (size_t i = 0; i < rules.size(); ++i) {
        const Made& made = rules[i];
        Words names;
        for (const auto& [name, rule] : made.members) {
            names.push_back(name);
        }
        const auto allowed = array(out, fmt::format("allowed_{}", i), made.allowed_values);
        const auto required = array(out, fmt::format("required_{}", i), made.required);
        const auto member_names = array(out, fmt::format("names_{}", i), names);
        const auto by_name = members(out, i, made.members);
        table += fmt::format(
            "    {{.title = {}, .kinds = {}, .format = {}, .allowed_values = {}, .minimum = {}, .maximum = {},\n"
            "     .items = {}, .unique_items = {}, .members = {}, .member_names = {}, .required = {},\n"
            "     .extra = Rule::Extra::{}, .extra_rule = {}, .extensions = {}, .plain_names = {}}},\n",
            literal(made.title), made.kinds, made.format, allowed, made.minimum, made.maximum, pointer(made.items),
            made.unique_items, by_name, member_names, required, made.extra, pointer(made.extra_rule), made.extensions,
            made.plain_names);
    }
    out << fmt::format("\nconstinit const Rule rules[{}] = {{\n{}}};\n\n", rules.size(), table);
    array(out, "formats", maker.formats());
    out << "\n}  // namespace\n\nconst Rule& compose_file_rule() noexcept { return rules[0]; }\n"
           "std::span<const std::string_view> schema_formats() noexcept { return formats; }\n\n"
           "}  // namespace stack::compose\n";
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 3) {
            throw std::runtime_error{"usage: make_rules SCHEMA OUTPUT"};
        }
        std::ifstream in{argv[1]};
        const auto schema = Json::parse(in);
        const Maker maker{schema};
        std::ofstream out{argv[2]};
        write(out, maker);
        out.close();
        if (!out) {
            throw std::runtime_error{fmt::format("cannot write {}", argv[2])};
        }
    } catch (const std::exception& error) {
        fmt::print(stderr, "make_rules: {}\n", error.what());
        return 1;
    }
    return 0;
}
