#include "engine/supervisor/executor.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "engine/supervisor/container.hpp"
#include "engine/supervisor/make_container.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {
namespace {

using reconcile::Action;
using reconcile::Node;

Event event_about(Subject subject, const std::string& name, Progress progress, std::string detail = {}) {
    Event event;
    event.subject = subject;
    event.name = name;
    event.progress = progress;
    event.detail = std::move(detail);
    event.time_ns = wall_clock_ns();
    return event;
}

class Execution {
public:
    Execution(Project& project, const reconcile::Plan& plan, const desired::DesiredState& desired,
              const ExecuteOptions& options, Operation& operation)
        : project_{project}, plan_{plan}, desired_{desired}, options_{options}, operation_{operation} {
        states_.resize(plan.nodes.size());
    }

    Task<> run() {
        for (const std::string& warning : plan_.warnings) {
            project_.tell(event_about(Subject::project, project_.name, Progress::warning, warning));
        }
        start_ready();
        while (running_ > 0) {
            co_await wait_for(progress_, never);
        }
        if (failure_) {
            throw Error{*failure_};
        }
        operation_.throw_if_cancelled();
    }

private:
    enum class State { waiting, running, done, failed };

    void start_ready() {
        // A step that ends at once makes others ready, maybe earlier ones.
        for (bool again = true; again;) {
            again = false;
            for (size_t i = 0; i < plan_.nodes.size(); ++i) {
                again = (states_[i] == State::waiting && try_start(i)) || again;
            }
        }
    }

    /// True if the step left its waiting state.
    bool try_start(size_t i) {
        const Node& node = plan_.nodes[i];
        for (const int number : node.needs) {
            const State state = states_[static_cast<size_t>(number) - 1];
            if (state == State::failed) {
                states_[i] = State::failed;
                skip(node, plan_.nodes[static_cast<size_t>(number) - 1]);
                return true;
            }
            if (state != State::done) {
                return false;
            }
        }
        if (operation_.cancelled()) {
            states_[i] = State::failed;
            return true;
        }
        states_[i] = State::running;
        ++running_;
        spawn(project_.loop, step(i), node.subject);
        return true;
    }

    void skip(const Node& node, const Node& cause) const {
        const bool is_container = node.action == Action::create_container || node.action == Action::start_container ||
                                  node.action == Action::recreate_container;
        if (is_container) {
            project_.tell(event_about(Subject::container, node.name, Progress::skipped,
                                      fmt::format("needs {}, which failed", cause.subject)));
        }
    }

    Task<> step(size_t i) {
        const Node& node = plan_.nodes[i];
        std::optional<Error> failure;
        try {
            co_await take(node);
        } catch (const Error& error) {
            failure = error;
        } catch (const std::exception& error) {
            failure = Error(Errc::internal, error.what());
        }
        states_[i] = State::done;
        if (failure && node.optional) {
            project_.tell(
                event_about(Subject::service, node.service, Progress::warning,
                            fmt::format("optional dependency '{}' failed: {}", node.service, failure->what())));
        } else if (failure) {
            states_[i] = State::failed;
            if (!failure_) {
                failure_ = *failure;
            }
        }
        --running_;
        start_ready();
        progress_.notify();
    }

    Task<> take(const Node& node) {
        switch (node.action) {
            case Action::create_network:
                create_network(node);
                break;
            case Action::remove_network:
                remove_network(node);
                break;
            case Action::create_volume:
                create_volume(node);
                break;
            case Action::remove_volume:
                remove_volume(node);
                break;
            case Action::create_container:
                create(node);
                break;
            case Action::recreate_container:
                co_await recreate(node);
                break;
            case Action::start_container: {
                const auto container = container_of(node);
                co_await container->start();
                break;
            }
            case Action::restart_container: {
                const auto container = container_of(node);
                co_await container->restart(options_.stop);
                break;
            }
            case Action::stop_container: {
                const auto container = container_of(node);
                co_await container->stop(options_.stop);
                break;
            }
            case Action::remove_container: {
                const auto container = container_of(node);
                co_await container->remove(options_.remove_anonymous_volumes);
                break;
            }
            case Action::wait_healthy:
                co_await wait_healthy(node);
                break;
            case Action::wait_completed:
                co_await wait_completed(node);
                break;
            case Action::wait_running:
                co_await wait_running(node);
                break;
            case Action::keep:
                container_of(node)->tell(Progress::running);
                break;
        }
    }

    // --- networks and volumes

    void create_network(const Node& node) const {
        const auto spec = std::find_if(desired_.networks.begin(), desired_.networks.end(),
                                       [&](const auto& it) { return it.name == node.name; });
        project_.tell(event_about(Subject::network, node.name, Progress::creating));
        try {
            project_.networks.create(*spec, network_labels(desired_, *spec));
        } catch (Error& error) {
            error.add_step(fmt::format("create network '{}'", node.name));
            project_.tell(event_about(Subject::network, node.name, Progress::error, error.what()));
            throw;
        }
        project_.tell(event_about(Subject::network, node.name, Progress::created));
    }

    void remove_network(const Node& node) const {
        project_.tell(event_about(Subject::network, node.name, Progress::removing));
        try {
            project_.networks.remove(node.name);
        } catch (const Error& error) {
            // As compose: a network that others still use stays.
            if (error.code() != Errc::conflict) {
                throw;
            }
            project_.tell(event_about(Subject::network, node.name, Progress::warning, error.what()));
            return;
        }
        project_.tell(event_about(Subject::network, node.name, Progress::removed));
    }

    void create_volume(const Node& node) const {
        auto spec = *std::find_if(desired_.volumes.begin(), desired_.volumes.end(),
                                  [&](const auto& it) { return it.name == node.name; });
        project_.tell(event_about(Subject::volume, node.name, Progress::creating));
        spec.labels = volume_labels(desired_, spec);
        project_.volumes.ensure(spec);
        project_.tell(event_about(Subject::volume, node.name, Progress::created));
    }

    void remove_volume(const Node& node) const {
        project_.tell(event_about(Subject::volume, node.name, Progress::removing));
        const auto users = [&](const std::string& volume) { return project_.users_of_volume(volume); };
        try {
            project_.volumes.remove(node.name, users, true);
        } catch (const Error& error) {
            if (error.code() != Errc::conflict) {
                throw;
            }
            project_.tell(event_about(Subject::volume, node.name, Progress::warning, error.what()));
            return;
        }
        project_.tell(event_about(Subject::volume, node.name, Progress::removed));
    }

    // --- containers

    const desired::ServiceSpec& service_of(const Node& node) const {
        return *std::find_if(desired_.services.begin(), desired_.services.end(),
                             [&](const auto& it) { return it.name == node.service; });
    }

    /// The one that this plan made for the step's replica, or the one that was there.
    std::shared_ptr<Container> container_of(const Node& node) const {
        const auto made = made_.find(fmt::format("{}:{}", node.service, node.replica));
        return project_.get(made == made_.end() ? node.container : made->second);
    }

    std::vector<std::shared_ptr<Container>> replicas(const std::string& service) const {
        std::vector<std::shared_ptr<Container>> found;
        for (const auto& [id, container] : project_.containers) {
            if (container->row().service == service && !container->row().one_off) {
                found.push_back(container);
            }
        }
        return found;
    }

    void create(const Node& node) {
        project_.tell(event_about(Subject::container, node.name, Progress::creating));
        try {
            ContainerRow row =
                make_service_container(project_, desired_, service_of(node), node.replica, node.name, nullptr);
            project_.store.insert(row);
            const auto container = project_.add(std::move(row));
            made_[fmt::format("{}:{}", node.service, node.replica)] = container->id();
            container->record("create");
            container->tell(Progress::created);
        } catch (Error& error) {
            error.add_step(fmt::format("create '{}'", node.name));
            project_.tell(event_about(Subject::container, node.name, Progress::error, error.what()));
            throw;
        }
    }

    /// The new one is made under a name of its own first, so that there is always one of them to go back to.
    Task<> recreate(const Node& node) {
        const auto old = project_.get(node.container);
        old->tell(Progress::recreate, node.reason);
        const std::string temporary = fmt::format("{}_{}", old->id().substr(0, 12), node.name);
        const ContainerRow* previous = options_.keep_anonymous_volumes ? &old->row() : nullptr;
        ContainerRow row =
            make_service_container(project_, desired_, service_of(node), node.replica, temporary, previous);
        project_.store.insert(row);
        const auto fresh = project_.add(std::move(row));
        fresh->record("create");
        std::optional<Error> failure;
        try {
            co_await old->stop(options_.stop);
            co_await old->remove(false);
            fresh->rename(node.name);
        } catch (const Error& error) {
            failure = error;
        }
        if (failure) {
            co_await fresh->remove(false);
            throw Error{*failure};
        }
        made_[fmt::format("{}:{}", node.service, node.replica)] = fresh->id();
        fresh->tell(Progress::recreated);
    }

    // --- conditions

    Clock::time_point deadline() const { return options_.wait_timeout ? Clock::now() + *options_.wait_timeout : never; }

    [[noreturn]] static void dependency_failed(Container& container, const std::string& how) {
        container.tell(Progress::error, how);
        throw Error(Errc::conflict,
                    fmt::format("dependency failed to start: container '{}' {}", container.name(), how));
    }

    Task<> wait_healthy(const Node& node) {
        for (const auto& container : replicas(node.service)) {
            if (!container->has_healthcheck()) {
                dependency_failed(*container, "has no healthcheck configured");
            }
            const bool already = container->row().health.status == HealthStatus::healthy;
            container->tell(already ? Progress::healthy : Progress::waiting);
            // The container itself tells when it becomes healthy.
            while (container->row().health.status != HealthStatus::healthy) {
                if (container->row().health.status == HealthStatus::unhealthy && container->has_process()) {
                    dependency_failed(*container, "is unhealthy");
                }
                if (!container->is_up()) {
                    dependency_failed(*container, fmt::format("exited ({})", container->row().exit_code.value_or(-1)));
                }
                co_await operation_.wait(container->changed, never);
            }
        }
    }

    Task<> wait_completed(const Node& node) {
        for (const auto& container : replicas(node.service)) {
            container->tell(Progress::waiting);
            while (container->is_up()) {
                co_await operation_.wait(container->changed, never);
            }
            const auto code = container->row().exit_code;
            if (code != 0) {
                const std::string how =
                    code ? fmt::format("didn't complete successfully: exit {}", *code) : "ended in a way nobody saw";
                dependency_failed(*container, how);
            }
            container->tell(Progress::exited, {}, code);
        }
    }

    Task<> wait_running(const Node& node) {
        const Clock::time_point limit = deadline();
        for (const auto& container : replicas(node.service)) {
            const bool checked = container->has_healthcheck();
            const bool already = checked && container->row().health.status == HealthStatus::healthy;
            if (checked) {
                container->tell(already ? Progress::healthy : Progress::waiting);
            }
            while (!container->has_process() || (checked && container->row().health.status != HealthStatus::healthy)) {
                if (!container->is_up()) {
                    throw Error(Errc::conflict, fmt::format("container '{}' exited ({})", container->name(),
                                                            container->row().exit_code.value_or(-1)));
                }
                if (checked && container->row().health.status == HealthStatus::unhealthy) {
                    throw Error(Errc::conflict, fmt::format("container '{}' is unhealthy", container->name()));
                }
                if (Clock::now() >= limit) {
                    throw Error(Errc::timeout, fmt::format("timeout waiting for '{}' to be up", container->name()));
                }
                co_await operation_.wait(container->changed, limit);
            }
            if (!checked) {
                container->tell(Progress::running);
            }
        }
    }

    Project& project_;
    const reconcile::Plan& plan_;
    const desired::DesiredState& desired_;
    const ExecuteOptions& options_;
    Operation& operation_;
    std::vector<State> states_;
    std::map<std::string, std::string> made_;  ///< "service:replica" -> id
    int running_{0};
    Signal progress_;
    std::optional<Error> failure_;
};

}  // namespace

Task<> execute(Project& project, const reconcile::Plan& plan, const desired::DesiredState& desired,
               const ExecuteOptions& options, Operation& operation) {
    Execution execution{project, plan, desired, options, operation};
    co_await execution.run();
}

reconcile::Observed observe(Project& project) {
    reconcile::Observed observed;
    observed.project = project.name;
    for (const auto& [id, container] : project.containers) {
        const ContainerRow& row = container->row();
        reconcile::ObservedContainer& it = observed.containers.emplace_back();
        it.id = row.id;
        it.name = row.name;
        it.service = row.service;
        it.replica = row.replica;
        it.one_off = row.one_off;
        it.status = row.status;
        it.exit_code = row.exit_code;
        it.alive = container->is_up();
        it.config_hash = row.config_hash;
        it.image_id = row.image_id;
        const auto label = row.labels.find("com.docker.compose.depends_on");
        it.depends_on = reconcile::parse_depends_on_label(label == row.labels.end() ? "" : label->second);
    }
    std::sort(observed.containers.begin(), observed.containers.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    const auto label_of = [](const auto& labels, const char* name) {
        const auto found = labels.find(name);
        return found == labels.end() ? std::string{} : found->second;
    };
    for (const net::Network& network : project.networks.store().list()) {
        observed.networks.push_back(
            {network.name, label_of(network.labels, "com.docker.compose.config-hash"),
             !project.name.empty() && label_of(network.labels, "com.docker.compose.project") == project.name});
    }
    for (const volumes::Volume& volume : project.volumes.list()) {
        observed.volumes.push_back(
            {volume.name,
             !project.name.empty() && label_of(volume.labels, "com.docker.compose.project") == project.name});
    }
    return observed;
}

}  // namespace stack::engine::supervisor
