#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "engine/events.hpp"

namespace stack::cli {

/// Draws the events of one operation on standard error. On a terminal a block that is painted over and over, one line
/// per thing, with how long it took; elsewhere one line per event:
///
///     [+] Running 2/3                                     Network blog_default  Created
///      ✔ Network blog_default    Created     0.0s          Container blog-db-1  Starting
///      ✔ Container blog-db-1     Started     0.2s          Container blog-db-1  Started
///      ⠹ Container blog-web-1    Starting    0.1s
class ProgressView {
public:
    /// `title` is the word behind "[+]": "Running", "Stopping".
    ProgressView(const Context& context, std::string title);
    ProgressView(const ProgressView&) = delete;
    ProgressView& operator=(const ProgressView&) = delete;
    /// Leaves the last picture standing.
    ~ProgressView();

    void show(const engine::Event& event);
    /// Something that is not an event of the engine: "Image busybox", "Building". Empty `detail` adds nothing.
    void show(const std::string& what, engine::Progress progress, const std::string& detail);
    /// Turns the spinner; to be called a few times a second while live().
    void tick();
    bool live() const noexcept { return style_ == ProgressStyle::tty; }
    /// Paints for the last time; what is printed afterwards stands below. Idempotent.
    void finish();

private:
    struct Line {
        std::string what;
        engine::Progress progress{};
        std::string detail;
        std::chrono::steady_clock::time_point begin, end;
    };
    void update(Line& line, engine::Progress progress, const std::string& detail);
    void paint_block();
    void plain_line(const engine::Event& event, const std::string& what) const;

    ProgressStyle style_;
    bool colours_{false};
    bool verbose_{false};
    std::string title_;
    std::vector<Line> lines_;
    std::map<std::string, size_t> index_;
    std::map<std::string, engine::Progress> last_;  ///< of each subject
    std::vector<std::string> warnings_;
    int painted_rows_{0};
    unsigned turn_{0};
    bool finished_{false};
};

}  // namespace stack::cli
