// The instructions that write files without running a command.
#include <algorithm>
#include <array>
#include <chrono>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/copy_step.hpp"
#include "build/dockerfile/heredoc.hpp"
#include "build/fetch.hpp"
#include "build/git_source.hpp"
#include "build/layer_writer.hpp"
#include "build/owner.hpp"
#include "build/stage_builder.hpp"
#include "build/unpack.hpp"
#include "build/web_cache.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

namespace fs = std::filesystem;

bool flag_is_set(const Instruction& instruction, const std::string& name) {
    return std::ranges::any_of(instruction.flags, [&](const Flag& flag) {
        return flag.name == name && flag.value.value_or("true") == "true";
    });
}

void check_flags(const Instruction& instruction) {
    constexpr std::array common{"chown", "chmod", "link", "exclude", "parents"};
    const bool is_add = instruction.keyword == "ADD";
    for (const auto& flag : instruction.flags) {
        const bool known = std::ranges::find(common, flag.name) != common.end() ||
                           (is_add ? flag.name == "checksum" || flag.name == "keep-git-dir" || flag.name == "unpack"
                                   : flag.name == "from");
        if (!known) {
            throw Error(Errc::invalid_input, fmt::format("{} has no flag --{}", instruction.keyword, flag.name));
        }
    }
}

struct Words {
    Strings sources;
    std::string target;
};

Words read_words(const Instruction& instruction, const WordExpander& expand) {
    Words words;
    for (const auto& word : instruction.json ? *instruction.json : split_blanks(instruction.text)) {
        Heredoc heredoc;
        const bool is_heredoc = !instruction.json && parse_heredoc_word(word, heredoc);
        words.sources.push_back(is_heredoc ? word : expand.word(word));
    }
    constexpr size_t fewest = 2;
    if (words.sources.size() < fewest) {
        throw Error(Errc::invalid_input, fmt::format("{} needs a source and a target", instruction.keyword));
    }
    words.target = std::move(words.sources.back());
    words.sources.pop_back();
    return words;
}

/// Times later than the reproducible one become it.
void clamp_times(const fs::path& path, std::int64_t epoch) {
    struct stat status {};
    check(::lstat(path.c_str(), &status), [&] { return fmt::format("stat '{}'", path.string()); });
    if (S_ISDIR(status.st_mode)) {
        for (const auto& entry : fs::directory_iterator{path}) {
            clamp_times(entry.path(), epoch);
        }
    }
    if (status.st_mtim.tv_sec >= epoch) {
        const std::array<timespec, 2> times{timespec{epoch, 0}, timespec{epoch, 0}};
        check(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW),
              [&] { return fmt::format("set the time of '{}'", path.string()); });
    }
}

}  // namespace

fs::path StageBuilder::new_layer_folder(const TempDir& place) const {
    auto folder = place.path() / "upper";
    fs::create_directories(folder);
    fs::create_directories(place.path() / "staging");
    return folder;
}

void StageBuilder::keep_layer(const std::string& key, const fs::path& staged, const std::string& name,
                              const std::string& created_by) {
    if (job_.request.source_date_epoch) {
        clamp_times(staged, *job_.request.source_date_epoch);
    }
    const auto layer = job_.store.add_layer_from_dir(state_.chain_id, staged, BuildCache::pin_of(key));
    const CachedStep step{layer.chain_id, layer.diff_id, job_.now_unix()};
    job_.cache.put(key, step, name);
    take_layer(key, step, created_by);
}

template <class Body>
void StageBuilder::make_layer(const std::string& key, const std::string& name, const std::string& created_by,
                              Body&& write) {
    const int step = begin_step(BuildEvent::Kind::started, name);
    const auto begin = std::chrono::steady_clock::now();
    const auto place = job_.store.begin_layer();
    const auto staged = new_layer_folder(place);
    write(staged, place.path() / "staging");
    keep_layer(key, staged, name, created_by);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    job_.tell({BuildEvent::Kind::finished, step, name, {}, took.count()});
}

/// The files of here-documents, in a folder of their own that the copy reads like a context.
fs::path StageBuilder::write_heredocs(const Instruction& instruction, const fs::path& folder) const {
    const auto expand = state_.expander(job_.staged.file->directives.escape);
    fs::create_directories(folder);
    for (const auto& heredoc : instruction.heredocs) {
        if (heredoc.name.find('/') != std::string::npos || heredoc.name == "." || heredoc.name == "..") {
            throw Error(Errc::invalid_input, fmt::format("'{}' cannot be a file's name", heredoc.name));
        }
        write_file(folder / heredoc.name, heredoc.expand ? expand.heredoc(heredoc.content) : heredoc.content);
    }
    return folder;
}

StageBuilder::Progress StageBuilder::copy_(const Instruction& instruction) {
    check_flags(instruction);
    const auto expand = state_.expander(job_.staged.file->directives.escape);
    const auto words = read_words(instruction, expand);
    const auto from = flag_value(instruction, "from");
    const SourceTree* tree = nullptr;
    if (from) {
        tree = job_.tree(expand.word(*from), stage_.index, instruction.pos);
        if (tree == nullptr) {
            return Progress::waiting;
        }
        reads_ = job_.steps_of(expand.word(*from), stage_.index);
    }

    CopyRequest request;
    request.target = state_.absolute(words.target);
    request.parents = flag_is_set(instruction, "parents");
    if (words.sources.size() > 1 && !request.target.ends_with('/') && !request.parents) {
        throw Error(Errc::invalid_input, fmt::format("several files cannot be copied to '{}'", words.target))
            .hint(fmt::format("if it is meant as a folder, write '{}/'", words.target));
    }
    if (const auto owner = flag_value(instruction, "chown")) {
        request.owner = resolve_owner(state_.layers, expand.word(*owner));
    }
    if (const auto mode = flag_value(instruction, "chmod")) {
        request.mode_text = expand.word(*mode);
        parse_mode(request.mode_text);
    }
    Strings excluded;
    for (const auto& flag : instruction.flags) {
        if (flag.name == "exclude") {
            excluded.push_back(expand.word(flag.value.value_or("")));
        }
    }
    request.exclude = IgnoreRules{excluded};
    request.exclude_text = join(excluded, "\n");

    Fetched fetched;
    for (const auto& source : words.sources) {
        add_source(instruction, source, tree, fetched, request);
    }
    return copy_or_reuse(instruction, request);
}

/// "src/./lib/a.txt" keeps lib only: what stands before the first "/./" is no part of the target (Dockerfile reference,
/// "COPY --parents").
static void keep_parents_behind_pivot(const std::string& source, std::vector<SourceTree::Match>& matches) {
    const auto pivot = source.find("/./");
    if (pivot == std::string::npos) {
        return;
    }
    const auto before = source.substr(0, pivot);
    if (before.find("**") != std::string::npos) {
        throw Error(Errc::unsupported, fmt::format("'{}' says '**' before '/./', which names no one folder", source))
            .hint("write the folder before '/./' without '**'");
    }
    const auto folders =
        std::ranges::count_if(split(before, '/'), [](std::string_view part) { return !part.empty() && part != "."; });
    for (auto& match : matches) {
        auto part = match.as_written.begin();
        for (auto left = folders; left > 0 && part != match.as_written.end(); --left) {
            part = std::find(part, match.as_written.end(), '/');
            part += part != match.as_written.end() ? 1 : 0;
        }
        match.as_written.erase(match.as_written.begin(), part);
    }
}

void StageBuilder::add_source(const Instruction& instruction, const std::string& source, const SourceTree* from,
                              Fetched& fetched, CopyRequest& request) {
    Heredoc heredoc;
    if (!instruction.heredocs.empty() && parse_heredoc_word(source, heredoc)) {
        if (!fetched.inline_files) {
            fetched.folders.emplace_back(job_.paths.temporary(), "image-heredoc-");
            const auto files = write_heredocs(instruction, fetched.folders.back().path());
            fetched.trees.push_back(std::make_unique<SourceTree>(std::vector{files}, IgnoreRules{}, nullptr));
            fetched.inline_files = fetched.trees.back().get();
        }
        request.sources.push_back({fetched.inline_files, fetched.inline_files->match(heredoc.name, false), true});
        return;
    }
    if (instruction.keyword == "ADD" && parse_git_source(source)) {
        add_git_tree(instruction, source, fetched, request);
        return;
    }
    if (instruction.keyword == "ADD" && is_web_address(source)) {
        add_fetched_file(instruction, source, fetched, request);
        return;
    }
    const auto& where = from != nullptr ? *from : job_.context(instruction.pos);
    auto matches = where.match(source, request.parents);
    if (request.parents) {
        keep_parents_behind_pivot(source, matches);
    }
    request.sources.push_back({&where, std::move(matches), from == nullptr});
    if (instruction.keyword == "ADD" && flag_value(instruction, "unpack").value_or("true") != "false") {
        unpack_tars(fetched, request);
    }
}

/// A file from the web is copied as it is; with --unpack=true a tar is unpacked, too (Dockerfile reference, "ADD").
void StageBuilder::add_fetched_file(const Instruction& instruction, const std::string& url, Fetched& fetched,
                                    CopyRequest& request) const {
    auto name = file_name_of(url);
    if (name.empty()) {
        if (request.target.ends_with('/')) {
            throw Error(Errc::invalid_input, fmt::format("'{}' says no name for the file", url))
                .hint("write the file's name behind the target folder");
        }
        name = fs::path{request.target}.filename();
    }
    if (name == "." || name == "..") {
        throw Error(Errc::invalid_input, fmt::format("'{}' says no name for the file", url));
    }
    fetched.folders.emplace_back(job_.paths.temporary(), "image-fetched-");
    const auto& folder = fetched.folders.back().path();
    const auto expand = state_.expander(job_.staged.file->directives.escape);
    WebCache{job_.paths.build_cache() / "web"}.fetch(url, folder / name,
                                                     expand.word(flag_value(instruction, "checksum").value_or("")));
    fetched.trees.push_back(std::make_unique<SourceTree>(std::vector{folder}, IgnoreRules{}, nullptr));
    const SourceTree& tree = *fetched.trees.back();
    request.sources.push_back({&tree, {{name, name, name, false}}, true});
    if (flag_value(instruction, "unpack").value_or("false") == "true") {
        unpack_tars(fetched, request);
    }
}

void StageBuilder::add_git_tree(const Instruction& instruction, const std::string& source, Fetched& fetched,
                                CopyRequest& request) const {
    const auto expand = state_.expander(job_.staged.file->directives.escape);
    fetched.folders.emplace_back(job_.paths.temporary(), "image-git-");
    const auto checkout = check_out(*parse_git_source(source), fetched.folders.back().path() / "tree",
                                    flag_is_set(instruction, "keep-git-dir"),
                                    expand.word(flag_value(instruction, "checksum").value_or("")));
    fetched.trees.push_back(std::make_unique<SourceTree>(std::vector{checkout.tree}, IgnoreRules{}, nullptr));
    request.sources.push_back({fetched.trees.back().get(), {{"", "", "", true}}, true});
    // Git keeps no times: those of the commit, so that the same commit gives the same layer.
    request.time = timespec{checkout.time_unix, 0};
}

void StageBuilder::unpack_tars(Fetched& fetched, CopyRequest& request) const {
    auto source = std::move(request.sources.back());
    request.sources.pop_back();
    std::vector<SourceTree::Match> plain;
    for (auto& match : source.matches) {
        const auto file =
            match.is_folder ? std::nullopt : kernel::open_layered_file(source.tree->layers(), "/" + match.path);
        if (!file || !is_tar(file->get())) {
            plain.push_back(std::move(match));
            continue;
        }
        // On the layers' file system: the copy shares the files' extents where that can be.
        fetched.folders.push_back(job_.store.begin_layer());
        while_doing(fmt::format("unpack '{}'", match.name),
                    [&] { unpack_tar(file->get(), fetched.folders.back().path()); });
        fetched.trees.push_back(
            std::make_unique<SourceTree>(std::vector{fetched.folders.back().path()}, IgnoreRules{}, nullptr));
        // Owners and xattrs are the archive's.
        request.sources.push_back({fetched.trees.back().get(), {{"", "", "", true}}, false, true});
    }
    if (!plain.empty()) {
        source.matches = std::move(plain);
        request.sources.push_back(std::move(source));
    }
}

StageBuilder::Progress StageBuilder::copy_or_reuse(const Instruction& instruction, const CopyRequest& request) {
    ++number_;
    const auto name = step_name(instruction_line(instruction));
    // As BuildKit: the history has the flags that say what the files became, not where they came from.
    const auto created_by = fmt::format("{} # buildkit", instruction_line(instruction, {"chown", "chmod", "parents"}));
    const auto key =
        sha256_hex(fmt::format("{}\n{}\n{}\n", instruction.keyword, state_.chain_id, describe_copy(request)));
    if (!use_cached(key, name, created_by)) {
        make_layer(key, name, created_by, [&](const fs::path& staged, const fs::path& staging) {
            carry_out_copy(request, state_.layers, staged, staging);
        });
    }
    return Progress::advanced;
}

StageBuilder::Progress StageBuilder::add_(const Instruction& instruction) {
    return copy_(instruction);
}

StageBuilder::Progress StageBuilder::workdir_(const Instruction& instruction) {
    if (instruction.text.empty()) {
        throw Error(Errc::invalid_input, "WORKDIR needs a path");
    }
    auto path = state_.absolute(state_.expander(job_.staged.file->directives.escape).word(instruction.text));
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    const auto written = state_.expander(job_.staged.file->directives.escape).word(instruction.text);
    state_.config.working_dir = written.starts_with('/') ? written : path;  // BuildKit keeps an absolute one as it is
    ++number_;
    if (path == "/" || config_only_ ||
        (!state_.layers.empty() && kernel::resolve_in_layers(kernel::LayeredDir::root(state_.layers), path).exists)) {
        return configured(instruction);
    }
    const auto shown = "WORKDIR " + path;
    const auto name = step_name(shown);
    const auto owner =
        state_.config.user.empty() ? std::pair<uid_t, gid_t>{0, 0} : resolve_owner(state_.layers, state_.config.user);
    const auto key =
        sha256_hex(fmt::format("WORKDIR\n{}\n{}\n{}:{}\n", state_.chain_id, path, owner.first, owner.second));
    if (!use_cached(key, name, shown)) {
        make_layer(key, name, shown, [&](const fs::path& staged, const fs::path&) {
            LayerWriter writer{state_.layers, staged};
            LayerWriter::NewFolder fresh;
            fresh.owner = owner;
            (void)writer.ensure_folder(path, fresh);
            writer.restore_times();
        });
    }
    return Progress::advanced;
}

}  // namespace stack::build
