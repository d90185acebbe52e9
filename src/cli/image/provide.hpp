#pragma once

#include <exception>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "image/pull_policy.hpp"

namespace stack::cli {

/// An image that something needs, and when a registry is asked for it.
struct WantedImage {
    std::string name;
    image::PullPolicy policy;
    std::string platform;  ///< "linux/arm64"; empty: whatever is here, else this machine's
};

struct ProvidedImage {
    std::string id;              ///< empty if it is not here
    std::exception_ptr failure;  ///< of the pull, if there was one and it failed
};

/// Gets what the policies ask for, several images at a time (at most `context.parallel`), each once however often it is
/// wanted. The answers are in the order of `wanted`. Draws on standard error unless `quiet`.
/// All threads are gone when it returns: what clones containers may go on.
std::vector<ProvidedImage> provide_images(const Context& context, const std::vector<WantedImage>& wanted, bool quiet);

/// The value of --pull or pull_policy; UsageError, naming `flag`, for anything else.
image::PullPolicy pull_policy(const std::string& text, const char* flag);

}  // namespace stack::cli
