#include <cstdio>

#include <unistd.h>

#include "cli/front_door.hpp"

#ifdef STACK_WITH_SUPERVISOR
#include "engine/client.hpp"
#endif

int main(int argc, char** argv) {
#ifdef STACK_WITH_SUPERVISOR
    if (const std::optional<int> status = stack::engine::run_if_supervisor(argc, argv)) {
        return *status;
    }
#endif
    const int status = stack::cli::run_program(argc, argv);
#ifndef __SANITIZE_ADDRESS__
    // The kernel takes everything back at once; taking tables apart one by one would be a tenth of a short command.
    std::fflush(nullptr);
    ::_exit(status);
#else
    return status;  // the leak check wants to look
#endif
}
