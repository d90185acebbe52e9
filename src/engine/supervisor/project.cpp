#include "engine/supervisor/project.hpp"

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "engine/container_files.hpp"
#include "engine/runtime/storage_limit.hpp"
#include "engine/supervisor/container.hpp"
#include "engine/supervisor/exit_info.hpp"
#include "support/error.hpp"
#include "support/kernel/process_stat.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/log.hpp"

namespace stack::engine::supervisor {

Project::Project(Loop& event_loop, Paths where, std::string project_name, UniqueFd control, int listening, int lock)
    : loop{event_loop},
      paths{std::move(where)},
      name{std::move(project_name)},
      database{paths.database()},
      store{database},
      images{paths},
      volumes{paths, database},
      cgroups{runtime::CgroupHost::detect()},
      keeper{loop, name, std::move(control), listening, lock},
      networks{loop, paths, database, keeper, name},
      event_log{paths} {
    keeper.on_ended = [this](const Message& message) { process_ended(message); };
}

Project::~Project() = default;

namespace {

/// Containers tell the log themselves: they know more.
void record(EventLog& log, const Event& event) {
    const bool is_network = event.subject == Subject::network;
    if (!is_network && event.subject != Subject::volume) {
        return;
    }
    const char* action = event.progress == Progress::created   ? "create"
                         : event.progress == Progress::removed ? "destroy"
                                                               : nullptr;
    if (action != nullptr) {
        const LoggedEvent logged{
            is_network ? "network" : "volume", action, event.name, {{"name", event.name}}, event.time_ns};
        log.append(logged);
    }
}

}  // namespace

void Project::tell(const Event& event) {
    record(event_log, event);
    for (const auto& [number, listener] : listeners) {
        listener(event);
    }
}

void Project::service_came_back(const std::string& service) {
    if (!service.empty()) {
        came_back.insert(service);
        changed.notify();
    }
}

void Project::process_ended(const Message& message) {
    const std::string key{message.key_view()};
    if (const auto container = containers.find(key); container != containers.end()) {
        const auto held = container->second;
        held->ended(message);
    } else if (const auto exec = execs.find(key); exec != execs.end()) {
        exec->second->end = message;
        exec->second->ended.notify();
    } else {
        keeper.forget(key);
    }
}

std::shared_ptr<const ImageFacts> Project::image_facts(const std::string& image_id) {
    if (auto known = images_[image_id].lock()) {
        return known;
    }
    auto image = images.find_by_id(image_id);
    if (!image) {
        throw Error(Errc::not_found, fmt::format("image '{}' is not there any more", image_id));
    }
    auto facts = std::make_shared<ImageFacts>();
    for (const auto& layer : images.layer_dirs(*image)) {
        facts->layers.push_back(layer);
    }
    facts->config = std::move(image->config);
    facts->config.history.clear();
    facts->config.original.clear();
    images_[image_id] = facts;
    return facts;
}

std::shared_ptr<Container> Project::find(const std::string& name_or_id) {
    if (const auto known = containers.find(name_or_id); known != containers.end()) {
        return known->second;
    }
    const auto row = store.find(name_or_id);
    if (!row) {
        return nullptr;
    }
    const auto known = containers.find(row->id);
    return known == containers.end() ? nullptr : known->second;
}

std::shared_ptr<Container> Project::get(const std::string& name_or_id) {
    auto container = find(name_or_id);
    if (!container) {
        throw Error(Errc::not_found, fmt::format("no such container: {}", name_or_id));
    }
    return container;
}

std::shared_ptr<Container> Project::add(ContainerRow row) {
    // Whoever follows the log of a container that was not started yet has something to watch.
    std::filesystem::create_directories(log_folder(paths, row.id));
    auto container = std::make_shared<Container>(*this, std::move(row));
    containers[container->id()] = container;
    changed.notify();
    return container;
}

void Project::forget(const std::string& id) {
    containers.erase(id);
    changed.notify();
}

void Project::remember_removed(const ContainerRow& row) {
    ContainerRow& kept = removed_.emplace_back();
    kept.id = row.id;
    kept.name = row.name;
    kept.exit_code = row.exit_code;
    kept.oom_killed = row.oom_killed;
    kept.error = row.error;
    if (removed_.size() > 32) {
        removed_.pop_front();
    }
}

const ContainerRow* Project::find_removed(const std::string& name_or_id) const {
    const auto found = std::find_if(removed_.rbegin(), removed_.rend(), [&](const ContainerRow& row) {
        return row.id == name_or_id || row.name == name_or_id;
    });
    return found == removed_.rend() ? nullptr : &*found;
}

std::vector<std::string> Project::users_of_volume(const std::string& volume) const {
    std::vector<std::string> users;
    for (const ContainerRow& row : store.list()) {
        for (const MountRow& mount : row.mounts) {
            if (mount.name == volume) {
                users.push_back(row.name);
                break;
            }
        }
    }
    return users;
}

Project::Adopted Project::adopt() {
    keeper.take_over();
    Adopted adopted;
    std::vector<Message> ended;
    for (ContainerRow& row : store.list({.project = name})) {
        const std::string id = row.id;
        try {
            if (settle_half_made(row)) {
                adopt_one(*add(std::move(row)), adopted, ended);
            }
        } catch (const std::exception& error) {
            // The others must not pay for it. Its process, if it has one, is left alone.
            log_warning("container {} cannot be taken over: {}", id, error.what());
            keeper.children().erase(id);
        }
    }
    // What is left of the handover are processes of ours that nobody knows: probes that a dead worker ran.
    for (auto& [key, child] : keeper.children()) {
        kernel::pidfd_send_signal(child.pidfd.get(), SIGKILL);
        if (child.about.has_ended != 0) {
            keeper.forget(key);
        }
    }
    keeper.children().clear();
    for (const Message& message : ended) {
        process_ended(message);
    }
    return adopted;
}

/// A worker that died while it replaced a container leaves the new one under "<id of the old one>_<name>". False if
/// the row was removed.
bool Project::settle_half_made(ContainerRow& row) {
    const bool temporary = row.status == ContainerStatus::created && row.name.size() > 13 && row.name[12] == '_' &&
                           row.name.find_first_not_of("0123456789abcdef") == 12;
    if (!temporary) {
        return true;
    }
    const std::string wanted = row.name.substr(13);
    if (!store.find(wanted)) {
        store.rename(row.id, wanted);
        row.name = wanted;
        return true;
    }
    store.remove(row.id);
    runtime::give_storage_back(paths.container(row.id));
    std::filesystem::remove_all(paths.container(row.id));
    return false;
}

void Project::adopt_one(Container& container, Adopted& adopted, std::vector<Message>& ended) {
    const ContainerRow& row = container.row();
    const bool had_process = row.status == ContainerStatus::running || row.status == ContainerStatus::paused;
    auto handed = keeper.children().find(row.id);
    if (handed != keeper.children().end()) {
        const Message about = handed->second.about;
        UniqueFd pidfd = std::move(handed->second.pidfd);
        keeper.children().erase(handed);
        if (about.has_ended == 0 || had_process || row.finished_ns != about.end_ns) {
            container.adopt(about.pid, std::move(pidfd));
            if (about.has_ended != 0) {
                ended.push_back(about);
            } else if (container.needs_repair()) {
                adopted.half_done.push_back(row.id);
            }
            return;
        }
        keeper.forget(row.id);  // its end was written down in the last moment
    } else if (had_process) {
        if (!adopt_by_pid(container, ended)) {
            if (container.end_unseen()) {
                adopted.wanted.push_back(row.id);
            }
        } else if (container.needs_repair()) {
            adopted.half_done.push_back(row.id);
        }
        return;
    }
    if (container.needs_repair()) {
        adopted.half_done.push_back(row.id);
    } else if (row.status == ContainerStatus::restarting) {
        container.resume_restart();
    }
}

/// Keeper and worker were both dead: the container is found by the pid in its row. False if that process is gone
/// without a trace.
bool Project::adopt_by_pid(Container& container, std::vector<Message>& ended) {
    const ContainerRow& row = container.row();
    const auto pid = static_cast<pid_t>(row.pid);
    const auto process = kernel::process_stat(pid);
    if (!process || process->start_ticks != row.start_ticks) {
        return false;
    }
    UniqueFd pidfd;
    try {
        pidfd = kernel::pidfd_open(pid);
    } catch (const SysError&) {
        return false;  // reaped since
    }
    if (process->has_ended()) {
        Message message;
        message.set_key(row.id);
        message.pid = pid;
        message.end_ns = wall_clock_ns();
        const auto status = exit_status_of(pid, pidfd.get());
        message.status_known = status ? 1 : 0;
        message.status = status.value_or(0);
        ended.push_back(message);
    } else {
        keeper.adopt(row.id, pid, pidfd.get());
        if (container.spec().network_mode != "host") {
            // Missing where the process is just ending: that will be told by the keeper.
            const std::string netns = fmt::format("/proc/{}/ns/net", pid);
            if (UniqueFd fd{::open(netns.c_str(), O_RDONLY | O_CLOEXEC)}) {
                keeper.keep(row.id + "/netns", std::move(fd));
            }
        }
    }
    container.adopt(pid, std::move(pidfd));
    return true;
}

}  // namespace stack::engine::supervisor
