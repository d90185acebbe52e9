#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace stack::image {

/// When a registry is asked for an image (compose-spec 05-services "pull_policy", `docker run --pull`).
struct PullPolicy {
    enum class When {
        missing,  ///< only if it is not here
        always,
        never,
        build,  ///< it is built, never pulled
        aged,   ///< if the registry was not asked for `age`
    };
    When when{When::missing};
    std::chrono::seconds age{0};

    friend bool operator==(const PullPolicy&, const PullPolicy&) = default;
};

/// "always", "missing" (also "if_not_present", ""), "never", "build", "refresh", "daily", "weekly", "every_12h",
/// "every_2w"; nullopt for anything else. "refresh" without an age is "always".
std::optional<PullPolicy> parse_pull_policy(std::string_view text);

/// Whether the policy asks a registry now. `here` is the image as the store has it (for the wanted platform), or none;
/// `asked_unix` when a registry was last asked for that name, 0 for never.
bool wants_pull(const PullPolicy& policy, bool here, std::int64_t asked_unix, std::int64_t now_unix);

}  // namespace stack::image
