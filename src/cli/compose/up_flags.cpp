#include "cli/compose/up_flags.hpp"

#include <fmt/format.h>

#include "cli/compose/lifecycle.hpp"
#include "support/text.hpp"

namespace stack::cli {

std::map<std::string, int> parse_scale(const std::vector<std::string>& words, const compose::Project& project,
                                       std::string_view where) {
    std::map<std::string, int> scale;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const std::string service = word.substr(0, equals);
        const std::optional<std::int64_t> count =
            equals == std::string::npos ? std::nullopt : parse_int(std::string_view{word}.substr(equals + 1));
        if (!count || *count < 0 || *count > 10'000) {
            throw UsageError{fmt::format("invalid value '{}' for {}: expected SERVICE=N", word, where)};
        }
        check_services(project, {service});
        scale[service] = static_cast<int>(*count);
    }
    return scale;
}

engine::UpOptions common_up_options(const Flags& flags, const compose::Project& project) {
    engine::UpOptions options;
    options.services = flags.words();
    options.recreate = flags.on("force-recreate") ? engine::Recreate::force
                       : flags.on("no-recreate")  ? engine::Recreate::never
                                                  : engine::Recreate::diverged;
    options.recreate_dependencies = options.recreate;
    options.remove_orphans = flags.on("remove-orphans");
    options.scale = parse_scale(flags.values("scale"), project, "--scale");
    return options;
}

ImagePolicy common_image_policy(const Flags& flags) {
    return {.build = flags.on("build"),
            .no_build = flags.on("no-build"),
            .pull = flags.value_or("pull", ""),
            .quiet_build = false,
            .quiet_pull = flags.on("quiet-pull")};
}

}  // namespace stack::cli
