#include "compose/check/judge.hpp"

#include <cmath>

#include <nlohmann/json.hpp>
// valijson 1.0 throws by this macro's choice; without it a mistake in the schema would abort the program.
#define VALIJSON_USE_EXCEPTIONS 1
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "compose/check/rule.hpp"

namespace stack::compose {
namespace {

using Json = nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

Json number_of(const Node& node) {
    if (const auto whole = node.as_integer()) {
        return *whole;
    }
    const double real = node.as_real().value_or(0);
    constexpr double exact = 9007199254740992.0;
    if (std::abs(real) < exact && std::nearbyint(real) == real) {
        return static_cast<std::int64_t>(real);  // JSON Schema takes 2.0 for an integer, valijson does not
    }
    return node.kind == Kind::integer ? Json(0) : Json(real);  // the walk has checked the range
}

Json to_value(const Node& node) {
    switch (node.kind) {
        case Kind::null:
            return nullptr;
        case Kind::boolean:
            return node.as_bool().value_or(false);
        case Kind::integer:
        case Kind::real:
            return number_of(node);
        case Kind::string:
            return node.text;
        case Kind::sequence: {
            Json::array_t list;
            list.reserve(node.size());
            for (const auto& item : node.items()) {
                list.push_back(to_value(item));
            }
            return list;
        }
        case Kind::mapping: {
            Json::object_t map;
            for (const auto& member : node.members()) {
                if (member.value.tag != MergeTag::reset) {
                    map.emplace(member.key, to_value(member.value));
                }
            }
            return map;
        }
    }
    return nullptr;
}

void strip(Json& schema) {
    if (schema.is_object()) {
        if (const auto format = schema.find("format"); format != schema.end() && format->is_string()) {
            schema.erase(format);
        }
        if (const auto unique = schema.find("uniqueItems"); unique != schema.end() && unique->is_boolean()) {
            schema.erase(unique);
        }
    }
    if (schema.is_structured()) {
        for (auto& child : schema) {
            strip(child);
        }
    }
}

struct Schema {
    valijson::Schema parsed;

    Schema() {
        auto text = Json::parse(compose_schema_text());
        strip(text);
        valijson::SchemaParser{valijson::SchemaParser::kDraft7}.populateSchema(NlohmannJsonAdapter{text}, parsed);
    }
};

/// "[services]" -> "services": valijson's steps stand in brackets, after "<root>".
std::vector<std::string> steps_of(const std::vector<std::string>& context) {
    std::vector<std::string> steps;
    for (const auto& step : context) {
        if (step.size() > 1 && step.front() == '[' && step.back() == ']') {
            steps.push_back(step.substr(1, step.size() - 2));
        }
    }
    return steps;
}

}  // namespace

std::optional<Verdict> judge(const Node& document) {
    static const Schema schema;
    const auto value = to_value(document);
    const NlohmannJsonAdapter adapter{value};
    valijson::Validator validator;
    if (validator.validate(schema.parsed, adapter, nullptr)) {
        return std::nullopt;
    }
    valijson::ValidationResults results;
    validator.validate(schema.parsed, adapter, &results);
    // The deepest error says most; those above it only say that something below is wrong.
    Verdict verdict{"does not match the schema", {}};
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
        if (auto steps = steps_of(error.context); steps.size() >= verdict.path.size()) {
            verdict = {error.description, std::move(steps)};
        }
    }
    return verdict;
}

}  // namespace stack::compose
