#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/logs/reader.hpp"
#include "engine/logs/writer.hpp"

/// Where a container's log goes besides our own files. Every driver's output is taken into those first (they are what
/// `logs`, `attach` and `up` read, and what a dead worker goes on from) and handed on from there by a Forwarder:
///
///   local      nowhere else
///   json-file  Docker's files, <container>/<id>-json.log
///   syslog     a syslog server or /dev/log
///   journald   the journal of this machine
///   none       not even there: our files hold what somebody who is attached has not read yet
namespace stack::engine::logs {

enum class Driver { local, json_file, syslog, journald, none };
std::string_view to_string(Driver driver);

using Options = std::map<std::string, std::string>;

/// What `logging:` says, understood. Options are Docker's.
struct DriverConfig {
    Driver driver{Driver::local};
    Limits limits{.pack = true};  ///< of our own files; not packed where the options give a size or a number
    Limits file_limits;           ///< json-file's: Docker keeps one file (max-file) where max-size is given
    Options options;
};

/// Reads the name (empty: local, or json-file if an option is one of its own) and the options. Throws Errc::unsupported
/// for a driver that is not there, Errc::invalid_input for an option that the driver does not know or a value that
/// cannot be read.
DriverConfig parse_driver(const std::string& name, const Options& options);

/// Whom the lines come from: for tags and fields.
struct Origin {
    std::string id, name, image, image_id, command;
    std::map<std::string, std::string> labels, environment;
};

/// `tag` with {{.ID}}, {{.FullID}}, {{.Name}}, {{.ImageName}}, {{.ImageID}}, {{.ImageFullID}}, {{.Command}} and
/// {{.DaemonName}} filled in. Throws Errc::invalid_input for other words in braces.
std::string render_tag(const std::string& tag, const Origin& origin);
/// The labels and variables of the container that the options `labels`, `labels-regex`, `env` and `env-regex` name.
std::map<std::string, std::string> extra_attributes(const Options& options, const Origin& origin);

/// One line, or a part of a long one, on its way to a driver.
struct Message {
    Stream stream{Stream::out};
    std::int64_t time_ns{0};
    std::string_view text;  ///< without newline
    bool partial{false};    ///< the line goes on in the next message of this stream
};

/// The far end of a driver.
class Target {
public:
    Target() = default;
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;
    virtual ~Target() = default;

    enum class Sent { yes, later };
    /// `later`: it takes nothing just now, try again when fd() can be written (or, without one, after retry_delay()).
    /// Throws Error if the far end is gone; the message counts as not sent.
    virtual Sent send(const Message& message) = 0;
    /// Puts what send() collected where it belongs. Called before mark() is written down.
    virtual void commit() {}
    /// Becomes writable when more can be sent; -1: nothing to wait for.
    virtual int fd() const { return -1; }

    /// A word of the target's own that is kept together with how far the Forwarder came, and given back to it by a
    /// worker that goes on: what was written behind that mark was not counted and is to be undone if it can be.
    virtual std::string mark() const { return {}; }
    virtual void resume(const std::string& mark) { (void)mark; }
    /// True if it cannot go on (it would lose its way back) before the mark was written down.
    virtual bool wants_mark() const { return false; }
};

/// The target of the driver; null for local and none. `container_folder` is where json-file's files lie.
/// Throws SysError if a socket of this machine is not there.
std::unique_ptr<Target> open_target(const DriverConfig& config, const Origin& origin,
                                    const std::filesystem::path& container_folder);

}  // namespace stack::engine::logs
