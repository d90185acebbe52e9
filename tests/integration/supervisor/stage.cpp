#include "stage.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "desired/hash.hpp"
#include "engine/container_files.hpp"
#include "harness/eventually.hpp"
#include "harness/leftovers.hpp"
#include "harness/process.hpp"
#include "image/bootstrap.hpp"
#include "image/store.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/text.hpp"

namespace stack::testing {

Stage::Stage() {
    image::ImageStore images{paths()};
    image_id_ = image::bootstrap_image(images, "busybox");
}

Stage::~Stage() {
    try {
        down();
    } catch (const Error& error) {
        fmt::print(stderr, "cannot take the stage down: {}\n", error.what());
    }
    if (const auto log = find_file(paths().project_run("p") / "supervisor.log"); log && !log->empty()) {
        fmt::print(stderr, "supervisor.log:\n{}\n", *log);
    }
}

engine::SupervisorClient Stage::client() const {
    return engine::SupervisorClient{paths(), "p", SUPERVISOR_PROGRAM};
}

desired::ServiceSpec Stage::service(const std::string& name, const std::string& script) const {
    desired::ServiceSpec spec;
    spec.name = name;
    spec.container.image = "busybox";
    spec.container.image_id = image_id_;
    spec.container.command = {{"sh", "-c", script}};
    spec.container.stop_grace_period = std::chrono::seconds{0};
    desired::EndpointSpec endpoint;
    endpoint.network = "p_default";
    endpoint.aliases = {name};
    spec.container.endpoints.push_back(endpoint);
    return spec;
}

desired::DesiredState Stage::state(std::vector<desired::ServiceSpec> services) const {
    desired::DesiredState desired;
    desired.project = "p";
    desired.working_dir = root_.dir();
    desired.services = std::move(services);
    for (auto& spec : desired.services) {
        spec.config_hash = desired::config_hash(spec);
    }
    desired::NetworkSpec network;
    network.key = "default";
    network.name = "p_default";
    desired.networks.push_back(network);
    return desired;
}

engine::EventSink Stage::sink() {
    return [this](const engine::Event& event) {
        events.push_back(fmt::format("{} {} {}", to_lower(engine::to_string(event.subject)), event.name,
                                     engine::to_string(event.progress)));
    };
}

size_t Stage::position(const std::string& event) const {
    return static_cast<size_t>(std::find(events.begin(), events.end(), event) - events.begin());
}

void Stage::up(const desired::DesiredState& state, const engine::UpOptions& options) {
    client().up(state, options, sink());
}

void Stage::down(bool volumes) {
    desired::DesiredState named;
    named.project = "p";
    engine::DownOptions options;
    options.volumes = volumes;
    client().down(named, options, sink());
}

engine::ContainerRow Stage::row(const std::string& name) const {
    const Database database{paths().database()};
    return engine::ContainerStore{database}.get(name);
}

std::vector<std::string> Stage::log(const std::string& name) const {
    std::vector<std::string> lines;
    engine::logs::Reader reader{{engine::log_folder(paths(), row(name).id)}, {}};
    reader.read([&](const engine::logs::Line& line) {
        lines.emplace_back(line.text);
        return true;
    });
    return lines;
}

bool Stage::log_has(const std::string& name, const std::string& text) const {
    return eventually([&] {
        const auto lines = log(name);
        return std::any_of(lines.begin(), lines.end(),
                           [&](const std::string& line) { return line.find(text) != std::string::npos; });
    });
}

std::string Stage::inside(const std::string& name, const std::string& script) const {
    const auto pid = std::to_string(row(name).pid);
    Command command;
    command.argv = {"nsenter", "-t", pid, "-m", "-n", "-u", "-i", "-p", "-r", "-w", "/bin/sh", "-c", script};
    const Result result = run(command);
    return result.out + result.err;
}

std::vector<int> Stage::processes(const std::string& name) const {
    return processes_named(paths(), name);
}

}  // namespace stack::testing
