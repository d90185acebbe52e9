#include "build/changes.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "build/dockerfile/parse.hpp"
#include "build/job.hpp"
#include "build/stage_builder.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

constexpr std::array allowed{"CMD",  "ENTRYPOINT", "ENV",        "EXPOSE",      "LABEL", "ONBUILD",
                             "USER", "VOLUME",     "STOPSIGNAL", "HEALTHCHECK", "SHELL", "WORKDIR"};

}  // namespace

image::ImageConfig apply_changes(const Paths& paths, image::ImageConfig config,
                                 const std::vector<std::string>& changes) {
    if (changes.empty()) {
        return config;
    }
    const auto file = parse_dockerfile("FROM scratch\n" + join(changes, "\n") + "\n", "--change");
    const BuildRequest request;
    const auto staged = make_stages(file, request);
    for (const auto& one : file.instructions) {
        const bool is_ours = &one == &file.instructions.front();
        if (!is_ours && std::ranges::find(allowed, one.keyword) == allowed.end()) {
            throw Error(Errc::invalid_input, fmt::format("--change cannot be '{}'", one.original))
                .hint(
                    "it takes CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, "
                    "VOLUME and WORKDIR");
        }
    }
    const BuildSink nobody;
    Job job{paths, request, staged, nobody};
    StageState state;
    state.config = std::move(config);
    auto history = state.config.history;
    StageBuilder builder{job, staged.stages.front(), std::move(state)};
    while (builder.advance() != StageBuilder::Progress::finished) {
    }
    config = job.finished(0)->config;
    config.history = std::move(history);
    return config;
}

}  // namespace stack::build
