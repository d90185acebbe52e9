#include "harness/registry.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "harness/eventually.hpp"
#include "harness/scripted_server.hpp"
#include "support/files.hpp"

namespace stack::testing {
namespace {

Command serve(const std::filesystem::path& folder, int port, const std::string& more) {
    const auto config = folder / "config.yml";
    write_file(config, fmt::format("version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}/data\n"
                                   "  delete:\n    enabled: true\n"
                                   "http:\n  addr: 127.0.0.1:{}\n{}",
                                   folder.string(), port, more));
    // Its log goes to a file: nobody reads a pipe while a test waits for something else, and a full one would stop it.
    const auto log = folder / "registry.log";
    write_file(log, "");
    return {.argv = {"sh", "-c", R"(exec docker-registry serve "$0" >"$1" 2>&1)", config.string(), log.string()}};
}

}  // namespace

Registry::Registry(const std::filesystem::path& folder, const std::string& more)
    : port_{free_port()}, log_{folder / "registry.log"}, process_{serve(folder, port_, more)} {
    if (!eventually([&] { return log().find("listening on") != std::string::npos; })) {
        throw std::runtime_error{"docker-registry does not start: " + log()};
    }
}

std::string Registry::address() const {
    return fmt::format("127.0.0.1:{}", port_);
}

std::string Registry::log() const {
    return read_file(log_);
}

}  // namespace stack::testing
