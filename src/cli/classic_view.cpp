#include "cli/classic_view.hpp"

#include <cstdio>

#include <fmt/format.h>

#include "support/random.hpp"

namespace stack::cli {
namespace {

std::string short_id(const std::string& id) {
    return id.substr(id.find(':') + 1, 12);
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
            container_ = random_hex(6);
            fmt::print(" ---> Running in {}\n", container_);
            break;
        case Kind::output:
            fmt::print("{}", event.text);
            break;
        case Kind::finished:
            fmt::print("Removing intermediate container {}\n", container_);
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
