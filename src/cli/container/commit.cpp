#include "engine/access/commit.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "build/builder.hpp"
#include "build/dockerfile/parse.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"
#include "image/store.hpp"

namespace stack::cli {

namespace {

/// Frozen for as long as it lives, if it runs.
class Frozen {
public:
    Frozen(const Context& context, const engine::ContainerRow& row, bool wanted) {
        if (wanted && row.status == engine::ContainerStatus::running && row.is_up()) {
            client_.emplace(context.paths, row.project);
            target_.containers = {row.id};
            target_.include_one_off = true;
            client_->pause(target_, {});
        }
    }
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;
    ~Frozen() {
        if (client_) {
            try {
                client_->unpause(target_, {});
            } catch (const Error& error) {
                fmt::print(stderr, "warning: {}\n", error.what());
            }
        }
    }

private:
    std::optional<engine::SupervisorClient> client_;
    engine::Targets target_;
};

void check_changes(const std::vector<std::string>& changes) {
    static constexpr std::array<std::string_view, 11> allowed{"CMD",     "ENTRYPOINT", "ENV",        "EXPOSE",
                                                              "LABEL",   "ONBUILD",    "USER",       "VOLUME",
                                                              "WORKDIR", "STOPSIGNAL", "HEALTHCHECK"};
    for (const std::string& change : changes) {
        for (const auto& instruction : build::parse_dockerfile(change, "--change").instructions) {
            if (std::find(allowed.begin(), allowed.end(), instruction.keyword) == allowed.end()) {
                throw UsageError{fmt::format("{} is no instruction for --change", instruction.keyword)};
            }
        }
    }
}

/// The image with lines of a Dockerfile on top.
std::string apply_changes(const Context& context, const std::string& id, const std::vector<std::string>& changes) {
    build::BuildRequest request;
    request.dockerfile = fmt::format("FROM {}\n", id);
    for (const std::string& change : changes) {
        request.dockerfile += change + "\n";
    }
    request.dockerfile_name = "--change";
    const std::string changed = build::build_image(context.paths, request, [](const build::BuildEvent&) {});
    if (changed != id) {
        image::ImageStore{context.paths}.remove(id, {.force = true, .keep_untagged = false, .users = {}});
    }
    return changed;
}

}  // namespace

int container_commit(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    const auto changes = flags.values("change");
    check_changes(changes);
    std::optional<image::Reference> reference;
    if (flags.words().size() > 1) {
        reference = image::parse_reference(flags.words()[1]);
    }
    engine::CommitOptions options;
    options.author = flags.value_or("author", "");
    options.message = flags.value_or("message", "");
    options.reference = changes.empty() ? reference : std::nullopt;
    std::string id;
    {
        const Frozen frozen{context, row, !flags.given("pause") || flags.on("pause")};
        id = engine::commit_container(context.paths, row, engine::committed_config(context.paths, row), options);
    }
    if (!changes.empty()) {
        id = apply_changes(context, id, changes);
        if (reference) {
            image::ImageStore{context.paths}.tag(id, *reference);
        }
    }
    fmt::print("{}\n", id);
    return 0;
}

}  // namespace stack::cli
