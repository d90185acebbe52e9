#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "build/builder.hpp"
#include "harness/test_root.hpp"
#include "image/store.hpp"

namespace stack::testing {

/// A root with the image "busybox", a context folder, and what the last build told.
class Workshop {
public:
    Workshop();

    /// Builds a Dockerfile's text with the context; the image's id.
    std::string build(std::string_view dockerfile);
    /// A file of the context.
    void write(const std::string& name, std::string_view content, unsigned mode = 0644) const;
    /// Whether the step whose name contains `text` came from the cache.
    bool was_cached(std::string_view text) const;
    bool was_run(std::string_view text) const;
    std::string output() const;

    image::Image image(const std::string& id) { return image::ImageStore{paths}.get(id); }
    /// Content of a file in an image; "(none)" if it is not there.
    std::string file(const std::string& id, const std::string& path);
    /// "0644 0:0 file" of a path in an image, without following links; "(none)" if it is not there.
    std::string describe(const std::string& id, const std::string& path);

    TestRoot root;
    const Paths& paths{root.paths()};
    std::filesystem::path context{root.dir() / "context"};
    build::BuildRequest request;
    std::vector<build::BuildEvent> events;
};

}  // namespace stack::testing
