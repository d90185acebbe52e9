#include <cmath>

#include <fmt/format.h>

#include "compose/node.hpp"

namespace stack::compose {

namespace {

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

// JSON knows neither 0x1f, 0o17, +1, 1., nor infinity.
void append_number(std::string& out, const Node& node) {
    if (node.kind == Kind::integer) {
        if (const auto value = node.as_integer()) {
            out += std::to_string(*value);
        } else {
            append_quoted(out, node.text);
        }
        return;
    }
    const auto value = node.as_real();
    if (value && std::isfinite(*value)) {
        out += Node::real(*value).text;
    } else {
        append_quoted(out, node.text);
    }
}

class JsonWriter {
public:
    explicit JsonWriter(int indent) : indent_{indent} {}

    void write(const Node& node, int depth) {
        switch (node.kind) {
            case Kind::null:
                out_ += "null";
                break;
            case Kind::boolean:
                out_ += node.as_bool().value_or(false) ? "true" : "false";
                break;
            case Kind::integer:
            case Kind::real:
                append_number(out_, node);
                break;
            case Kind::string:
                append_quoted(out_, node.text);
                break;
            case Kind::sequence:
                write_sequence(node, depth);
                break;
            case Kind::mapping:
                write_mapping(node, depth);
                break;
        }
    }

    std::string take() { return std::move(out_); }

private:
    void new_line(int depth) {
        if (indent_ >= 0) {
            out_ += '\n';
            out_.append(static_cast<std::size_t>(indent_ * depth), ' ');
        }
    }

    void write_sequence(const Node& node, int depth) {
        out_ += '[';
        bool first = true;
        for (const Node& item : node.items()) {
            if (!first) {
                out_ += ',';
            }
            first = false;
            new_line(depth + 1);
            write(item, depth + 1);
        }
        if (!first) {
            new_line(depth);
        }
        out_ += ']';
    }

    void write_mapping(const Node& node, int depth) {
        out_ += '{';
        bool first = true;
        for (const Member& member : node.members()) {
            if (!first) {
                out_ += ',';
            }
            first = false;
            new_line(depth + 1);
            append_quoted(out_, member.key);
            out_ += indent_ >= 0 ? ": " : ":";
            write(member.value, depth + 1);
        }
        if (!first) {
            new_line(depth);
        }
        out_ += '}';
    }

    int indent_;
    std::string out_;
};

}  // namespace

std::string to_json(const Node& node, int indent) {
    JsonWriter writer{indent};
    writer.write(node, 0);
    return writer.take();
}

}  // namespace stack::compose
