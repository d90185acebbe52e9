// RUN: looked up in the cache, or started as a container.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/builder.hpp"
#include "build/run_mounts.hpp"
#include "build/stage_builder.hpp"
#include "support/digest.hpp"
#include "support/kernel/syscalls.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

/// Known without an ARG line, and never part of a key (Dockerfile reference, "Predefined ARGs").
constexpr std::array proxy_args{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY",
                                "ftp_proxy",  "NO_PROXY",   "no_proxy",    "ALL_PROXY",   "all_proxy"};

void check_run_flags(const Instruction& run) {
    for (const auto& flag : run.flags) {
        if (flag.name != "mount" && flag.name != "network" && flag.name != "security") {
            throw Error(Errc::invalid_input, fmt::format("RUN has no flag --{}", flag.name))
                .hint("it has --mount, --network and --security");
        }
    }
}

/// A Dockerfile of somebody else does not take the host's network by itself.
void check_network(const std::string& network, const BuildRequest& build) {
    if (network == "host" && build.network != "host" &&
        std::ranges::find(build.entitlements, "network.host") == build.entitlements.end()) {
        throw Error(Errc::permission, "RUN --network=host was not allowed for this build")
            .hint("pass --allow network.host or --network host, or write 'entitlements: [network.host]' below 'build'");
    }
}

/// A here-document's content as the shell gets it, when it stands alone: `RUN <<EOF`.
bool is_only_heredoc(const Instruction& run) {
    return run.heredocs.size() == 1 && trim(run.text).starts_with("<<") &&
           trim(run.text).find_first_of(" \t") == std::string_view::npos;
}

std::string text_with_heredocs(const Instruction& run) {
    std::string text = run.text;
    for (const auto& heredoc : run.heredocs) {
        text += "\n" + heredoc.content + heredoc.name;
    }
    return text;
}

}  // namespace

/// The command as the kernel gets it. A script with `#!` comes as a file laid into the container.
std::vector<std::string> StageBuilder::run_command(const Instruction& run,
                                                   std::optional<RunRequest::Script>& script) const {
    if (run.heredocs.empty()) {
        return command_line(run);
    }
    auto words = state_.shell();
    if (!is_only_heredoc(run)) {
        words.push_back(text_with_heredocs(run));
        return words;
    }
    const auto& heredoc = run.heredocs.front();
    if (!heredoc.content.starts_with("#!")) {
        words.push_back(heredoc.content);
        return words;
    }
    script = {"/dev/pipes/" + heredoc.name, heredoc.content};
    return {"/dev/pipes/" + heredoc.name};
}

StageBuilder::Progress StageBuilder::run_step_(const Instruction& run) {
    check_run_flags(run);
    const auto expand = state_.expander(job_.staged.file->directives.escape);
    const auto mounts = read_run_mounts(run, &expand);
    RunRequest request;
    std::string mounts_key;
    if (!add_mounts(run, mounts, request, mounts_key)) {
        return Progress::waiting;
    }
    request.args = run_command(run, request.script);
    request.environment = state_.arg_environment();
    request.network = flag_value(run, "network").value_or(job_.request.network);
    check_network(request.network, job_.request);
    const auto security = flag_value(run, "security").value_or("sandbox");
    if (security != "sandbox" && security != "insecure") {
        throw Error(Errc::invalid_input, fmt::format("--security is sandbox or insecure, not '{}'", security));
    }
    const auto& allowed = job_.request.entitlements;
    if (security == "insecure" && !job_.request.privileged &&
        std::ranges::find(allowed, "security.insecure") == allowed.end()) {
        throw Error(Errc::permission, "RUN --security=insecure was not allowed for this build")
            .hint("pass --allow security.insecure, or write 'entitlements: [security.insecure]' below 'build'");
    }
    request.privileged = job_.request.privileged || security == "insecure";

    std::string described = fmt::format("RUN\n{}\n{}\n{}\n{}\n{}\n{}\n", state_.chain_id, state_.config.user,
                                        state_.working_dir(), request.network, request.privileged, mounts_key);
    for (const auto& word : request.args) {
        described += fmt::format("arg {} {}\n", word.size(), word);
    }
    if (request.script) {
        described += request.script->content;
    }
    if (job_.request.classic) {
        for (const auto& volume : state_.config.volumes) {
            described += fmt::format("discards {}\n", volume);
        }
    }
    for (const auto& line : state_.config.env) {
        described += fmt::format("env {} {}\n", line.size(), line);
    }
    std::string arg_words;
    for (const auto& line : request.environment) {
        described += fmt::format("env {} {}\n", line.size(), line);
        arg_words += line + " ";
    }
    for (const auto* proxy : proxy_args) {
        const auto given = job_.request.args.find(proxy);
        if (given != job_.request.args.end() && given->second && !state_.env(proxy) && !state_.arg(proxy)) {
            request.environment.push_back(fmt::format("{}={}", proxy, *given->second));
        }
    }

    ++number_;
    run_key_ = sha256_hex(described);
    run_created_by_ =
        fmt::format("RUN {}{} # buildkit",
                    arg_words.empty() ? "" : fmt::format("|{} {}", state_.arg_environment().size(), arg_words),
                    join(request.args, " "));
    request.name = step_name(instruction_line(run));
    for (const auto& mount : mounts) {
        std::ranges::copy(job_.steps_of(mount.from, stage_.index), std::back_inserter(reads_));
    }
    if (use_cached(run_key_, request.name, run_created_by_)) {
        return Progress::advanced;
    }
    request.step = begin_step(BuildEvent::Kind::started, request.name);
    run_instruction_ = &run;
    const auto name = request.name;
    try {
        run_ =
            std::make_unique<RunStep>(job_.paths, job_.database, job_.store, job_.request, state_, std::move(request));
    } catch (StepFailed& failed) {
        failed.step = name;
        job_.tell({BuildEvent::Kind::failed, state_.step, name, failed.what(), 0});
        fail(failed);
    }
    return Progress::running;
}

void StageBuilder::run_finished() {
    const int code = run_->exit_code();
    const auto& request = run_->request();
    if (code != 0) {
        StepFailed failed{fmt::format("'RUN {}' ended with exit code {}", abbreviate(run_instruction_->text, 60), code),
                          code};
        failed.step = request.name;
        fail(failed);
    }
    keep_layer(run_key_, run_->take_layer(), request.name, run_created_by_);
    job_.tell({BuildEvent::Kind::finished, request.step, request.name, {}, run_->seconds()});
    run_.reset();
    ++next_;
    tell_became();
}

void StageBuilder::enter_failed() {
    StageState left = state_;
    left.layers.push_back(run_->take_layer());
    // Trees bound with `rw` and locked caches stay with running(), which outlives the shell.
    const auto& failed = run_->request();
    RunRequest request;
    request.name = failed.name;
    request.args = {state_.shell().front()};
    request.environment = failed.environment;
    request.mount_environment = failed.mount_environment;
    request.mounts = failed.mounts;
    request.files = failed.files;
    request.network = failed.network;
    request.privileged = failed.privileged;
    request.interactive = true;
    RunStep shell{job_.paths, job_.database, job_.store, job_.request, left, std::move(request)};
    pollfd ended{shell.pidfd(), POLLIN, 0};
    while (!shell.reap()) {
        (void)::poll(&ended, 1, -1);
    }
}

/// Gives a failed step what people need to see, and throws it.
void StageBuilder::fail(StepFailed& failed) const {
    const auto& run = *run_instruction_;
    failed.excerpt = dockerfile_excerpt(job_.staged.file->lines, run.pos.line, run.last_line);
    // Chaining at() would slice the type away.
    auto placed = failed;
    static_cast<Error&>(placed) = Error{failed}.at(run.pos);
    throw placed;
}

}  // namespace stack::build
