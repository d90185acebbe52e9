#include "compose/check/rule.hpp"

#include <deque>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "compose/check/format.hpp"
#include "support/error.hpp"

namespace stack::compose {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint8_t bit(Kind kind) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(kind));
}

std::uint8_t kinds_of_type(const std::string& type) {
    static const std::unordered_map<std::string_view, std::uint8_t> table{
        {"null", bit(Kind::null)},       {"boolean", bit(Kind::boolean)},
        {"integer", bit(Kind::integer)}, {"number", bit(Kind::integer) | bit(Kind::real)},
        {"string", bit(Kind::string)},   {"array", bit(Kind::sequence)},
        {"object", bit(Kind::mapping)},
    };
    return table.at(type);
}

std::string_view noun_of_type(const std::string& type) {
    static const std::unordered_map<std::string_view, std::string_view> table{
        {"null", "nothing"},    {"boolean", "true or false"}, {"integer", "a whole number"}, {"number", "a number"},
        {"string", "a string"}, {"array", "a list"},          {"object", "a mapping"},
    };
    return table.at(type);
}

[[noreturn]] void not_understood(const std::string& what) {
    throw Error{Errc::internal,
                fmt::format("the schema of Compose files uses '{}', which the checker does not know", what)};
}

/// Makes rules of schemas. A definition is compiled once, also if it refers to itself.
class Compiler {
public:
    explicit Compiler(const Json& root) : root_{root} {}

    const Rule* compile(const Json& schema) {
        if (const auto reference = schema.find("$ref"); reference != schema.end()) {
            return definition(reference->get<std::string>());
        }
        Rule& rule = rules_.emplace_back();
        fill(rule, schema);
        return &rule;
    }

    std::deque<Rule> take() && { return std::move(rules_); }

private:
    const Rule* definition(const std::string& reference) {
        constexpr std::string_view prefix = "#/definitions/";
        const auto name = reference.substr(prefix.size());
        if (const auto known = definitions_.find(name); known != definitions_.end()) {
            return known->second;
        }
        Rule& rule = rules_.emplace_back();
        definitions_.emplace(name, &rule);
        fill(rule, root_.at("definitions").at(name));
        return &rule;
    }

    void fill(Rule& rule, const Json& schema) {
        for (const auto& [keyword, value] : schema.items()) {
            if (!fill_value(rule, keyword, value) && !fill_container(rule, keyword, value)) {
                not_understood(keyword);
            }
        }
    }

    /// What says nothing about members and entries.
    bool fill_value(Rule& rule, const std::string& keyword, const Json& value) {
        if (keyword == "type") {
            types(rule, value);
        } else if (keyword == "title") {
            rule.title = value.get<std::string>();
        } else if (keyword == "description") {
            rule.description = value.get<std::string>();
        } else if (keyword == "examples") {
            for (const auto& example : value) {
                rule.examples.push_back(example.is_string() ? example.get<std::string>() : example.dump());
            }
        } else if (keyword == "format") {
            rule.format = find_format(value.get<std::string>());
            if (rule.format == nullptr) {
                not_understood(value.get<std::string>());
            }
        } else if (keyword == "minimum") {
            rule.minimum = value.get<double>();
        } else if (keyword == "maximum") {
            rule.maximum = value.get<double>();
        } else if (keyword == "anyOf") {
            // Only ever [{"enum": […]}, variable]: a choice that editors do not complain about when it is ${…}.
            rule.allowed_values = value.at(0).at("enum").get<std::vector<std::string>>();
        } else {
            return keyword == "$schema" || keyword == "deprecated" || keyword == "default" || keyword == "definitions";
        }
        return true;
    }

    bool fill_container(Rule& rule, const std::string& keyword, const Json& value) {
        if (keyword == "items") {
            rule.items = compile(value);
        } else if (keyword == "uniqueItems") {
            rule.unique_items = value.get<bool>();
        } else if (keyword == "properties") {
            for (const auto& [name, schema] : value.items()) {
                rule.members.emplace(name, compile(schema));
                rule.member_names.push_back(name);
            }
        } else if (keyword == "required") {
            rule.required = value.get<std::vector<std::string>>();
        } else if (keyword == "additionalProperties") {
            rule.extra = value.is_object() ? Rule::Extra::ruled : Rule::Extra::forbidden;
            rule.extra_rule = value.is_object() ? compile(value) : nullptr;
        } else if (keyword == "patternProperties") {
            rule.extensions = value.contains("^x-");
        } else if (keyword == "propertyNames") {
            rule.plain_names = value.at("$ref") == "#/definitions/name";
        } else {
            return keyword == "pattern";  // of the definitions 'name' and 'variable', known above
        }
        return true;
    }

    static void types(Rule& rule, const Json& value) {
        rule.kinds = 0;
        std::vector<std::string> names;
        if (value.is_string()) {
            names.push_back(value.get<std::string>());
        } else {
            names = value.get<std::vector<std::string>>();
        }
        for (const auto& name : names) {
            rule.kinds |= kinds_of_type(name);
        }
        std::string title;
        std::erase(names, "null");
        for (const auto& name : names) {
            title += title.empty() ? "" : (name == names.back() ? " or " : ", ");
            title += noun_of_type(name);
        }
        if (rule.title.empty()) {
            rule.title = title;
        }
    }

    const Json& root_;
    std::deque<Rule> rules_;  // a deque: rules point to each other
    std::unordered_map<std::string, const Rule*> definitions_;
};

struct Compiled {
    std::deque<Rule> rules;
    const Rule* file{nullptr};
};

Compiled compile_rules() {
    const auto schema = Json::parse(compose_schema_text());
    Compiler compiler{schema};
    Compiled compiled;
    compiled.file = compiler.compile(schema);
    compiled.rules = std::move(compiler).take();
    return compiled;
}

}  // namespace

const Rule& compose_file_rule() {
    static const Compiled compiled = compile_rules();
    return *compiled.file;
}

bool is_plain_name(std::string_view name) noexcept {
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return !name.empty();
}

}  // namespace stack::compose
