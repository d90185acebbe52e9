#include "cli/template.hpp"

#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/table.hpp"
#include "cli/template/ast.hpp"
#include "cli/template/functions.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::cli {

using nlohmann::json;
using tmpl::Node;
using tmpl::Operand;

namespace {

/// `headings`: print the names of fields instead of values, for "table …".
class Renderer {
public:
    Renderer(const json& root, bool headings) : root_{root}, headings_{headings} { variables_[""] = root; }

    std::string render(const std::vector<Node>& nodes) {
        run(nodes, root_);
        return std::move(out_);
    }

private:
    json field(const json& from, const std::vector<std::string>& path) const {
        const json* value = &from;
        for (const std::string& name : path) {
            if (!value->is_object()) {
                throw Error{Errc::invalid_input, fmt::format("template error: can't evaluate field {}", name)};
            }
            const auto found = value->find(name);
            if (found == value->end()) {
                if (&from == &root_ && value == &from) {
                    throw Error{Errc::invalid_input, fmt::format("template error: there is no field '{}'", name)};
                }
                return {};
            }
            value = &*found;
        }
        return *value;
    }

    json evaluate(const Operand& operand, const json& dot) {
        switch (operand.kind) {
            case Operand::Kind::text:
                return operand.text;
            case Operand::Kind::number:
                return operand.text.find('.') != std::string::npos ? json(parse_double(operand.text).value_or(0))
                                                                   : json(parse_int(operand.text).value_or(0));
            case Operand::Kind::boolean:
                return operand.text == "true";
            case Operand::Kind::nil:
                return {};
            case Operand::Kind::field:
                if (headings_ && !operand.fields.empty()) {
                    return heading(operand.fields.back());
                }
                return operand.fields.empty() ? dot : field(dot, operand.fields);
            case Operand::Kind::variable:
                return field(variables_[operand.text], operand.fields);
            case Operand::Kind::nested:
                return field(evaluate(*operand.nested, dot), operand.fields);
            case Operand::Kind::function:
                return tmpl::call(operand.text, {});
        }
        return {};
    }

    /// "RunningFor" is "RUNNING FOR".
    static std::string heading(const std::string& name) {
        std::string out;
        for (size_t i = 0; i < name.size(); ++i) {
            const bool upper = name[i] >= 'A' && name[i] <= 'Z';
            const bool after_lower = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
            out += upper && after_lower ? " " : "";
            out += name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 'a' + 'A') : name[i];
        }
        return name == "ID" ? "CONTAINER ID" : out;
    }

    json evaluate(const tmpl::Pipeline& pipeline, const json& dot) {
        json value;
        bool piped = false;
        for (const tmpl::Command& command : pipeline.commands) {
            const Operand& first = command.words.front();
            if (first.kind == Operand::Kind::function) {
                std::vector<json> args;
                for (size_t i = 1; i < command.words.size(); ++i) {
                    args.push_back(evaluate(command.words[i], dot));
                }
                if (piped) {
                    args.push_back(std::move(value));
                }
                value = headings_ && !args.empty() ? args.front() : tmpl::call(first.text, args);
            } else {
                value = evaluate(first, dot);
            }
            piped = true;
        }
        return value;
    }

    void run(const std::vector<Node>& nodes, const json& dot) {
        for (const Node& node : nodes) {
            run(node, dot);
        }
    }

    void run(const Node& node, const json& dot) {
        if (node.kind == Node::Kind::text) {
            out_ += node.text;
            return;
        }
        const json value = evaluate(node.pipeline, dot);
        if (node.kind == Node::Kind::branch_range) {
            run_range(node, value, dot);
            return;
        }
        for (const std::string& name : node.pipeline.variables) {
            variables_[name] = value;
        }
        if (node.kind == Node::Kind::print) {
            out_ += node.pipeline.variables.empty() ? tmpl::go_text(value) : "";
        } else if (tmpl::is_true(value)) {
            run(node.body, node.kind == Node::Kind::branch_with ? value : dot);
        } else {
            run(node.otherwise, dot);
        }
    }

    void run_range(const Node& node, const json& value, const json& dot) {
        if (!value.is_structured() || value.empty()) {
            run(node.otherwise, dot);
            return;
        }
        const std::vector<std::string>& names = node.pipeline.variables;
        size_t number = 0;
        for (const auto& [key, one] : value.items()) {
            if (!names.empty()) {
                variables_[names.back()] = one;
            }
            if (names.size() > 1) {
                variables_[names.front()] = value.is_array() ? json(number) : json(key);
            }
            run(node.body, one);
            ++number;
        }
    }

    const json& root_;
    bool headings_;
    std::map<std::string, json> variables_;
    std::string out_;
};

std::string unescape(std::string_view text) {
    return replace_all(replace_all(std::string{text}, "\\t", "\t"), "\\n", "\n");
}

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> all;
    for (const std::string_view cell : split(line, '\t')) {
        all.emplace_back(cell);
    }
    return all;
}

}  // namespace

std::string render_template(std::string_view text, const json& value) {
    return Renderer{value, false}.render(tmpl::parse(unescape(text)));
}

std::string render_rows(std::string_view format, const json& rows) {
    const bool table = format.starts_with("table ") || format.starts_with("table\t");
    const std::vector<Node> nodes = tmpl::parse(unescape(table ? format.substr(6) : format));
    std::string out;
    if (!table) {
        for (const json& row : rows) {
            out += Renderer{row, false}.render(nodes) + "\n";
        }
        return out;
    }
    Table lines{cells(Renderer{json::object(), true}.render(nodes))};
    for (const json& row : rows) {
        lines.add(cells(Renderer{row, false}.render(nodes)));
    }
    return lines.str();
}

}  // namespace stack::cli
