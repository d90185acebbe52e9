#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stack::image {

/// HEALTHCHECK as images carry it. Zero or unset values mean: the engine's default.
struct ImageHealthcheck {
    std::vector<std::string> test;  ///< empty: inherit; ["NONE"]; ["CMD", …]; ["CMD-SHELL", "…"]
    std::chrono::nanoseconds interval{0}, timeout{0}, start_period{0}, start_interval{0};
    int retries{0};

    friend bool operator==(const ImageHealthcheck&, const ImageHealthcheck&) = default;
};

/// One line of `image history`.
struct HistoryEntry {
    std::string created;  ///< RFC 3339, empty if unknown
    std::string created_by, author, comment;
    bool empty_layer{false};  ///< this step has no entry in diff_ids

    friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

/// An image's config blob: OCI image-spec "config.md" and Docker's "image/spec v1.2", whose members differ only in ones
/// that OCI reserves (Healthcheck, OnBuild, Shell). For lists, unset and empty differ: an empty `cmd` clears the
/// parent's one.
struct ImageConfig {
    std::string architecture, os, variant, os_version;
    std::string author;
    std::string created;  ///< RFC 3339; empty if unknown

    std::optional<std::vector<std::string>> entrypoint, cmd;
    std::vector<std::string> env;  ///< "NAME=value", in order
    std::string user, working_dir, stop_signal;
    std::map<std::string, std::string> labels;
    std::set<std::string> exposed_ports;  ///< "80/tcp"
    std::set<std::string> volumes;        ///< absolute paths
    std::optional<ImageHealthcheck> healthcheck;
    std::optional<std::vector<std::string>> shell;
    std::vector<std::string> on_build;

    std::vector<std::string> diff_ids;  ///< "sha256:…" of each uncompressed layer tar, lowest first
    std::vector<HistoryEntry> history;

    /// The JSON text that this was read from; its members that have no field above are kept by write_config().
    std::string original;
};

/// Throws Errc::invalid_input if `json` is not a config. Unknown members are no error.
ImageConfig parse_config(std::string_view json);

/// Compact JSON with sorted keys: the same config always gives the same bytes, hence the same image id.
std::string write_config(const ImageConfig& config);

/// "linux/amd64" of this machine in the field's words (GOARCH names), and the variant ("v8" on arm64) or empty.
struct Platform {
    std::string os, architecture, variant;
    friend bool operator==(const Platform&, const Platform&) = default;
};
Platform host_platform();
/// "linux/arm64/v8", "linux", "arm64". Throws Errc::invalid_input.
Platform parse_platform(std::string_view text);
std::string to_string(const Platform& platform);

}  // namespace stack::image
