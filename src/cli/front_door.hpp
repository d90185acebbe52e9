#pragma once

namespace stack::cli {

/// The whole program: finds out by argv[0] as what it was called, picks the command, runs it, renders what went wrong.
/// Returns the exit code; lets no exception out.
int run_program(int argc, char** argv) noexcept;

}  // namespace stack::cli
