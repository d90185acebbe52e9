#include "engine/runtime/cdi/document.hpp"

#include <new>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <yaml.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime::cdi {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(std::string what) {
    throw Error(Errc::invalid_input, std::move(what));
}

/// Counts values and levels, so that neither form can be made to fill the memory or the stack.
class Limits {
public:
    void value() {
        if (++values_ > most_values) {
            refuse(fmt::format("has more than {} values", most_values));
        }
    }
    void enter() {
        if (++level_ > most_levels) {
            refuse(fmt::format("is nested more than {} levels deep", most_levels));
        }
    }
    void leave() { --level_; }

private:
    size_t values_{0}, level_{0};
};

class YamlReader {
public:
    explicit YamlReader(std::string_view text) {
        if (yaml_parser_initialize(&parser_) == 0) {
            throw std::bad_alloc{};
        }
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    ~YamlReader() {
        yaml_event_delete(&event_);
        yaml_parser_delete(&parser_);
    }
    YamlReader(const YamlReader&) = delete;
    YamlReader& operator=(const YamlReader&) = delete;

    json document() {
        next();  // the stream's start
        next();
        if (event_.type == YAML_STREAM_END_EVENT) {
            return {};
        }
        next();
        json tree = value();
        next();  // the document's end
        next();
        if (event_.type != YAML_STREAM_END_EVENT) {
            refuse("has more than one document");
        }
        return tree;
    }

private:
    void next() {
        yaml_event_delete(&event_);
        if (yaml_parser_parse(&parser_, &event_) == 0) {
            refuse(fmt::format("is no YAML: {} in line {}", parser_.problem == nullptr ? "broken" : parser_.problem,
                               parser_.problem_mark.line + 1));
        }
    }

    static std::string_view text_of(const yaml_char_t* text, size_t size) {
        return {reinterpret_cast<const char*>(text), size};
    }

    static void refuse_anchor(const yaml_char_t* anchor) {
        if (anchor != nullptr) {
            refuse("has YAML anchors, which are not read here");
        }
    }

    /// The value that the current event starts; on return the current event is its last.
    json value() {
        limits_.value();
        switch (event_.type) {
            case YAML_SCALAR_EVENT:
                refuse_anchor(event_.data.scalar.anchor);
                return scalar();
            case YAML_SEQUENCE_START_EVENT:
                refuse_anchor(event_.data.sequence_start.anchor);
                return sequence();
            case YAML_MAPPING_START_EVENT:
                refuse_anchor(event_.data.mapping_start.anchor);
                return mapping();
            case YAML_NO_EVENT:
            case YAML_STREAM_START_EVENT:
            case YAML_STREAM_END_EVENT:
            case YAML_DOCUMENT_START_EVENT:
            case YAML_DOCUMENT_END_EVENT:
            case YAML_ALIAS_EVENT:
            case YAML_SEQUENCE_END_EVENT:
            case YAML_MAPPING_END_EVENT:
                break;
        }
        refuse("has YAML aliases, which are not read here");
    }

    json scalar() const {
        const auto& scalar = event_.data.scalar;
        const std::string_view text = text_of(scalar.value, scalar.length);
        if (scalar.style == YAML_PLAIN_SCALAR_STYLE && (text.empty() || text == "null" || text == "~")) {
            return {};
        }
        return std::string{text};
    }

    json sequence() {
        limits_.enter();
        json list = json::array();
        for (next(); event_.type != YAML_SEQUENCE_END_EVENT; next()) {
            list.push_back(value());
        }
        limits_.leave();
        return list;
    }

    json mapping() {
        limits_.enter();
        json members = json::object();
        for (next(); event_.type != YAML_MAPPING_END_EVENT; next()) {
            if (event_.type != YAML_SCALAR_EVENT) {
                refuse("has a key that is no text");
            }
            const std::string key{text_of(event_.data.scalar.value, event_.data.scalar.length)};
            next();
            if (!members.emplace(key, value()).second) {
                refuse(fmt::format("has the key '{}' twice in one place", abbreviate(key, 60)));
            }
        }
        limits_.leave();
        return members;
    }

    yaml_parser_t parser_{};
    yaml_event_t event_{};
    Limits limits_;
};

json read_json(std::string_view text) {
    Limits limits;
    const json::parser_callback_t count = [&](int, json::parse_event_t event, json&) {
        using Event = json::parse_event_t;
        if (event == Event::object_start || event == Event::array_start) {
            limits.enter();
        } else if (event == Event::object_end || event == Event::array_end) {
            limits.leave();
        } else {
            limits.value();
        }
        return true;
    };
    try {
        return json::parse(text, count);
    } catch (const json::exception&) {
        refuse("is no JSON");
    }
}

}  // namespace

json read_document(std::string_view text) {
    if (text.size() > most_bytes) {
        refuse(fmt::format("is larger than {} bytes", most_bytes));
    }
    return trim(text).starts_with('{') ? read_json(text) : YamlReader{text}.document();
}

}  // namespace stack::runtime::cdi
