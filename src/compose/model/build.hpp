#pragma once

#include "compose/model/common.hpp"

namespace stack::compose {

/// `build:` of a service (compose-spec build.md).
struct Build {
    Mark mark;
    std::string context;     // absolute folder, or a URL
    std::string dockerfile;  // relative to the context, or absolute; "Dockerfile" if nothing was said
    std::string dockerfile_inline;
    OptionalStringMap args;
    /// id -> path of a key or socket; an empty path is the agent of $SSH_AUTH_SOCK.
    StringMap ssh;
    StringMap labels;
    StringList cache_from;
    StringList cache_to;
    std::optional<bool> no_cache;
    StringMap additional_contexts;
    std::string network;
    std::string provenance;
    std::string sbom;
    std::optional<bool> pull;
    std::string target;
    std::optional<std::int64_t> shm_size;  // bytes
    std::map<std::string, StringList> extra_hosts;
    std::string isolation;
    std::optional<bool> privileged;
    std::vector<FileReference> secrets;
    StringList tags;
    std::map<std::string, Ulimit> ulimits;
    StringList platforms;
    StringList entitlements;
};

}  // namespace stack::compose
