#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "build/lint/warning.hpp"
#include "build/request.hpp"
#include "build/stages.hpp"
#include "image/config.hpp"

namespace stack::build {

/// `# check=skip=RuleA,RuleB;error=true;experimental=all`, or the same in --build-arg BUILDKIT_DOCKERFILE_CHECK, which
/// wins.
struct LintOptions {
    std::set<std::string> skipped, experimental;
    bool skips_all{false}, all_experimental{false};
    bool error{false};  ///< a finding ends the build

    bool wants(std::string_view rule) const;
};

/// Throws Errc::invalid_input on an option that is none.
LintOptions read_lint_options(const Dockerfile& file, const BuildRequest& request);

/// The config of the image that a FROM names; nullopt if it is not known, so nothing is said of its variables.
using FindBaseConfig = std::function<std::optional<image::ImageConfig>(const Stage&)>;

/// Looks over a Dockerfile without building it: what is said of its lines as such, and of the instructions in
/// `stages`. In the order of the lines.
std::vector<LintWarning> lint(const StagedFile& staged, const std::vector<size_t>& stages, const BuildRequest& request,
                              const LintOptions& options, const FindBaseConfig& find_base);

/// Throws the Error that `error=true` asks for if there is any finding.
void enforce(const LintOptions& options, const std::vector<LintWarning>& warnings);

}  // namespace stack::build
