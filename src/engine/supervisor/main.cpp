#include <cstring>

#include <fmt/format.h>

#include "engine/client.hpp"
#include "engine/runtime/launch.hpp"
#include "engine/supervisor/keeper.hpp"
#include "support/error.hpp"

namespace stack::engine {

std::optional<int> run_if_supervisor(int argc, char** argv) {
    if (argc < 4 || std::strcmp(argv[1], "supervise") != 0 || std::strcmp(argv[2], "keeper") != 0) {
        return std::nullopt;
    }
    const std::string project = argv[3];
    try {
        supervisor::remember_own_words(argv);
        if (argc == 4) {
            // Containers see this program as /proc/PID/exe of their parent; they must not be able to write it.
            runtime::ensure_sealed_program(argv);
            return supervisor::run_keeper(project);
        }
        if (argc == 5 && std::strcmp(argv[4], "again") == 0) {
            return supervisor::run_keeper_again(project);
        }
    } catch (const Error& error) {
        fmt::print(stderr, "supervisor of project '{}': {}\n{}\n", project, error.what(), error.hint());
        return 1;
    } catch (const std::exception& error) {
        fmt::print(stderr, "supervisor of project '{}': {}\n", project, error.what());
        return 1;
    }
    return std::nullopt;
}

}  // namespace stack::engine
