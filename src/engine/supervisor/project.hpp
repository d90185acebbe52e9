#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/access/event_log.hpp"
#include "engine/events.hpp"
#include "engine/logs/writer.hpp"
#include "engine/runtime/cgroup.hpp"
#include "engine/state/container_store.hpp"
#include "engine/supervisor/keeper_link.hpp"
#include "engine/supervisor/loop.hpp"
#include "engine/supervisor/networks.hpp"
#include "engine/supervisor/slots.hpp"
#include "image/store.hpp"
#include "support/database.hpp"
#include "support/paths.hpp"
#include "volumes/volume_store.hpp"

namespace stack::engine::supervisor {

class Container;

/// What containers need to know of an image.
struct ImageFacts {
    image::ImageConfig config;
    std::vector<std::string> layers;  ///< folders, lowest first
};

/// All that one worker has: the stores, the kernel things and the containers of its project. One per process.
class Project {
public:
    Project(Loop& event_loop, Paths where, std::string project_name, UniqueFd control, int listening, int lock);
    ~Project();
    Project(const Project&) = delete;
    Project& operator=(const Project&) = delete;

    Loop& loop;
    const Paths paths;
    const std::string name;
    Database database;
    ContainerStore store;
    image::ImageStore images;
    volumes::VolumeStore volumes;
    const runtime::CgroupHost cgroups;
    logs::Sequence log_sequence;
    KeeperLink keeper;
    Networks networks;

    std::map<std::string, std::shared_ptr<Container>> containers;  ///< by id
    /// Some container changed, came or went.
    Signal changed;
    /// Services that came back without anybody's doing, whose dependents were not looked at yet; see
    /// restart_dependents().
    std::set<std::string> came_back;
    void service_came_back(const std::string& service);

    /// What happens to networks and volumes, and what operations do, is told here.
    void tell(const Event& event);
    EventLog event_log;
    /// Whoever listens: the clients whose operations run.
    std::map<int, EventSink> listeners;
    int next_listener{1};

    /// A start holds a dozen descriptors more than a container that runs, and nothing is won by a thousand at once.
    Slots launches{32};

    /// Who waits for the end of a process that was started by exec, by its key.
    struct ExecWait {
        std::optional<Message> end;
        Signal ended;
    };
    std::map<std::string, std::shared_ptr<ExecWait>> execs;

    std::shared_ptr<const ImageFacts> image_facts(const std::string& image_id);
    std::shared_ptr<Container> find(const std::string& name_or_id);
    /// Errc::not_found "no such container: …".
    std::shared_ptr<Container> get(const std::string& name_or_id);
    /// How the last removed containers ended, for who asks a moment too late.
    void remember_removed(const ContainerRow& row);
    const ContainerRow* find_removed(const std::string& name_or_id) const;
    /// Takes a container that was just made into the project.
    std::shared_ptr<Container> add(ContainerRow row);
    void forget(const std::string& id);
    /// Names of the containers, of any project, that use a volume.
    std::vector<std::string> users_of_volume(const std::string& volume) const;

    /// Ids of containers that wait for something when a worker comes up.
    struct Adopted {
        std::vector<std::string> wanted;     ///< should run and do not
        std::vector<std::string> half_done;  ///< Container::repair()
        bool empty() const noexcept { return wanted.empty() && half_done.empty(); }
    };
    /// Looks at the database, the keeper's handover and the kernel, and takes up every container where it is.
    Adopted adopt();

private:
    void process_ended(const Message& message);
    bool settle_half_made(ContainerRow& row);
    void adopt_one(Container& container, Adopted& adopted, std::vector<Message>& ended);
    bool adopt_by_pid(Container& container, std::vector<Message>& ended);
    std::deque<ContainerRow> removed_;
    std::map<std::string, std::weak_ptr<const ImageFacts>> images_;
};

}  // namespace stack::engine::supervisor
