#pragma once

#include <string>
#include <vector>

#include "build/request.hpp"
#include "cli/context.hpp"
#include "cli/flags.hpp"

namespace stack::cli {

/// One `--output`: where the result of a build goes besides, or instead of, the store.
struct BuildOutput {
    enum class Type {
        image,      ///< into the store: what happens without any
        local,      ///< the files into the folder `dest`
        tar,        ///< the files as a tar to `dest`
        oci,        ///< an OCI image layout as a tar to `dest`
        docker,     ///< what `docker load` reads, to `dest`; without one into the store
        registry,   ///< pushed under its names
        cache_only  ///< nowhere
    };
    Type type{Type::image};
    std::string dest{};  ///< "-" is standard output
    bool push{false};
    bool folder{false};  ///< oci, docker: an image layout in the folder `dest`
};

/// "type=local,dest=out", "out" (the same), "-" (a tar to standard output), "type=image,name=x,push=true". Names and
/// annotations are added to `request`. UsageError for anything else.
BuildOutput parse_build_output(build::BuildRequest& request, const std::string& text);
/// Those of --output, --push and --load.
std::vector<BuildOutput> build_outputs(build::BuildRequest& request, const Flags& flags);

/// Carries out all outputs of the image `id`, which has the names `tags`. An image that was only made for its files and
/// has no name is removed again.
void write_outputs(const Context& context, const std::vector<BuildOutput>& outputs, const std::string& id,
                   const std::vector<std::string>& tags, bool quiet);

/// cache_from: "type=registry,ref=NAME", a NAME alone, or "type=local,src=FOLDER". What cannot be had is a warning, as
/// a build without it gives the same. Errc::unsupported for other types.
void import_build_cache(const Context& context, const std::vector<std::string>& sources, bool quiet);
/// cache_to: "type=inline", "type=registry,ref=NAME[,mode=max]", "type=local,dest=FOLDER[,mode=max]": sets what
/// `request` has to do at its end.
void add_cache_export(const Context& context, build::BuildRequest& request, const std::vector<std::string>& targets);

}  // namespace stack::cli
