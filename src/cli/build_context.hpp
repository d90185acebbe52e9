#pragma once

#include <string>

#include "build/request.hpp"
#include "support/paths.hpp"

namespace stack::cli {

/// What a build's PATH may be: a folder; a git repository ("https://host/repo.git#ref:folder", "git@host:path");
/// "http(s)://…" or "-" (standard input) with a tar, which is the context, or a lone Dockerfile, which then has none.
/// Fills in context, Dockerfile and ignore rules; what was fetched lives in `request.scratch`. Without `wants_file` the
/// Dockerfile comes from elsewhere and need not be there.
void read_build_context(const Paths& paths, build::BuildRequest& request, const std::string& where,
                        const std::string& dockerfile, bool wants_file = true);

/// A named tree for FROM and COPY --from: `--build-context name=X`, `additional_contexts`. X is a folder,
/// docker-image://reference, oci-layout://folder[:tag][@digest], a git repository or the web address of a tar.
build::NamedContext read_named_context(const Paths& paths, build::BuildRequest& request, const std::string& name,
                                       const std::string& where);

}  // namespace stack::cli
