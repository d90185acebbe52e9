#include <fmt/format.h>
#include <unistd.h>

#include "cli/verbs.hpp"
#include "image/archive.hpp"
#include "support/whole_file.hpp"

namespace stack::cli {
namespace {

image::ArchiveFormat parse_format(const std::string& word) {
    if (word == "docker-archive" || word == "docker") {
        return image::ArchiveFormat::docker;
    }
    if (word == "oci-archive" || word == "oci") {
        return image::ArchiveFormat::oci;
    }
    throw UsageError{fmt::format("unknown format '{}': docker-archive or oci-archive", word)};
}

// A half-written archive never has the name that was asked for.
void save_to_file(const image::ImageStore& store, const Flags& flags, const std::string& file,
                  image::ArchiveFormat format) {
    WholeFile out{file};
    image::save_archive(store, flags.words(), out.fd(), format);
    out.publish();
}

}  // namespace

int save_images(Context& context, const Flags& flags) {
    const auto format = parse_format(flags.value_or("format", "docker-archive"));
    const image::ImageStore store{context.paths};
    if (const auto file = flags.value("output"); file && *file != "-") {
        save_to_file(store, flags, *file, format);
        return 0;
    }
    if (::isatty(STDOUT_FILENO) == 1) {
        throw UsageError{"standard output is a terminal: name a file with --output, or redirect it"};
    }
    image::save_archive(store, flags.words(), STDOUT_FILENO, format);
    return 0;
}

}  // namespace stack::cli
