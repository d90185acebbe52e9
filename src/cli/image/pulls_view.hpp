#pragma once

#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "image/progress.hpp"

namespace stack::cli {

/// Draws the pulls of several images at a time on standard error: on a terminal a block with a line per image that is
/// painted over, elsewhere one line when a pull begins and one when it ends. May be called from several threads.
class PullsView {
public:
    PullsView(const Context& context, bool quiet, std::string title);
    PullsView(const PullsView&) = delete;
    PullsView& operator=(const PullsView&) = delete;

    void begin(const std::string& name);
    void show(const std::string& name, const image::Progress& event);
    /// `word` says how it ended: "Pulled", "Up to date", "Error".
    void end(const std::string& name, const std::string& word, const std::string& detail = {});

private:
    struct Line {
        std::string word;
        bool over{false};
        std::map<std::string, std::pair<std::int64_t, std::int64_t>> layers;  ///< bytes there, of how many
    };
    void plain(const std::string& name, const std::string& word, const std::string& detail) const;
    void paint();

    ProgressStyle style_;
    std::string title_;  ///< behind "[+]"; "Pulling"
    std::mutex mutex_;
    std::vector<std::string> order_;
    std::map<std::string, Line> lines_;
    size_t painted_{0};
};

/// Carries out `transfer` for all `names`, several at a time (at most `context.parallel`), and draws them. `transfer`
/// is called from several threads and returns the word that it ended with. The answers, null where it went well, are in
/// the order of the names. All threads are gone when it returns.
std::vector<std::exception_ptr> transfer_all(
    const Context& context, const std::vector<std::string>& names, bool quiet, const std::string& title,
    const std::function<std::string(size_t index, const image::ProgressSink& progress)>& transfer);

}  // namespace stack::cli
