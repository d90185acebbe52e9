#pragma once

#include <string>

#include "cli/context.hpp"
#include "support/error.hpp"

namespace stack::cli {

struct ErrorStyle {
    bool colours{false};
    bool trail{false};  ///< --verbose: also every step that was being done
};

/// The text for standard error, with its newline:
///
///     error: unknown key 'restrat' in service 'web'
///       --> compose.yaml:12:5
///        12 |     restrat: always
///       did you mean 'restart'?
///
/// The line of the user's file is quoted if it can be read. The innermost step that names more than the message does is
/// always told ("while starting 'blog-web-1'"), the others with `trail`.
std::string render_error(const Error& error, const ErrorStyle& style);

/// Tells one failure of several on standard error, as the front door would, for commands that go on with the others.
void report_and_go_on(const Context& context, const Error& error);

}  // namespace stack::cli
