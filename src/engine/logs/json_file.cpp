// Docker's json-file driver: https://docs.docker.com/engine/logging/drivers/json-file/
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/logs/targets.hpp"
#include "engine/logs/time_text.hpp"
#include "support/error.hpp"
#include "support/files.hpp"
#include "support/kernel/unique_fd.hpp"
#include "support/text.hpp"

namespace stack::engine::logs {
namespace {

using Json = nlohmann::json;

Json attributes(const DriverConfig& config, const Origin& origin) {
    Json found = extra_attributes(config.options, origin);
    if (const auto tag = config.options.find("tag"); tag != config.options.end()) {
        found["tag"] = render_tag(tag->second, origin);
    }
    return found.empty() ? Json{} : found;
}

class JsonFile final : public Target {
public:
    JsonFile(std::filesystem::path file, const DriverConfig& config, const Origin& origin)
        : file_{std::move(file)}, limits_{config.file_limits}, attributes_(attributes(config, origin)) {
        open();
    }

    Sent send(const Message& message) override {
        Json line{{"log", std::string{message.text} + (message.partial ? "" : "\n")},
                  {"stream", message.stream == Stream::err ? "stderr" : "stdout"},
                  {"time", rfc3339_nano(message.time_ns)}};
        if (!attributes_.is_null()) {
            line["attrs"] = attributes_;
        }
        const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
        const auto full = static_cast<std::int64_t>(size_ + pending_.size() + text.size());
        if (limits_.max_bytes > 0 && full > limits_.max_bytes && size_ + pending_.size() > 0) {
            if (!marked_) {
                return Sent::later;
            }
            rotate();
        }
        pending_ += text;
        marked_ = false;
        return Sent::yes;
    }

    void commit() override {
        if (!pending_.empty()) {
            write_all(fd_.get(), pending_, file_.string());
            size_ += pending_.size();
            pending_.clear();
        }
        marked_ = true;  // mark() is written down next
    }

    /// "<inode> <size>": whoever goes on cuts off what came after it.
    std::string mark() const override { return fmt::format("{} {}", inode_, size_); }
    bool wants_mark() const override { return !marked_; }

    void resume(const std::string& mark) override {
        const size_t blank = mark.find(' ');
        const auto inode = parse_uint(std::string_view{mark}.substr(0, blank));
        const auto size =
            blank == std::string::npos ? std::nullopt : parse_uint(std::string_view{mark}.substr(blank + 1));
        if (!inode || !size) {
            return;
        }
        if (inode_ != *inode) {
            // It was rotated after the mark: at most once, see wants_mark(). The files go back by one.
            struct stat older {};
            if (::stat(rotated(1).c_str(), &older) == 0 && older.st_ino == *inode) {
                std::filesystem::rename(rotated(1), file_);
                open();
            }
        }
        const std::uint64_t keep = inode_ == *inode ? std::min(*size, size_) : 0;
        check(::ftruncate(fd_.get(), static_cast<off_t>(keep)), [&] { return "cut off the end of " + file_.string(); });
        size_ = keep;
    }

private:
    std::filesystem::path rotated(int number) const { return file_.string() + "." + std::to_string(number); }

    void open() {
        fd_ = UniqueFd{check(::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640),
                             [&] { return "open " + file_.string(); })};
        struct stat status {};
        check(::fstat(fd_.get(), &status), [&] { return "look at " + file_.string(); });
        size_ = static_cast<std::uint64_t>(status.st_size);
        inode_ = status.st_ino;
    }

    void rotate() {
        // With one file its content goes; a new inode tells a worker that comes after us.
        const int last = limits_.max_files - 1;
        std::error_code ignored;
        if (last < 1) {
            std::filesystem::remove(file_, ignored);
        }
        for (int number = last; number > 0; --number) {
            const auto from = number == 1 ? file_ : rotated(number - 1);
            std::filesystem::rename(from, rotated(number), ignored);
        }
        open();
    }

    std::filesystem::path file_;
    Limits limits_;
    Json attributes_;
    UniqueFd fd_;
    std::string pending_;
    std::uint64_t size_{0}, inode_{0};
    bool marked_{true};
};

}  // namespace

std::unique_ptr<Target> open_json_file(const std::filesystem::path& file, const DriverConfig& config,
                                       const Origin& origin) {
    return std::make_unique<JsonFile>(file, config, origin);
}

}  // namespace stack::engine::logs
