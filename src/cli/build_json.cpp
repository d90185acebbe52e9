#include "cli/build_json.hpp"

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <time.h>

#include "image/registry/auth.hpp"
#include "image/rfc3339.hpp"
#include "support/digest.hpp"

namespace stack::cli {
namespace {

using Json = nlohmann::ordered_json;
using Kind = build::BuildEvent::Kind;
using image::registry::base64_encode;

std::string now() {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME, &time);
    return image::format_rfc3339(time.tv_sec, static_cast<std::uint32_t>(time.tv_nsec));
}

void print(const char* what, Json one) {
    const Json line{{what, Json::array({std::move(one)})}};
    fmt::print(stderr, "{}\n", line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

template <class Vertex>
Json describe(const Vertex& vertex) {
    Json object{{"digest", vertex.digest}};
    if (!vertex.inputs.empty()) {
        object["inputs"] = vertex.inputs;
    }
    object["name"] = vertex.name;
    object["started"] = vertex.started;
    return object;
}

}  // namespace

void BuildJson::show(const build::BuildEvent& event) {
    switch (event.kind) {
        case Kind::started:
            begin(event);
            break;
        case Kind::cached:
            begin(event);
            end(event);
            break;
        case Kind::output:
            show_output(event);
            break;
        case Kind::finished:
        case Kind::failed:
            end(event);
            break;
        case Kind::exported: {
            build::BuildEvent exporting;
            exporting.name = "exporting to image";
            exporting.inputs = {vertexes_.empty() ? 0 : vertexes_.rbegin()->first};
            begin(exporting);
            show_status("writing image " + event.text);
            end(exporting);
            break;
        }
        case Kind::named:
            show_status("naming to " + event.text);
            break;
        case Kind::checked:
            show_warnings(event);
            break;
        case Kind::instruction:
        case Kind::became:
            break;
    }
}

void BuildJson::begin(const build::BuildEvent& event) {
    Vertex vertex{{}, event.name, now(), {}};
    std::string described = fmt::format("{}\n{}\n", event.step, event.name);
    for (const int step : event.inputs) {
        if (const auto input = vertexes_.find(step); input != vertexes_.end()) {
            vertex.inputs.push_back(input->second.digest);
            described += input->second.digest + "\n";
        }
    }
    vertex.digest = "sha256:" + sha256_hex(described);
    print("vertexes", describe(vertex));
    vertexes_[event.step] = std::move(vertex);
}

void BuildJson::end(const build::BuildEvent& event) {
    auto object = describe(vertexes_[event.step]);
    object["completed"] = now();
    if (event.kind == Kind::cached) {
        object["cached"] = true;
    }
    if (event.kind == Kind::failed) {
        object["error"] = event.text;
    }
    print("vertexes", std::move(object));
}

void BuildJson::show_output(const build::BuildEvent& event) const {
    const auto vertex = vertexes_.find(event.step);
    print("logs", {{"vertex", vertex == vertexes_.end() ? "" : vertex->second.digest},
                   {"stream", 1},
                   {"data", base64_encode(event.text)},
                   {"timestamp", now()}});
}

void BuildJson::show_status(const std::string& what) {
    const auto time = now();
    print("statuses", {{"id", what},
                       {"vertex", vertexes_[0].digest},
                       {"current", 0},
                       {"timestamp", time},
                       {"started", time},
                       {"completed", time}});
}

void BuildJson::show_warnings(const build::BuildEvent& event) {
    for (const auto& one : event.warnings) {
        const auto brief = fmt::format("{}: {} (line {})", one.rule, one.text, one.pos.line);
        const std::string detail{build::lint_rule_description(one.rule)};
        const Json range{{"start", {{"line", one.pos.line}}}, {"end", {{"line", one.last_line}}}};
        print("warnings", {{"level", 1},
                           {"short", base64_encode(brief)},
                           {"detail", Json::array({base64_encode(detail)})},
                           {"url", build::lint_rule_url(one.rule)},
                           {"sourceInfo", {{"filename", one.pos.file}, {"language", "Dockerfile"}}},
                           {"range", Json::array({range})}});
    }
}

}  // namespace stack::cli
