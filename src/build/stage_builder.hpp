#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "build/job.hpp"
#include "build/run_step.hpp"
#include "build/stage_state.hpp"
#include "build/stages.hpp"

namespace stack::build {

struct CopyRequest;
struct RunMount;
class StepFailed;

/// Takes one stage from its FROM to its end, one instruction at a call. Never blocks on a command: a RUN that is not
/// cached is started and handed out by running(), so that stages can run beside each other in one thread.
class StageBuilder {
public:
    StageBuilder(Job& job, const Stage& stage);
    /// Goes on from a state instead of FROM; no instruction makes a layer.
    StageBuilder(Job& job, const Stage& stage, StageState from);

    enum class Progress {
        advanced,  ///< call again
        running,   ///< a command runs: call run_finished() when running() is done
        waiting,   ///< another stage has to finish first
        finished
    };
    Progress advance();

    RunStep* running() const noexcept { return run_.get(); }
    /// Takes the outcome of running(). Throws StepFailed.
    void run_finished();
    /// After a StepFailed: a shell in what running() left, with its mounts, variables and network and this process's
    /// terminal. Throws StepFailed if the image has no shell.
    void enter_failed();

private:
    using Handler = Progress (StageBuilder::*)(const Instruction&);
    static Handler handler_of(const std::string& keyword);

    Progress start_from();
    Progress dispatch(const Instruction& instruction);
    void append_triggers();
    void tell_instruction(const Instruction& instruction);
    void tell_became() const;
    /// Tells that a step begins (or was cached); its number.
    int begin_step(BuildEvent::Kind kind, const std::string& name);

    // One for each keyword; the table is in stage_builder.cpp.
    Progress add_(const Instruction&);
    Progress arg_(const Instruction&);
    Progress cmd_(const Instruction&);
    Progress copy_(const Instruction&);
    Progress entrypoint_(const Instruction&);
    Progress env_(const Instruction&);
    Progress expose_(const Instruction&);
    Progress healthcheck_(const Instruction&);
    Progress label_(const Instruction&);
    Progress maintainer_(const Instruction&);
    Progress onbuild_(const Instruction&);
    Progress run_step_(const Instruction&);
    Progress shell_(const Instruction&);
    Progress stopsignal_(const Instruction&);
    Progress user_(const Instruction&);
    Progress volume_(const Instruction&);
    Progress workdir_(const Instruction&);

    std::string step_name(const std::string& text);
    /// The instruction in one line, with its flags, or only those named.
    static std::string instruction_line(const Instruction& instruction, const std::set<std::string>& flags = {});
    std::vector<std::string> command_line(const Instruction& instruction) const;
    Progress configured(const Instruction& instruction);
    /// The layer for `key`: from the cache, or nothing.
    bool use_cached(const std::string& key, const std::string& name, const std::string& created_by);
    void take_layer(const std::string& key, const CachedStep& layer, const std::string& created_by);
    void keep_layer(const std::string& key, const std::filesystem::path& staged, const std::string& name,
                    const std::string& created_by);
    std::vector<std::string> run_command(const Instruction& run, std::optional<RunRequest::Script>& script) const;
    bool add_mounts(const Instruction& run, const std::vector<RunMount>& mounts, RunRequest& request, std::string& key);
    bool add_bind_mount(const Instruction& run, const RunMount& mount, RunRequest& request, std::string& key);
    void add_cache_mount(const RunMount& mount, RunRequest& request) const;
    void add_secret_mount(const RunMount& mount, RunRequest& request) const;
    void add_ssh_mount(const RunMount& mount, int number, RunRequest& request) const;
    [[noreturn]] void fail(StepFailed& failed) const;
    bool cache_allowed() const;
    /// Carries out a step that needs no command: `write(staged, staging)` fills the layer's folder.
    template <class Body>
    void make_layer(const std::string& key, const std::string& name, const std::string& created_by, Body&& write);
    std::filesystem::path new_layer_folder(const TempDir& place) const;
    /// What ADD and COPY name besides the context; lives until the layer is made.
    struct Fetched {
        std::vector<TempDir> folders;
        std::vector<std::unique_ptr<SourceTree>> trees;
        const SourceTree* inline_files{nullptr};  ///< here-documents
    };
    void add_source(const Instruction& instruction, const std::string& source, const SourceTree* from, Fetched& fetched,
                    CopyRequest& request);
    void add_fetched_file(const Instruction& instruction, const std::string& url, Fetched& fetched,
                          CopyRequest& request) const;
    void add_git_tree(const Instruction& instruction, const std::string& source, Fetched& fetched,
                      CopyRequest& request) const;
    /// The matches of ADD's source that are tars become the trees that are in them.
    void unpack_tars(Fetched& fetched, CopyRequest& request) const;
    std::filesystem::path write_heredocs(const Instruction& instruction, const std::filesystem::path& folder) const;
    Progress copy_or_reuse(const Instruction& instruction, const CopyRequest& request);

    Job& job_;
    const Stage& stage_;
    StageState state_;
    std::vector<Instruction> steps_;  ///< ONBUILD's triggers first
    size_t next_{0};
    bool started_{false};
    bool config_only_{false};
    const Instruction* told_{nullptr};
    std::vector<int> reads_;    ///< steps of other stages that the next one reads from
    int number_{0}, total_{0};  ///< "2/5" of a step's name
    std::unique_ptr<RunStep> run_;
    std::string run_key_, run_created_by_;
    const Instruction* run_instruction_{nullptr};
};

}  // namespace stack::build
