#include "cli/progress.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "cli/table.hpp"
#include "cli/terminal.hpp"

namespace stack::cli {

using engine::Event;
using engine::Progress;
using engine::Subject;

namespace {

std::string name_of(Subject subject) {
    switch (subject) {
        case Subject::project:
            return "Project";
        case Subject::network:
            return "Network";
        case Subject::volume:
            return "Volume";
        case Subject::image:
            return "Image";
        case Subject::service:
            return "Service";
        case Subject::container:
            return "Container";
    }
    return {};
}

ProgressStyle settle(ProgressStyle wish, Colours colours) {
    if (wish != ProgressStyle::automatic) {
        return wish;
    }
    return isatty(STDERR_FILENO) == 1 && colours != Colours::never ? ProgressStyle::tty : ProgressStyle::plain;
}

bool went_wrong(Progress progress) {
    return progress == Progress::error || progress == Progress::unhealthy;
}

void json_line(const Event& event, const std::string& what) {
    nlohmann::ordered_json line{{"id", what}, {"status", to_string(event.progress)}};
    if (!event.detail.empty()) {
        line["text"] = event.detail;
    }
    fmt::print(stderr, "{}\n", line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

ProgressView::ProgressView(const Context& context, std::string title)
    : style_{settle(context.progress, context.colours)},
      colours_{colours_on(STDERR_FILENO, context.colours)},
      verbose_{context.verbose},
      title_{std::move(title)} {}

ProgressView::~ProgressView() {
    try {
        finish();
    } catch (const std::exception&) {
        finished_ = true;  // nothing can be shown any more, and nobody is told twice
    }
}

void ProgressView::update(Line& line, Progress progress, const std::string& detail) {
    line.progress = progress;
    line.detail = detail;
    line.end = std::chrono::steady_clock::now();
}

void ProgressView::plain_line(const Event& event, const std::string& what) const {
    if (style_ == ProgressStyle::json) {
        json_line(event, what);
    } else if (event.progress == Progress::warning) {
        fmt::print(stderr, "{} {}\n", paint("warning:", "1;33", colours_), event.detail);
    } else if (style_ != ProgressStyle::quiet) {
        fmt::print(stderr, " {}  {}{}{}\n", what, to_string(event.progress), event.detail.empty() ? "" : "  ",
                   event.detail);
    }
}

void ProgressView::show(const Event& event) {
    const std::string what = name_of(event.subject) + " " + event.name;
    const Progress before = std::exchange(last_[what], event.progress);
    if (before == Progress::stopping && event.progress == Progress::exited) {
        return;  // that a container ends which is being stopped is no news of its own
    }
    if (!live()) {
        plain_line(event, what);
        return;
    }
    if (event.progress == Progress::warning) {
        warnings_.push_back(event.detail);
        return;
    }
    const auto [place, fresh] = index_.try_emplace(what, lines_.size());
    if (fresh) {
        lines_.push_back({.what = what, .begin = std::chrono::steady_clock::now()});
    }
    update(lines_[place->second], event.progress, event.detail);
    paint_block();
}

void ProgressView::show(const std::string& what, Progress progress, const std::string& detail) {
    const size_t blank = what.find(' ');
    Event event;
    event.subject = what.starts_with("Image ") ? Subject::image : Subject::service;
    event.name = what.substr(blank + 1);
    event.progress = progress;
    event.detail = detail;
    show(event);
}

void ProgressView::tick() {
    if (live() && !lines_.empty()) {
        ++turn_;
        paint_block();
    }
}

void ProgressView::paint_block() {
    static constexpr const char* spinner[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    const TerminalSize size = terminal_size(STDERR_FILENO);
    const auto now = std::chrono::steady_clock::now();
    const auto done =
        std::count_if(lines_.begin(), lines_.end(), [](const Line& l) { return !is_working(l.progress); });
    size_t width = 0;
    for (const Line& line : lines_) {
        width = std::max(width, display_width(line.what));
    }
    std::string out = painted_rows_ > 0 ? fmt::format("\x1b[{}A", painted_rows_) : std::string{};
    out += fmt::format("[+] {} {}/{}\x1b[K\n", title_, done, lines_.size());
    // What does not fit on the screen cannot be painted over: the last lines are shown.
    const size_t most = static_cast<size_t>(std::max(size.rows - 2, 1));
    const size_t first = finished_ || lines_.size() <= most ? 0 : lines_.size() - most;
    for (size_t i = first; i < lines_.size(); ++i) {
        const Line& line = lines_[i];
        const bool working = is_working(line.progress);
        const std::string mark = working                     ? paint(spinner[turn_ % 10], "36", colours_)
                                 : went_wrong(line.progress) ? paint("✘", "31", colours_)
                                                             : paint("✔", "32", colours_);
        const double took = std::chrono::duration<double>((working ? now : line.end) - line.begin).count();
        const std::string word =
            fmt::format("{}{}{}", to_string(line.progress), line.detail.empty() ? "" : " ", line.detail);
        const std::string text = fit(fmt::format("{}  {}", pad(line.what, width), pad(word, 12)),
                                     static_cast<size_t>(std::max(size.columns - 12, 20)));
        out += fmt::format(" {} {} {:.1f}s\x1b[K\n", mark, text, took);
    }
    painted_rows_ = static_cast<int>(lines_.size() - first) + 1;
    std::fwrite(out.data(), 1, out.size(), stderr);
    std::fflush(stderr);
}

void ProgressView::finish() {
    if (finished_) {
        return;
    }
    finished_ = true;
    if (live() && !lines_.empty()) {
        paint_block();
    }
    for (const std::string& warning : warnings_) {
        fmt::print(stderr, "{} {}\n", paint("warning:", "1;33", colours_), warning);
    }
}

}  // namespace stack::cli
