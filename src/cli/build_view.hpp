#pragma once

#include <map>
#include <string>

#include "build/builder.hpp"
#include "cli/build_json.hpp"
#include "cli/context.hpp"

namespace stack::cli {

/// Draws a build on standard error, in the words people know from BuildKit:
///
///     #2 [2/3] RUN make
///     #2 0.412 cc -o app app.c
///     #2 DONE 1.2s
///     #3 [3/3] COPY . /app
///     #3 CACHED
///
/// With ProgressStyle::quiet nothing but an error's own words is shown, with json what BuildJson prints.
class BuildView {
public:
    /// `title` names the service where several are built; empty: none.
    BuildView(ProgressStyle style, bool colours, std::string title);

    void show(const build::BuildEvent& event);
    /// What stands above the error's own rendering: step, last output and the Dockerfile's lines.
    void show_failure(const build::StepFailed& failed) const;

private:
    void show_output(const build::BuildEvent& event);
    void show_warnings(const build::BuildEvent& event) const;
    void line(int step, const std::string& text) const;

    ProgressStyle style_;
    bool colours_;
    std::string title_;
    BuildJson json_;
    std::map<int, std::string> unfinished_lines_;
};

/// Builds and draws; Ctrl-C ends it. Makes sure that the process is fit to start containers.
std::string build_and_show(const Context& context, build::BuildRequest request, const std::string& title, bool quiet);

}  // namespace stack::cli
