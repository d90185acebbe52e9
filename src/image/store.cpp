#include "image/store.hpp"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image_rows.hpp"
#include "image/state.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"

namespace stack::image {
namespace {

constexpr const char* summary_columns = "SELECT id, created, stored, size, architecture, os, variant FROM images";
constexpr size_t shown_id_digits = 12;

bool is_hex_prefix(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void read_names(const Database& database, ImageSummary& image) {
    auto names = database.prepare("SELECT name FROM image_names WHERE image_id = ? ORDER BY name");
    names.bind(image.id);
    while (names.step()) {
        image.references.push_back(parse_reference(names.text(0)));
    }
    auto digests = database.prepare(
        "SELECT repository || '@' || digest FROM image_manifests WHERE image_id = ? AND repository <> '' ORDER BY 1");
    digests.bind(image.id);
    while (digests.step()) {
        image.repo_digests.push_back(digests.text(0));
    }
}

void read_summary(const Database& database, const Statement& row, ImageSummary& image) {
    image.id = row.text(0);
    image.created_unix = row.integer(1);
    image.stored_unix = row.integer(2);
    image.size = Bytes{row.integer(3)};
    image.architecture = row.text(4);
    image.os = row.text(5);
    image.variant = row.text(6);
    read_names(database, image);
}

// By exact name or by repository digest.
std::optional<std::string> find_id_by_name(const Database& database, std::string_view text) {
    const auto parsed = find_reference(text);
    if (!parsed) {
        return std::nullopt;
    }
    if (!parsed->digest.empty()) {
        auto found = database.prepare("SELECT image_id FROM image_manifests WHERE repository = ? AND digest = ?");
        found.bind_all(parsed->repository(), parsed->digest);
        return found.step() ? std::optional{found.text(0)} : std::nullopt;
    }
    auto found = database.prepare("SELECT image_id FROM image_names WHERE name = ?");
    found.bind(parsed->with_default_tag().canonical());
    return found.step() ? std::optional{found.text(0)} : std::nullopt;
}

std::optional<std::string> find_id_by_prefix(const Database& database, std::string_view text) {
    std::string_view hex = text;
    if (hex.starts_with("sha256:")) {
        hex.remove_prefix(7);
    }
    if (!is_hex_prefix(hex)) {
        return std::nullopt;
    }
    auto found = database.prepare("SELECT id FROM images WHERE id >= ? AND id < ? ORDER BY id LIMIT 2");
    const std::string low = "sha256:" + std::string{hex};
    found.bind_all(low, low + 'g');
    if (!found.step()) {
        return std::nullopt;
    }
    const std::string id = found.text(0);
    if (found.step()) {
        throw Error(Errc::invalid_input, fmt::format("image id '{}' is not unique", text))
            .hint("write more digits of it");
    }
    return id;
}

bool is_known(const Database& database, const std::string& id) {
    auto known = database.prepare("SELECT 1 FROM images WHERE id = ?");
    return known.bind(id).step();
}

Error no_such_image(std::string_view text) {
    Error error{Errc::not_found, fmt::format("no such image '{}'", text)};
    const auto reference = find_reference(text);
    if (!reference) {
        return error;
    }
    const std::string familiar = reference->with_default_tag().familiar();
    const std::string repository = reference->familiar_repository();
    if (repository == "busybox" || repository == "debian" || repository == "ubuntu") {
        error.set_hint(
            fmt::format("get it with 'stack image pull {0}', or make it with 'stack image bootstrap {0}'", familiar));
    } else {
        error.set_hint(fmt::format("get it with 'stack image pull {}', or load it with 'stack image load'", familiar));
    }
    return error;
}

}  // namespace

std::string ImageSummary::display_name() const {
    return references.empty() ? id.substr(id.find(':') + 1, shown_id_digits) : references.front().familiar();
}

bool is_for(const ImageSummary& image, const Platform& wanted) {
    return image.os == wanted.os && image.architecture == wanted.architecture &&
           (wanted.variant.empty() || image.variant.empty() || image.variant == wanted.variant);
}

ImageStore::ImageStore(const Paths& paths) : state_{std::make_unique<State>(paths)} {}
ImageStore::ImageStore(ImageStore&&) noexcept = default;
ImageStore& ImageStore::operator=(ImageStore&&) noexcept = default;
ImageStore::~ImageStore() = default;

const Paths& ImageStore::paths() const noexcept {
    return state_->paths;
}

const Database& ImageStore::database() const noexcept {
    return state_->database;
}

std::optional<Image> ImageStore::find(std::string_view name_or_id) const {
    auto id = find_id_by_name(state_->database, name_or_id);
    if (!id) {
        id = find_id_by_prefix(state_->database, name_or_id);
    }
    return id ? find_by_id(*id) : std::nullopt;
}

Image ImageStore::get(std::string_view name_or_id) const {
    auto image = find(name_or_id);
    if (!image) {
        throw no_such_image(name_or_id);
    }
    return std::move(*image);
}

std::optional<Image> ImageStore::find_by_id(const std::string& id) const {
    auto row = state_->database.prepare(std::string{summary_columns} + " WHERE id = ?");
    row.bind(id);
    if (!row.step()) {
        return std::nullopt;
    }
    Image image;
    read_summary(state_->database, row, image);
    image.config = while_doing(fmt::format("read the config of image '{}'", image.display_name()),
                               [&] { return parse_config(read_file(state_->blob(id))); });
    image.chain_ids = image::chain_ids(image.config.diff_ids);
    return image;
}

std::vector<ImageSummary> ImageStore::list() const {
    std::vector<ImageSummary> images;
    auto rows = state_->database.prepare(std::string{summary_columns} + " ORDER BY created DESC, stored DESC, id");
    while (rows.step()) {
        read_summary(state_->database, rows, images.emplace_back());
    }
    return images;
}

bool ImageStore::tag(const std::string& id, const Reference& reference) {
    if (!reference.digest.empty()) {
        throw Error(Errc::invalid_input, fmt::format("a tag must not have a digest: '{}'", reference.familiar()));
    }
    const std::string name = reference.with_default_tag().canonical();
    auto old = state_->database.prepare("SELECT 1 FROM image_names WHERE name = ? AND image_id = ?");
    if (old.bind_all(name, id).step()) {
        return false;  // a write costs more than all the rest of a build in which nothing is new
    }
    old.reset();
    Transaction change{state_->database};
    if (!is_known(state_->database, id)) {
        throw no_such_image(id);
    }
    insert_name(state_->database, id, reference);
    change.commit();
    return true;
}

std::vector<std::filesystem::path> ImageStore::layer_dirs(const Image& image) const {
    std::vector<std::filesystem::path> folders;
    folders.reserve(image.chain_ids.size());
    for (const std::string& chain : image.chain_ids) {
        folders.push_back(state_->layer(chain));
    }
    return folders;
}

std::filesystem::path ImageStore::layer_dir(const std::string& chain) const {
    return state_->layer(chain);
}

std::string ImageStore::put_image(const ImageConfig& config, const std::optional<Reference>& reference) {
    return put_image(write_config(config), reference);
}

std::string ImageStore::put_image(std::string_view config_json, const std::optional<Reference>& reference) {
    const ImageConfig config = parse_config(config_json);
    const auto held = state_->share();
    const std::string id = put_blob(*state_, config_json);
    if (!reference && is_known(state_->database, id)) {
        return id;
    }
    make_durable(*state_, chain_ids(config.diff_ids));
    Transaction change{state_->database};
    insert_image(state_->database, id, config);
    if (reference) {
        insert_name(state_->database, id, *reference);
    }
    change.commit();
    return id;
}

ImageStore::Hold ImageStore::hold() const {
    remove_abandoned_folders(state_->paths.temporary(), temporary_prefix);
    return state_->share();
}

ImageStore::Hold ImageStore::State::share() const {
    std::filesystem::create_directories(paths.locks());
    const auto file = use_lock();
    UniqueFd fd{check(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600),
                      [&] { return fmt::format("open lock '{}'", file.string()); })};
    while (::flock(fd.get(), LOCK_SH) != 0) {
        if (errno != EINTR) {
            throw SysError(errno, fmt::format("lock '{}'", file.string()));
        }
    }
    return Hold{fd.release()};
}

ImageStore::Hold::~Hold() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

std::string chain_id(const std::string& parent_chain_id, const std::string& diff_id) {
    return parent_chain_id.empty() ? diff_id : "sha256:" + sha256_hex(parent_chain_id + ' ' + diff_id);
}

std::vector<std::string> chain_ids(const std::vector<std::string>& diff_ids) {
    std::vector<std::string> chains;
    chains.reserve(diff_ids.size());
    for (const std::string& diff_id : diff_ids) {
        (void)digest_hex(diff_id);  // a foreign config may hold anything
        chains.push_back(chain_id(chains.empty() ? std::string{} : chains.back(), diff_id));
    }
    return chains;
}

}  // namespace stack::image
