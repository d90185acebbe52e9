#pragma once

#include <string>
#include <string_view>

#include "image/progress.hpp"
#include "image/store.hpp"

namespace stack::image {

/// Makes a base image from this machine's own means, without a registry, and names it:
///   "debian:<suite>", "debian:<suite>-slim"  mmdebstrap(1) with those of the host's apt sources that belong to the
///   suite; "ubuntu:<suite>"                          the same where the host has Ubuntu's sources; "busybox[:tag]" the
///   static busybox of Debian's busybox-static with a link for each applet.
/// Returns the image id. With SOURCE_DATE_EPOCH set, files and config carry that time.
/// Errc::unsupported for other names, Errc::not_found if a tool or the suite's apt sources are missing (the hint names
/// the mend), Errc::system with the tool's last lines if it fails.
std::string bootstrap_image(ImageStore& store, std::string_view name, const ProgressSink& progress = {});

}  // namespace stack::image
