#include "cli/image/transfer_view.hpp"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.hpp"
#include "support/byte_size.hpp"

namespace stack::cli {
namespace {

constexpr int bar_width = 30;

std::string bar(const image::Progress& event) {
    const double part = event.total > 0 ? static_cast<double>(event.current) / static_cast<double>(event.total) : 0;
    const int filled = std::clamp(static_cast<int>(part * bar_width), 0, bar_width - 1);
    return fmt::format("[{}>{}] {}/{}", std::string(static_cast<size_t>(filled), '='),
                       std::string(static_cast<size_t>(bar_width - 1 - filled), ' '),
                       format_decimal_size(Bytes{event.current}), format_decimal_size(Bytes{event.total}));
}

std::string describe(const image::Progress& event) {
    switch (event.kind) {
        case image::Progress::Kind::waiting:
            return "Waiting";
        case image::Progress::Kind::downloading:
            return "Downloading " + bar(event);
        case image::Progress::Kind::unpacking:
            return "Extracting  " + bar(event);
        case image::Progress::Kind::uploading:
            return "Pushing     " + bar(event);
        case image::Progress::Kind::message:
        case image::Progress::Kind::notice:
        case image::Progress::Kind::output:
        case image::Progress::Kind::done:
            return event.text;
    }
    return event.text;
}

}  // namespace

TransferView::TransferView(const Context& context, std::FILE* out)
    : out_{out},
      live_{context.progress == ProgressStyle::tty ||
            (context.progress == ProgressStyle::automatic && ::isatty(::fileno(out)) == 1)} {}

void TransferView::show(const image::Progress& event) {
    const bool is_end = event.kind == image::Progress::Kind::done;
    if (event.kind == image::Progress::Kind::notice) {
        fmt::print(out_, "{}{}{}\n", painted_ > 0 ? fmt::format("\x1b[{}A", painted_) : "", event.text,
                   live_ ? "\x1b[K" : "");
        std::fflush(out_);
        painted_ = 0;
        if (live_) {
            paint();
        }
        return;
    }
    if (!live_) {
        if (is_end) {
            fmt::print(out_, "{}: {}\n", event.id, event.text);
            std::fflush(out_);
        }
        return;
    }
    if (event.id.empty()) {
        return;
    }
    auto line = std::find_if(lines_.begin(), lines_.end(), [&](const Line& known) { return known.id == event.id; });
    if (line == lines_.end()) {
        line = lines_.insert(lines_.end(), {event.id, ""});
    }
    line->text = describe(event);
    paint();
}

// Back to the first of our lines, then all of them anew (ECMA-48: cursor up, erase to the end of the line).
void TransferView::paint() {
    const auto columns = static_cast<size_t>(std::max(terminal_size(::fileno(out_)).columns, 20));
    std::string out = painted_ > 0 ? fmt::format("\x1b[{}A", painted_) : "";
    for (const Line& line : lines_) {
        out += fmt::format("{}\x1b[K\n", fmt::format("{}: {}", line.id, line.text).substr(0, columns - 1));
    }
    painted_ = lines_.size();
    fmt::print(out_, "{}", out);
    std::fflush(out_);
}

void TransferView::finish() {
    lines_.clear();
    painted_ = 0;
}

}  // namespace stack::cli
