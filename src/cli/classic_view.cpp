#include "cli/classic_view.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "support/random.hpp"

namespace stack::cli {
namespace {

std::string short_id(const std::string& id) {
    return id.substr(id.find(':') + 1, 12);
}

/// Of "[2/5] COPY a b".
bool is_copy(const std::string& step) {
    return step.find("] COPY ") != std::string::npos || step.find("] ADD ") != std::string::npos;
}

}  // namespace

void ClassicView::show(const build::BuildEvent& event) {
    using Kind = build::BuildEvent::Kind;
    switch (event.kind) {
        case Kind::instruction:
            fmt::print("Step {}/{} : {}\n", event.step, event.text, event.name);
            break;
        case Kind::cached:
            if (event.name.find("] FROM ") == std::string::npos) {
                fmt::print(" ---> Using cache\n");
            }
            break;
        case Kind::started:
            // The classic builder copied without a container.
            container_ = is_copy(event.name) ? "" : random_hex(6);
            if (!container_.empty()) {
                fmt::print(" ---> Running in {}\n", container_);
            }
            break;
        case Kind::output:
            fmt::print("{}", event.text);
            break;
        case Kind::finished:
            if (!container_.empty()) {
                fmt::print("Removing intermediate container {}\n", container_);
            }
            break;
        case Kind::became:
            fmt::print(" ---> {}\n", short_id(event.text));
            break;
        case Kind::checked:  // the checks are younger than the classic builder
            break;
        case Kind::exported:
            fmt::print("Successfully built {}\n", short_id(event.text));
            break;
        case Kind::named:
            fmt::print("Successfully tagged {}\n", event.text);
            break;
        case Kind::failed:
            break;
    }
    std::fflush(stdout);
}

}  // namespace stack::cli
