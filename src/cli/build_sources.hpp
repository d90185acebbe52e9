#pragma once

#include <optional>
#include <string>

#include "build/request.hpp"
#include "cli/context.hpp"
#include "cli/flags.hpp"

namespace stack::cli {

/// Fills in Dockerfile and ignore rules of a context folder: `dockerfile` is relative to the folder (or absolute, or
/// "-" for standard input), empty: "Dockerfile". "<dockerfile>.dockerignore" wins over ".dockerignore".
/// Throws Errc::not_found with what is there instead.
void read_build_folder(build::BuildRequest& request, const std::string& folder, const std::string& dockerfile);

/// `--secret id=token,src=file` or `id=token,env=TOKEN`. Throws Errc::invalid_input.
void add_secret(build::BuildRequest& request, const std::string& text);
/// `--build-context name=X`; see read_named_context().
void add_context(const Paths& paths, build::BuildRequest& request, const std::string& name, const std::string& value);
/// `--ssh default` or `id=socket`.
void add_ssh(build::BuildRequest& request, const std::string& text);
/// `--build-arg NAME=value`, or NAME alone: the value of our own environment.
void add_build_arg(build::BuildRequest& request, const std::string& text);

/// --progress: auto (what the program as a whole was told), plain, tty, quiet, rawjson. UsageError on anything else.
ProgressStyle build_progress(const Flags& flags, ProgressStyle fallback);

/// --check: prints what the checks find; the exit code.
int check_dockerfile(const Context& context, const build::BuildRequest& request);

/// `--allow`, `entitlements`: security.insecure and network.host. Errc::unsupported for others.
void add_entitlement(build::BuildRequest& request, const std::string& text);
/// The one platform of a list; empty for none. Errc::unsupported for several: an image here is for one.
std::string one_platform(const std::vector<std::string>& platforms);

/// The flags that `docker build` and `compose build` share: --build-arg, --no-cache, --secret, --ssh …
void read_common_flags(build::BuildRequest& request, const Flags& flags);

}  // namespace stack::cli
