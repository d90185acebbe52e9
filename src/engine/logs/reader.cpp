#include "engine/logs/reader.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <queue>

#include <sys/inotify.h>
#include <unistd.h>

#include "engine/logs/source.hpp"
#include "support/error.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::engine::logs {

class Reader::Impl {
public:
    Impl(std::vector<std::filesystem::path> folders, ReadOptions options) : options_{options} {
        for (auto& folder : folders) {
            add(std::move(folder));
        }
    }

    size_t add(std::filesystem::path folder) {
        sources_.emplace_back(std::move(folder), sources_.size(), options_);
        if (inotify_) {
            watch_new();
        }
        return sources_.size() - 1;
    }

    bool read(const Sink& sink, bool flush) {
        if (inotify_) {
            watch_new();  // before we look: what is written from now on wakes
        }
        if (options_.tail && !options_.raw && tailed_ < sources_.size()) {
            if (!read_tail(sink, flush)) {
                return false;
            }
        }
        // The sources' next pieces, lowest number first.
        using Head = std::pair<std::uint64_t, size_t>;
        std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
        for (size_t i = 0; i < sources_.size(); ++i) {
            if (const auto sequence = sources_[i].next_sequence()) {
                heads.emplace(*sequence, i);
            }
        }
        while (!heads.empty()) {
            const size_t i = heads.top().second;
            heads.pop();
            if (!sources_[i].read_record(sink)) {
                return false;
            }
            if (const auto sequence = sources_[i].next_sequence()) {
                heads.emplace(*sequence, i);
            }
        }
        return !flush ||
               std::all_of(sources_.begin(), sources_.end(), [&](Source& source) { return source.flush(sink); });
    }

    int watch_fd() {
        if (!inotify_) {
            inotify_ = UniqueFd{check(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), [] { return "inotify_init1"; })};
            watch_new();
        }
        return inotify_.get();
    }

    void acknowledge() const {
        alignas(inotify_event) std::array<char, 16384> events;
        while (inotify_ && ::read(inotify_.get(), events.data(), events.size()) > 0) {
        }
    }

private:
    struct Kept {
        Line line;
        std::string text;
    };

    /// The last lines of the sources that were not read yet, in true order.
    bool read_tail(const Sink& sink, bool flush) {
        std::vector<Kept> all;
        for (; tailed_ < sources_.size(); ++tailed_) {
            Source& source = sources_[tailed_];
            std::deque<Kept> last;
            const Sink keep = [&](const Line& line) {
                last.push_back({line, std::string{line.text}});
                if (last.size() > *options_.tail) {
                    last.pop_front();
                }
                return true;
            };
            source.seek_to_tail(*options_.tail);
            while (source.next_sequence()) {
                source.read_record(keep);
            }
            if (flush) {
                source.flush(keep);
            }
            std::move(last.begin(), last.end(), std::back_inserter(all));
        }
        std::stable_sort(all.begin(), all.end(),
                         [](const Kept& a, const Kept& b) { return a.line.sequence < b.line.sequence; });
        return std::all_of(all.begin(), all.end(), [&](Kept& kept) {
            kept.line.text = kept.text;
            return sink(kept.line);
        });
    }

    /// A log's folder is made by the container's first start: where there is none yet, the next read looks again.
    void watch_new() {
        watched_.resize(sources_.size(), false);
        for (size_t i = 0; i < sources_.size(); ++i) {
            watched_[i] = watched_[i] || watch(sources_[i]);
        }
    }

    bool watch(const Source& source) const {
        return ::inotify_add_watch(inotify_.get(), source.folder().c_str(),
                                   IN_MODIFY | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF | IN_ONLYDIR) >= 0;
    }

    ReadOptions options_;
    std::deque<Source> sources_;
    std::vector<bool> watched_;  ///< by source
    size_t tailed_{0};
    UniqueFd inotify_;
};

Reader::Reader(std::vector<std::filesystem::path> log_folders, ReadOptions options)
    : impl_{std::make_unique<Impl>(std::move(log_folders), options)} {}
Reader::Reader(Reader&&) noexcept = default;
Reader::~Reader() = default;

bool Reader::read(const Sink& sink, bool flush) {
    return impl_->read(sink, flush);
}

int Reader::watch_fd() {
    return impl_->watch_fd();
}

void Reader::acknowledge() {
    impl_->acknowledge();
}

size_t Reader::add(const std::filesystem::path& log_folder) {
    return impl_->add(log_folder);
}

}  // namespace stack::engine::logs
