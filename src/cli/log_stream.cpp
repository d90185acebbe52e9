#include "cli/log_stream.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "cli/container_text.hpp"
#include "cli/state_view.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "desired/json.hpp"
#include "engine/client.hpp"

namespace stack::cli {

using engine::ContainerRow;

std::string_view log_colour(size_t n) {
    static constexpr std::string_view colours[] = {"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"};
    return colours[n % std::size(colours)];
}

LogStream::LogStream(const Context& context, std::string project, Wanted wanted, engine::logs::ReadOptions options,
                     LogStyle style)
    : context_{context}, project_{std::move(project)}, wanted_{std::move(wanted)}, style_{style}, reader_{{}, options} {
    refresh();
}

/// A process may be gone for a moment before its supervisor has written down how it ended: waits for that. One that
/// may be restarted is not waited for, since its next end may be far away.
ContainerRow LogStream::settled(const ContainerRow& row) const {
    const auto spec = desired::container_spec_from_json(row.spec_json);
    if (!row.vanished || spec.restart.condition != desired::RestartPolicy::Condition::no) {
        return row;
    }
    if (engine::supervisor_is_running(context_.paths, project_)) {
        engine::SupervisorClient{context_.paths, project_}.wait(row.id, engine::SupervisorClient::WaitFor::not_running);
    }
    // Read anew also when it is not there: with its last container it leaves, and writes the end down before.
    return StateView{context_.paths}.find(row.id).value_or(row);
}

void LogStream::refresh(const Ended& ended) {
    any_up_ = false;
    for (const ContainerRow& seen : StateView{context_.paths}.of_project(project_)) {
        if (!wanted_(seen)) {
            continue;
        }
        ContainerRow row = seen.vanished ? settled(seen) : seen;
        if (row.vanished && engine::supervisor_is_running(context_.paths, project_)) {
            row.vanished = false;  // how it ended is about to be written down, and we shall be told
        }
        if (known_.insert(row.id).second) {
            reader_.add(context_.paths.container(row.id) / "logs");
            names_.push_back(log_name(row));
            name_width_ = std::max(name_width_, display_width(names_.back()));
        }
        any_up_ |= row.is_up();
        const auto was_up = last_start_.find(row.id);
        const bool known_up = was_up != last_start_.end();
        // It ended and was started again between two looks.
        const bool restarted = known_up && row.is_up() && row.started_ns != was_up->second;
        // It ended; perhaps before anybody looked for the first time.
        const bool over = !row.is_up() && row.status != engine::ContainerStatus::created && row.started_ns > 0;
        const bool ended_now =
            over && (known_up || row.started_ns >= tell_since_ns_) && told_[row.id] != row.started_ns;
        if (ended && (restarted || ended_now)) {
            told_[row.id] = ended_now ? row.started_ns : was_up->second;
            ended(row);
        }
        if (row.is_up()) {
            last_start_[row.id] = row.started_ns;
        } else {
            last_start_.erase(row.id);
        }
    }
    prefixes_.clear();
    for (size_t source = 0; source < names_.size(); ++source) {
        const std::string name = pad(names_[source], name_width_) + "  |";
        prefixes_.push_back(paint(name, log_colour(source), style_.colours) + " ");
    }
}

void LogStream::print(const engine::logs::Line& line) {
    constexpr size_t enough = size_t{64} << 10U;
    if (style_.prefix) {
        out_ += prefixes_.at(line.source);
    }
    if (style_.timestamps) {
        out_ += rfc3339(line.time_ns) + " ";
    }
    out_.append(line.text);
    out_ += '\n';
    if (out_.size() >= enough) {
        write_out();
    }
}

void LogStream::write_out() {
    std::fwrite(out_.data(), 1, out_.size(), stdout);
    out_.clear();
}

void LogStream::pump(bool flush) {
    try {
        reader_.read(
            [this](const engine::logs::Line& line) {
                print(line);
                return true;
            },
            flush);
    } catch (...) {
        write_out();  // what was read before counts
        throw;
    }
    write_out();
    std::fflush(stdout);
}

int LogStream::watch_fd() {
    return reader_.watch_fd();
}
void LogStream::acknowledge() {
    reader_.acknowledge();
}

}  // namespace stack::cli
