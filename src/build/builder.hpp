#pragma once

#include <string>
#include <vector>

#include "build/dockerfile/instruction.hpp"
#include "build/request.hpp"
#include "support/error.hpp"
#include "support/paths.hpp"

namespace stack::build {

/// A RUN that ended with another status than 0. The message is one sentence; the rest is for those who draw it.
class StepFailed : public Error {
public:
    StepFailed(const std::string& what, int code) : Error{Errc::invalid_input, what}, exit_code{code} {}

    int exit_code;
    std::string step;                      ///< "[2/5] RUN make"
    std::vector<std::string> last_output;  ///< its last lines
    std::vector<std::string> excerpt;      ///< lines of the Dockerfile around it: "   3 | RUN make"
    std::string folder;                    ///< the half-built layer's folder, if it was kept
};

/// Builds one image and returns its id. Carries out RUN in containers that it clones itself: call it only from a
/// process with one thread (and after runtime::ensure_sealed_program). Blocks; events come on the caller's thread.
/// Throws Error with a place in the Dockerfile, StepFailed for a failing command. Whatever a build that was killed
/// left behind is removed by the next one.
std::string build_image(const Paths& paths, const BuildRequest& request, const BuildSink& sink);

/// What the checks say of a Dockerfile that is not built. Of base images only those that are here are known.
struct CheckedFile {
    Dockerfile file;
    std::vector<LintWarning> warnings;
};
CheckedFile check_build(const Paths& paths, const BuildRequest& request);

/// Removes cached steps (all, or those not used for `unused_for_seconds`), and containers and folders of builds that
/// were killed. Returns the number of steps forgotten; the layers go with the image store's next collection.
std::int64_t prune_build_cache(const Paths& paths, std::int64_t unused_for_seconds);

}  // namespace stack::build
