#include "image/pull_policy.hpp"

#include "support/duration.hpp"
#include "support/text.hpp"

namespace stack::image {
namespace {

constexpr std::chrono::hours week{24 * 7};

/// Durations, and whole weeks, which parse_duration() does not know.
std::optional<std::chrono::seconds> parse_age(std::string_view text) {
    std::chrono::seconds weeks{0};
    if (const auto w = text.find('w'); w != std::string_view::npos) {
        constexpr std::uint64_t most_weeks = 100'000;
        const auto count = parse_uint(text.substr(0, w));
        if (!count || *count > most_weeks) {
            return std::nullopt;
        }
        weeks = week * static_cast<std::int64_t>(*count);
        text.remove_prefix(w + 1);
        if (text.empty()) {
            return weeks;
        }
    }
    const auto rest = parse_duration(text);
    return rest ? std::optional{weeks + std::chrono::duration_cast<std::chrono::seconds>(*rest)} : std::nullopt;
}

}  // namespace

std::optional<PullPolicy> parse_pull_policy(std::string_view text) {
    using When = PullPolicy::When;
    constexpr std::string_view every = "every_";
    if (text.empty() || text == "missing" || text == "if_not_present") {
        return PullPolicy{};
    }
    if (text == "always" || text == "refresh") {
        return PullPolicy{When::always, {}};
    }
    if (text == "never") {
        return PullPolicy{When::never, {}};
    }
    if (text == "build") {
        return PullPolicy{When::build, {}};
    }
    if (text == "daily") {
        return PullPolicy{When::aged, std::chrono::hours{24}};
    }
    if (text == "weekly") {
        return PullPolicy{When::aged, week};
    }
    if (text.starts_with(every)) {
        if (const auto age = parse_age(text.substr(every.size()))) {
            return PullPolicy{When::aged, *age};
        }
    }
    return std::nullopt;
}

bool wants_pull(const PullPolicy& policy, bool here, std::int64_t asked_unix, std::int64_t now_unix) {
    switch (policy.when) {
        case PullPolicy::When::always:
            return true;
        case PullPolicy::When::missing:
            return !here;
        case PullPolicy::When::aged:
            return !here || now_unix - asked_unix >= policy.age.count();
        case PullPolicy::When::never:
        case PullPolicy::When::build:
            return false;
    }
    return false;
}

}  // namespace stack::image
