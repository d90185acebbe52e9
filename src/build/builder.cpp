#include "build/builder.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <numeric>

#include <fmt/format.h>
#include <poll.h>

#include "build/cache_image.hpp"
#include "build/dockerfile/parse.hpp"
#include "build/job.hpp"
#include "build/lint/lint.hpp"
#include "build/stage_builder.hpp"
#include "build/web_cache.hpp"
#include "image/rfc3339.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

constexpr size_t lines_kept = 20;

/// The last lines of a command's output, for the error.
class Tail {
public:
    void add(std::string_view text) {
        for (const char c : text) {
            if (c == '\n') {
                finish_line();
            } else if (c != '\r' && line_.size() < longest_line) {
                line_ += c;
            }
        }
    }
    std::vector<std::string> lines() {
        if (!line_.empty()) {
            finish_line();
        }
        return {lines_.begin(), lines_.end()};
    }

private:
    static constexpr size_t longest_line = 2000;
    void finish_line() {
        lines_.push_back(std::move(line_));
        line_.clear();
        if (lines_.size() > lines_kept) {
            lines_.pop_front();
        }
    }
    std::string line_;
    std::deque<std::string> lines_;
};

struct ActiveStage {
    std::unique_ptr<StageBuilder> builder;
    Tail tail;
    bool done{false};
};

/// Drives the stages: what can go on without waiting goes on, then it sleeps until a command has something to say.
class Scheduler {
public:
    Scheduler(Job& job, const std::vector<size_t>& order) : job_{job} {
        for (const auto index : order) {
            stages_.push_back({std::make_unique<StageBuilder>(job, job.staged.stages[index]), {}, false});
        }
    }

    void run() {
        while (!std::ranges::all_of(stages_, &ActiveStage::done)) {
            bool advanced = false;
            for (auto& stage : stages_) {
                advanced = advance(stage) || advanced;
                if (job_.request.classic && !stage.done) {
                    break;
                }
            }
            if (!advanced) {
                wait_for_commands();
            } else {
                check_cancelled(0);
            }
        }
    }

private:
    static bool advance(ActiveStage& stage) {
        if (stage.done) {
            return false;
        }
        const auto progress = stage.builder->advance();
        stage.done = progress == StageBuilder::Progress::finished;
        return stage.done || progress == StageBuilder::Progress::advanced;
    }

    void wait_for_commands() {
        std::vector<pollfd> fds;
        for (auto& stage : stages_) {
            if (auto* run = stage.builder->running()) {
                fds.push_back({run->output_fd(), POLLIN, 0});
                fds.push_back({run->pidfd(), POLLIN, 0});
            }
        }
        if (fds.empty()) {
            throw Error(Errc::internal, "the build's stages wait for each other");
        }
        if (job_.request.cancel_fd >= 0) {
            fds.push_back({job_.request.cancel_fd, POLLIN, 0});
        }
        if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) {
            throw SysError(errno, "wait for a build's commands");
        }
        check_cancelled(0);
        for (auto& stage : stages_) {
            if (stage.builder->running() != nullptr) {
                attend(stage);
            }
        }
    }

    void attend(ActiveStage& stage) {
        auto& run = *stage.builder->running();
        const bool ended = run.reap();
        // After the end everything that was written is in the pipe: read until nothing comes.
        for (auto text = run.read_output(); !text.empty(); text = run.read_output()) {
            stage.tail.add(text);
            job_.tell({BuildEvent::Kind::output, run.request().step, run.request().name, std::move(text), 0});
        }
        if (!ended) {
            return;
        }
        try {
            stage.builder->run_finished();
        } catch (StepFailed& failed) {
            failed.last_output = stage.tail.lines();
            job_.tell({BuildEvent::Kind::failed, run.request().step, failed.step, failed.what(), run.seconds()});
            if (job_.request.shell_on_error) {
                enter(*stage.builder, run.request());
            }
            throw;
        }
        stage.tail = {};
    }

    /// What the build ends with is the step's failure, also where there is no shell to look at it with.
    void enter(StageBuilder& stage, const RunRequest& request) const {
        try {
            stage.enter_failed();
        } catch (const Error& error) {
            job_.tell({BuildEvent::Kind::output, request.step, request.name,
                       fmt::format("no shell in what the step left: {}\n", error.what()), 0});
        }
    }

    void check_cancelled(int timeout_ms) const {
        if (job_.request.cancel_fd < 0) {
            return;
        }
        pollfd cancelled{job_.request.cancel_fd, POLLIN, 0};
        if (::poll(&cancelled, 1, timeout_ms) > 0) {
            throw Error(Errc::conflict, "the build was cancelled");
        }
    }

    Job& job_;
    std::vector<ActiveStage> stages_;
};

/// The image that a FROM which is no stage names.
std::string image_of(const Stage& stage, const BuildRequest& request) {
    const auto named = request.contexts.find(stage.base);
    return named == request.contexts.end() ? stage.base : named->second.image;
}

FindBaseConfig config_in(const image::ImageStore& store, const BuildRequest& request) {
    return [&](const Stage& stage) -> std::optional<image::ImageConfig> {
        try {
            const auto found = store.find(image_of(stage, request));
            return found ? std::optional{found->config} : std::nullopt;
        } catch (const Error&) {
            return std::nullopt;  // no name at all, or of several: told where the image is needed
        }
    };
}

/// Config-only steps have no layer whose time they could take; a build that gives the same image as before gets the
/// time of then, so that its id stays.
std::int64_t image_time(Job& job, const image::ImageConfig& config, std::int64_t newest_layer) {
    if (job.request.source_date_epoch) {
        return *job.request.source_date_epoch;
    }
    const auto key = sha256_hex("image\n" + image::write_config(config));
    if (const auto known = job.cache.find(key)) {
        return known->created_unix;
    }
    const auto now = std::max(newest_layer, job.now_unix());
    job.cache.put(key, {{}, {}, now}, "image");
    return now;
}

std::string export_image(Job& job, const StageState& state) {
    auto config = state.config;
    for (const auto& [name, value] : job.request.labels) {
        config.labels[name] = value;
    }
    config.created.clear();
    const auto created = image::format_rfc3339(image_time(job, config, state.created_unix));
    config.created = created;
    for (auto& entry : config.history) {
        if (entry.created.empty()) {
            entry.created = created;
        }
    }
    auto id = job.request.inline_cache ? job.store.put_image(config_with_cache(config, state), std::nullopt)
                                       : job.store.put_image(config, std::nullopt);
    image::set_annotations(job.store, id, job.request.annotations);
    if (job.request.classic) {
        job.tell({BuildEvent::Kind::became, 0, {}, id, 0});
    }
    job.tell({BuildEvent::Kind::exported, 0, {}, id, 0});
    for (const auto& tag : job.request.tags) {
        const auto reference = image::parse_reference(tag).with_default_tag();
        job.store.tag(id, reference);
        job.tell({BuildEvent::Kind::named, 0, {}, reference.familiar(), 0});
    }
    return id;
}

/// An image for each stage that is wanted, the result's first; they are there together, so that one archive can have
/// all.
void export_cache(Job& job, const std::vector<size_t>& order) {
    if (!job.request.export_cache) {
        return;
    }
    Strings ids;
    for (size_t i = order.size(); i-- > 0 && (ids.empty() || job.request.cache_all_stages);) {
        const auto& state = *job.finished(order[i]);
        auto config = state.config;
        config.created.clear();
        ids.push_back(job.store.put_image(config_with_cache(config, state), std::nullopt));
    }
    std::ranges::for_each(ids, job.request.export_cache);
    for (const auto& id : ids) {
        job.store.remove(id, {.force = true});
    }
}

}  // namespace

std::string build_image(const Paths& paths, const BuildRequest& request, const BuildSink& sink) {
    for (const auto& tag : request.tags) {
        (void)image::parse_reference(tag);  // a bad name is told before the work, not after
    }
    const auto file = parse_dockerfile(request.dockerfile, request.dockerfile_name);
    const auto staged = make_stages(file, request);
    const auto order = needed_stages(staged, request.target);
    Job job{paths, request, staged, sink};
    size_t instructions = order.size();
    for (const auto index : order) {
        instructions += staged.stages[index].steps.size();
    }
    job.set_instructions(static_cast<int>(instructions));
    job.set_target(order.back());
    sweep_killed_builds(paths, job.database);
    const auto hold = job.store.hold();
    const auto checks = read_lint_options(file, request);
    if (checks.error) {
        enforce(checks, lint(staged, order, request, checks, [&](const Stage& stage) {
                    return std::optional{job.image(image_of(stage, request), stage.platform, stage.from.pos).config};
                }));
    }
    const auto tell_warnings = [&] {
        auto warnings = lint(staged, order, request, checks, config_in(job.store, request));
        if (!warnings.empty()) {
            job.tell({BuildEvent::Kind::checked, 0, {}, {}, 0, {}, std::move(warnings)});
        }
    };
    try {
        Scheduler{job, order}.run();
        job.save_digests();
        auto id = export_image(job, *job.finished(order.back()));
        export_cache(job, order);
        tell_warnings();
        return id;
    } catch (const Error&) {
        tell_warnings();
        throw;
    }
}

CheckedFile check_build(const Paths& paths, const BuildRequest& request) {
    CheckedFile checked{parse_dockerfile(request.dockerfile, request.dockerfile_name), {}};
    const auto staged = make_stages(checked.file, request);
    std::vector<size_t> stages(staged.stages.size());
    std::iota(stages.begin(), stages.end(), size_t{0});
    if (!request.target.empty()) {
        stages = needed_stages(staged, request.target);
    }
    const image::ImageStore store{paths};
    checked.warnings =
        lint(staged, stages, request, read_lint_options(checked.file, request), config_in(store, request));
    return checked;
}

std::int64_t prune_build_cache(const Paths& paths, std::int64_t unused_for_seconds) {
    const Database database{paths.database()};
    sweep_killed_builds(paths, database);
    image::ImageStore store{paths};
    const BuildCache cache{database};
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    WebCache{paths.build_cache() / "web"}.prune(now - unused_for_seconds);
    std::int64_t forgotten = 0;
    for (const auto& key : cache.unused_since(now - unused_for_seconds)) {
        store.unpin_layers(BuildCache::pin_of(key));
        cache.forget(key);
        ++forgotten;
    }
    return forgotten;
}

}  // namespace stack::build
