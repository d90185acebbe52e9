#pragma once

#include <string>

#include "build/builder.hpp"

namespace stack::cli {

/// Draws a build on standard output as Docker did before BuildKit (DOCKER_BUILDKIT=0), for scripts that read it:
///
///     Step 2/3 : RUN make
///      ---> Running in 5c0f7c4e8b52
///     cc -o app app.c
///     Removing intermediate container 5c0f7c4e8b52
///      ---> 1f0f7c4e8b52
///     Successfully built 1f0f7c4e8b52
class ClassicView {
public:
    void show(const build::BuildEvent& event);

private:
    std::string container_;  ///< id that the RUN at work is shown with
};

}  // namespace stack::cli
