#pragma once

#include <string>

#include "build/request.hpp"

namespace stack::cli {

/// `--annotation KEY=VALUE`, as docker buildx reads it: TYPE:KEY=VALUE, where TYPE is a list of `manifest` (the
/// default) and `manifest-descriptor`, each with a platform if need be: manifest[linux/amd64]:KEY=VALUE. One for a
/// platform other than that of `request` has no effect. Errc::unsupported for `index` and `index-descriptor`: an image
/// here is for one platform and has none. UsageError for anything else.
void add_annotation(build::BuildRequest& request, const std::string& text);

/// The same as a key of --output: annotation.KEY, annotation-TYPE.KEY.
void add_output_annotation(build::BuildRequest& request, const std::string& key, const std::string& value);

}  // namespace stack::cli
