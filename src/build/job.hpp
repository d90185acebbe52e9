#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "build/cache.hpp"
#include "build/file_digests.hpp"
#include "build/request.hpp"
#include "build/source_tree.hpp"
#include "build/stage_state.hpp"
#include "build/stages.hpp"
#include "image/store.hpp"
#include "support/paths.hpp"

namespace stack::build {

/// What all stages of one build share. Lives as long as build_image().
class Job {
public:
    Job(const Paths& paths, const BuildRequest& request, const StagedFile& staged, const BuildSink& sink);

    const Paths& paths;
    const BuildRequest& request;
    const StagedFile& staged;
    const BuildSink& sink;
    image::ImageStore store;
    const Database& database;  ///< the store's connection: each one reads the schema again
    BuildCache cache;
    std::string id;  ///< "build-…": owner of containers and addresses

    /// The state of a stage that is finished; nullptr while it is not.
    const StageState* finished(size_t stage) const;
    void finish(size_t stage, StageState state);

    /// The image that FROM or COPY --from names: provided if need be, at `pos` if it is not there.
    /// `platform`: which one of several; empty: the request's.
    image::Image image(const std::string& reference, const std::string& platform, const SourcePos& pos);

    /// The build context; throws at `pos` if there is none.
    const SourceTree& context(const SourcePos& pos);
    /// Tree of a stage, named context or image; nullptr if it is a stage that is not finished yet.
    const SourceTree* tree(const std::string& from, size_t before_stage, const SourcePos& pos);

    /// The newest step of the stage `from`, if it is one.
    std::vector<int> steps_of(const std::string& from, size_t before_stage) const;

    int next_step() { return ++steps_; }
    /// Number of the instruction that begins, and how many there are in the stages of this build.
    int next_instruction() { return ++instruction_; }
    int instructions() const noexcept { return instructions_; }
    void set_instructions(int count) { instructions_ = count; }
    /// The stage that becomes the image.
    size_t target() const noexcept { return target_; }
    void set_target(size_t stage) { target_ = stage; }
    void tell(BuildEvent event) const {
        if (sink) {
            sink(event);
        }
    }
    /// Time for what is made now: SOURCE_DATE_EPOCH where it is given.
    std::int64_t now_unix() const;
    void save_digests() const;

private:
    const SourceTree& folder_tree(const std::string& key, const std::filesystem::path& folder, IgnoreRules rules);

    std::vector<std::optional<StageState>> states_;
    std::map<std::string, SourceTree> trees_;
    std::vector<std::unique_ptr<FileDigests>> digests_;
    int steps_{0}, instruction_{0}, instructions_{0};
    size_t target_{0};
};

}  // namespace stack::build
