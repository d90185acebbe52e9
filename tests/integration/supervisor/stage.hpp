#pragma once

#include <string>
#include <vector>

#include "desired/desired_state.hpp"
#include "engine/client.hpp"
#include "engine/logs/reader.hpp"
#include "engine/state/container_store.hpp"
#include "harness/test_root.hpp"
#include "support/database.hpp"

namespace stack::testing {

/// A root with the image busybox, and one project "p" in it that is taken down at the end.
class Stage {
public:
    Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    ~Stage();

    const Paths& paths() const noexcept { return root_.paths(); }
    engine::SupervisorClient client() const;

    /// A service of busybox that runs `script` with sh, on the network p_default.
    desired::ServiceSpec service(const std::string& name, const std::string& script) const;
    desired::DesiredState state(std::vector<desired::ServiceSpec> services) const;

    void up(const desired::DesiredState& state, const engine::UpOptions& options = {});
    void down(bool volumes = true);

    engine::ContainerRow row(const std::string& name) const;
    std::vector<std::string> log(const std::string& name) const;
    /// Waits until the log of a container has a line that contains `text`; false if it does not come.
    bool log_has(const std::string& name, const std::string& text) const;
    /// Exit code and output of a shell command in a running container, entered through its pid.
    std::string inside(const std::string& name, const std::string& script) const;

    /// Pids of this root's supervisor processes with that name: "stack-keeper", "stack-worker".
    std::vector<int> processes(const std::string& name) const;

    /// What happened, a line each: "container p-a-1 Started".
    std::vector<std::string> events;
    engine::EventSink sink();
    size_t position(const std::string& event) const;  ///< events.size() if it is not there

private:
    TestRoot root_;
    std::string image_id_;
};

}  // namespace stack::testing
