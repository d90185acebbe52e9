#include "cli/image/pulls_view.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "support/byte_size.hpp"
#include "support/error.hpp"

namespace stack::cli {
namespace {

constexpr size_t most_transfers = 6;  // at a time; each moves several layers

ProgressStyle settle(const Context& context, bool quiet) {
    if (quiet) {
        return ProgressStyle::quiet;
    }
    if (context.progress != ProgressStyle::automatic) {
        return context.progress;
    }
    return ::isatty(STDERR_FILENO) == 1 ? ProgressStyle::tty : ProgressStyle::plain;
}

}  // namespace

PullsView::PullsView(const Context& context, bool quiet, std::string title)
    : style_{settle(context, quiet)}, title_{std::move(title)} {}

void PullsView::plain(const std::string& name, const std::string& word, const std::string& detail) const {
    if (style_ == ProgressStyle::json) {
        nlohmann::json object{{"id", "Image " + name}, {"status", word}};
        if (!detail.empty()) {
            object["text"] = detail;
        }
        fmt::print(stderr, "{}\n", object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    } else if (style_ == ProgressStyle::plain) {
        fmt::print(stderr, " Image {}  {}{}{}\n", name, word, detail.empty() ? "" : "  ", detail);
    }
    std::fflush(stderr);
}

void PullsView::begin(const std::string& name) {
    const std::lock_guard lock{mutex_};
    if (style_ != ProgressStyle::tty) {
        plain(name, title_, "");
        return;
    }
    if (lines_.try_emplace(name).second) {
        order_.push_back(name);
    }
    lines_[name].word = title_;
    paint();
}

void PullsView::show(const std::string& name, const image::Progress& event) {
    const std::lock_guard lock{mutex_};
    const auto line = lines_.find(name);
    if (event.kind == image::Progress::Kind::notice) {
        if (style_ != ProgressStyle::tty) {
            plain(name, event.text, "");
        } else if (line != lines_.end()) {
            line->second.word = event.text;
            paint();
        }
        return;
    }
    if (style_ != ProgressStyle::tty || line == lines_.end() || event.id.empty()) {
        return;
    }
    line->second.word = title_;
    auto& layer = line->second.layers[event.id];
    if (event.total > 0) {
        layer = {event.current, event.total};
    } else if (event.kind == image::Progress::Kind::done) {
        layer.first = layer.second;
    }
    paint();
}

void PullsView::end(const std::string& name, const std::string& word, const std::string& detail) {
    const std::lock_guard lock{mutex_};
    if (style_ != ProgressStyle::tty) {
        plain(name, word, detail);
        return;
    }
    auto& line = lines_[name];
    line.over = true;
    line.word = detail.empty() ? word : word + "  " + detail;
    paint();
}

// Back to the first of our lines, then all of them anew (ECMA-48: cursor up, erase to the end of the line).
void PullsView::paint() {
    const auto columns = static_cast<size_t>(std::max(terminal_size(STDERR_FILENO).columns, 20));
    const auto over = std::ranges::count_if(lines_, [](const auto& line) { return line.second.over; });
    std::string out = painted_ > 0 ? fmt::format("\x1b[{}A", painted_) : "";
    out += fmt::format("[+] {} {}/{}\x1b[K\n", title_, over, order_.size());
    for (const std::string& name : order_) {
        const Line& line = lines_.at(name);
        std::int64_t there = 0;
        std::int64_t all = 0;
        for (const auto& [id, bytes] : line.layers) {
            there += bytes.first;
            all += bytes.second;
        }
        const std::string amount = line.over || all == 0 ? ""
                                                         : fmt::format("  {}/{}", format_decimal_size(Bytes{there}),
                                                                       format_decimal_size(Bytes{all}));
        out += fmt::format("{}\x1b[K\n", fit(fmt::format(" Image {}  {}{}", name, line.word, amount), columns - 1));
    }
    painted_ = order_.size() + 1;
    std::fwrite(out.data(), 1, out.size(), stderr);
    std::fflush(stderr);
}

std::vector<std::exception_ptr> transfer_all(
    const Context& context, const std::vector<std::string>& names, bool quiet, const std::string& title,
    const std::function<std::string(size_t index, const image::ProgressSink& progress)>& transfer) {
    PullsView view{context, quiet, title};
    std::vector<std::exception_ptr> failures(names.size());
    const auto one = [&](size_t index) {
        const std::string& name = names[index];
        view.begin(name);
        try {
            view.end(name, transfer(index, [&](const image::Progress& event) { view.show(name, event); }));
        } catch (const Error& error) {
            failures[index] = std::current_exception();
            view.end(name, "Error", error.what());
        } catch (...) {
            failures[index] = std::current_exception();
            view.end(name, "Error");
        }
    };
    const size_t limit =
        std::min(context.parallel > 0 ? static_cast<size_t>(context.parallel) : most_transfers, names.size());
    std::atomic<size_t> next{0};
    std::vector<std::jthread> threads;
    threads.reserve(limit);
    for (size_t i = 0; i < limit; ++i) {
        threads.emplace_back([&] {
            for (size_t mine = next++; mine < names.size(); mine = next++) {
                one(mine);
            }
        });
    }
    threads.clear();  // waits for all
    return failures;
}

}  // namespace stack::cli
