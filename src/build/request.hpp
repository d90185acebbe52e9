#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "build/lint/warning.hpp"
#include "desired/container_spec.hpp"
#include "image/annotations.hpp"
#include "support/files.hpp"

namespace stack::build {

using StringMap = std::map<std::string, std::string>;
using Strings = std::vector<std::string>;

/// A secret for `RUN --mount=type=secret`: its bytes never come into a layer, a cache key or the history.
struct Secret {
    std::string content;
};

/// Another tree for COPY --from and FROM: a folder, or an image of the store.
struct NamedContext {
    std::filesystem::path folder;  ///< used if not empty
    std::string image;             ///< reference or id
};

/// What `stack build`, `docker build` and compose's `build:` ask for.
struct BuildRequest {
    std::filesystem::path context;                           ///< absolute folder; empty: there is none
    std::string dockerfile;                                  ///< the text
    std::string dockerfile_name;                             ///< as shown in messages: "web/Dockerfile"
    std::string ignore_text;                                 ///< content of the .dockerignore that counts
    std::map<std::string, std::optional<std::string>> args;  ///< no value: left at the Dockerfile's default
    std::string target;                                      ///< stage's name or number; empty: the last one
    Strings tags;                                            ///< references; empty: the image gets no name
    StringMap labels;
    image::Annotations annotations;  ///< of the manifest that is pushed or saved
    bool no_cache{false};
    Strings no_cache_stages;  ///< --no-cache-filter
    std::map<std::string, Secret> secrets;
    std::map<std::string, std::string> ssh;  ///< id -> path of the agent's socket
    std::map<std::string, NamedContext> contexts;
    std::string network;  ///< "" or "default", "host", "none"
    Strings extra_hosts;  ///< "name:address"
    std::int64_t shm_size{0};
    std::vector<desired::Ulimit> ulimits;
    desired::Resources resources;  ///< limits of each RUN
    bool privileged{false};
    Strings entitlements;  ///< "security.insecure": RUN --security=insecure is allowed
    std::string platform;  ///< of FROM without --platform; empty: this machine's
    /// As builders before BuildKit: one stage after the other, an image id told after each instruction, and what a RUN
    /// changes below a VOLUME is thrown away.
    bool classic{false};
    bool shell_on_error{false};  ///< a failed RUN's container is entered with this process's terminal
    std::optional<std::int64_t> source_date_epoch;  ///< seconds; times in image and layers become this
    bool refresh_images{false};  ///< --pull: for provide_image, which looks for newer base images then
    /// Makes sure that an image is in the store (pull policy, bootstrap); called before the store is asked. Optional.
    std::function<void(const std::string& reference, const std::string& platform)> provide_image;
    bool inline_cache{false};  ///< the image itself carries its steps' keys (cache_image.hpp)
    /// Set: called at the end with an image of each stage (the result's first, the others if `cache_all_stages`) that
    /// carries its steps' keys. It has no name and is gone after the call.
    std::function<void(const std::string& image_id)> export_cache;
    bool cache_all_stages{false};
    /// What was fetched for the fields above: folders, images without a name; gone with the request.
    std::vector<std::shared_ptr<void>> scratch;
    int cancel_fd{-1};  ///< borrowed; readable: stop, kill what runs, throw Errc::conflict "cancelled"
};

/// What happened, for whoever draws it.
struct BuildEvent {
    enum class Kind {
        started,      ///< step `step` with `name`
        cached,       ///< it was in the cache (instead of started)
        output,       ///< `text`: raw bytes of its standard output and error
        finished,     ///< `seconds` it took
        failed,       ///< the build's Error follows; `text`: what it says
        checked,      ///< `warnings`: what the checks found, if anything; the last event
        exported,     ///< `text`: the image id
        named,        ///< `text`: a name the image got
        instruction,  ///< classic way only: number `step` of `text` begins; `name` is its line
        became,       ///< classic way only: `text`: what it left, as an image id
    };
    Kind kind{Kind::started};
    int step{0};       ///< counts from 1 in the order of starting
    std::string name;  ///< "[build 2/5] RUN make"
    std::string text;
    double seconds{0};
    std::vector<int> inputs{};  ///< steps that `step` begins with
    std::vector<LintWarning> warnings{};
};
using BuildSink = std::function<void(const BuildEvent&)>;

}  // namespace stack::build
