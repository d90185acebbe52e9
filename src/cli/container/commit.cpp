#include "engine/access/commit.hpp"

#include <fmt/format.h>

#include "build/changes.hpp"
#include "cli/state_view.hpp"
#include "cli/verbs.hpp"
#include "engine/client.hpp"

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

}  // namespace

int container_commit(Context& context, const Flags& flags) {
    const engine::ContainerRow row = StateView{context.paths}.get(flags.words().front());
    engine::CommitOptions options;
    options.author = flags.value_or("author", "");
    options.message = flags.value_or("message", "");
    if (flags.words().size() > 1) {
        options.reference = image::parse_reference(flags.words()[1]);
    }
    auto config =
        build::apply_changes(context.paths, engine::committed_config(context.paths, row), flags.values("change"));
    const Frozen frozen{context, row, !flags.given("pause") || flags.on("pause")};
    const auto id = engine::commit_container(context.paths, row, std::move(config), options);
    fmt::print("{}\n", id);
    return 0;
}

}  // namespace stack::cli
