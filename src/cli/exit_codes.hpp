#pragma once

#include <string>

#include "support/error.hpp"

namespace stack::cli {

/// Thrown to end with a code that is not an error of ours: the exit code of the user's program, 130 after Ctrl-C.
/// Prints nothing.
struct Exit {
    int code{0};
};

/// An Error with the exit code that the field has for it (docker run's 125, 126, 127).
class ExitError : public Error {
public:
    ExitError(int code, const Error& error) : Error{error}, exit_code_{code} {}
    int exit_code() const noexcept { return exit_code_; }

private:
    int exit_code_;
};

constexpr int exit_file_not_found = 14;   ///< docker compose: no compose file
constexpr int exit_invalid_project = 15;  ///< docker compose: the compose file is wrong
constexpr int exit_engine_error = 125;    ///< docker run: the engine failed, the program never ran
constexpr int exit_not_executable = 126;
constexpr int exit_not_found = 127;
constexpr int exit_interrupted = 130;

}  // namespace stack::cli
