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
    return stack::cli::run_program(argc, argv);
}
