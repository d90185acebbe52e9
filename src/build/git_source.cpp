#include "build/git_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include "build/git_api.hpp"
#include "support/error.hpp"
#include "support/kernel/layered_tree.hpp"

namespace stack::build {
namespace {

namespace fs = std::filesystem;

constexpr int most_nested_submodules = 20;

bool is_web(std::string_view url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

/// A libgit2 object that goes with its holder.
template <class Object>
class Owned {
public:
    explicit Owned(void (*release)(Object*)) : release_{release} {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
        if (object_ != nullptr) {
            release_(object_);
        }
    }
    Object** out() { return &object_; }
    Object* get() const { return object_; }

private:
    void (*release_)(Object*);
    Object* object_{nullptr};
};

[[noreturn]] void fail(const GitApi& api, const std::string& what, Errc code = Errc::network) {
    const git_error* last = api.error_last();
    throw Error(code, fmt::format("{}: {}", what, last != nullptr ? last->message : "git does not say why"));
}

/// Only an agent is asked: keys and passwords are not ours to look for. The second question means it was refused.
int credentials(git_credential** out, const char*, const char* user, unsigned allowed, void* asked) {
    auto& times = *static_cast<int*>(asked);
    if ((allowed & GIT_CREDENTIAL_SSH_KEY) == 0 || ++times > 1) {
        return GIT_EAUTH;
    }
    return GitApi::get().ssh_key_from_agent(out, user != nullptr ? user : "git");
}

class Checkout {
public:
    Checkout(const GitSource& source, const fs::path& into) : source_{source}, into_{into} {}

    GitCheckout run(bool keep_git_dir, const std::string& checksum) {
        clone();
        GitCheckout result;
        take_ref(result);
        if (!result.commit.starts_with(checksum)) {
            throw Error(Errc::invalid_input, fmt::format("'{}' is at commit {}, not at {} as its checksum says",
                                                         source_.url, result.commit, checksum));
        }
        update_submodules(repository_.get(), 0);
        if (!keep_git_dir) {
            remove_git_dirs();
        }
        result.tree = wanted_folder();
        return result;
    }

private:
    void clone() {
        git_clone_options options;
        api_.clone_options_init(&options, GIT_CLONE_OPTIONS_VERSION);
        options.checkout_opts.checkout_strategy = GIT_CHECKOUT_NONE;
        options.fetch_opts.callbacks.credentials = &credentials;
        options.fetch_opts.callbacks.payload = &asked_;
        options.fetch_opts.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_ALL;
        if (api_.clone(repository_.out(), source_.url.c_str(), into_.c_str(), &options) != 0) {
            fail(api_, fmt::format("cannot clone '{}'", source_.url));
        }
    }

    /// A name may be a tag, a branch of the remote, or (the beginning of) a commit.
    void take_ref(GitCheckout& result) {
        Owned<git_object> found{api_.object_free};
        const std::string wanted = source_.ref.empty() ? "HEAD" : source_.ref;
        bool known = false;
        for (const std::string& name : {"refs/tags/" + wanted, "refs/remotes/origin/" + wanted, wanted}) {
            known = api_.revparse_single(found.out(), repository_.get(), name.c_str()) == 0;
            if (known) {
                break;
            }
        }
        if (!known) {
            throw Error(Errc::not_found, fmt::format("'{}' has no branch, tag or commit '{}'", source_.url, wanted));
        }
        Owned<git_object> commit{api_.object_free};
        if (api_.object_peel(commit.out(), found.get(), GIT_OBJECT_COMMIT) != 0) {
            fail(api_, fmt::format("'{}' of '{}' is no commit", wanted, source_.url), Errc::invalid_input);
        }
        git_checkout_options options;
        api_.checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
        options.checkout_strategy = GIT_CHECKOUT_FORCE;
        const git_oid* id = api_.object_id(commit.get());
        if (api_.checkout_tree(repository_.get(), commit.get(), &options) != 0 ||
            api_.set_head_detached(repository_.get(), id) != 0) {
            fail(api_, fmt::format("cannot check '{}' of '{}' out", wanted, source_.url));
        }
        char text[GIT_OID_HEXSZ + 1];
        result.commit = api_.oid_tostr(text, sizeof text, id);
        result.time_unix = api_.commit_time(reinterpret_cast<const git_commit*>(commit.get()));
    }

    struct SubmoduleWalk {
        Checkout* self;
        git_repository* repository;
        int depth;
        bool failed;
    };

    void update_submodules(git_repository* repository, int depth) {
        if (depth > most_nested_submodules) {
            throw Error(Errc::invalid_input, fmt::format("the submodules of '{}' are nested too deeply", source_.url));
        }
        SubmoduleWalk walk{this, repository, depth, false};
        const int outcome = api_.submodule_foreach(repository, &Checkout::update_submodule, &walk);
        if (walk.failed) {
            std::rethrow_exception(failure_);
        }
        if (outcome != 0) {
            fail(api_, fmt::format("cannot read the submodules of '{}'", source_.url));
        }
    }

    static int update_submodule(git_submodule*, const char* name, void* payload) {
        auto& walk = *static_cast<SubmoduleWalk*>(payload);
        try {
            walk.self->update_one(walk.repository, name, walk.depth);
            return 0;
        } catch (...) {  // not through C's frames
            walk.failed = true;
            walk.self->failure_ = std::current_exception();
            return -1;
        }
    }

    void update_one(git_repository* repository, const char* name, int depth) {
        Owned<git_submodule> module{api_.submodule_free};
        if (api_.submodule_lookup(module.out(), repository, name) != 0) {
            fail(api_, fmt::format("cannot read submodule '{}'", name));
        }
        git_submodule_update_options options;
        api_.submodule_update_options_init(&options, GIT_SUBMODULE_UPDATE_OPTIONS_VERSION);
        options.fetch_opts.callbacks.credentials = &credentials;
        options.fetch_opts.callbacks.payload = &asked_;
        if (api_.submodule_update(module.get(), 1, &options) != 0) {
            fail(api_, fmt::format("cannot get submodule '{}' of '{}'", name, source_.url));
        }
        Owned<git_repository> inner{api_.repository_free};
        if (api_.submodule_open(inner.out(), module.get()) == 0) {
            update_submodules(inner.get(), depth + 1);
        }
    }

    /// A submodule's .git is a file that points into the outermost one.
    void remove_git_dirs() const {
        std::vector<fs::path> found;
        for (auto entry = fs::recursive_directory_iterator{into_}; entry != fs::recursive_directory_iterator{};
             ++entry) {
            if (entry->path().filename() == ".git") {
                found.push_back(entry->path());
                entry.disable_recursion_pending();
            }
        }
        for (const auto& path : found) {
            fs::remove_all(path);
        }
    }

    /// Links of the repository are followed inside of it only.
    fs::path wanted_folder() const {
        if (source_.folder.empty()) {
            return into_;
        }
        const auto root = kernel::LayeredDir::root({into_});
        const auto resolved = kernel::resolve_in_layers(root, source_.folder);
        if (!resolved.exists || !S_ISDIR(resolved.status.st_mode)) {
            throw Error(Errc::not_found, fmt::format("'{}' has no folder '{}'", source_.url, source_.folder));
        }
        return into_.string() + resolved.path;
    }

    const GitApi& api_ = GitApi::get();
    const GitSource& source_;
    const fs::path& into_;
    Owned<git_repository> repository_{api_.repository_free};
    std::exception_ptr failure_;
    int asked_{0};
};

}  // namespace

std::optional<GitSource> parse_git_source(std::string_view text) {
    const auto hash = text.find('#');
    std::string url{text.substr(0, hash)};
    const bool by_scheme = url.starts_with("git://") || url.starts_with("ssh://") || url.starts_with("git@");
    if (url.starts_with("github.com/")) {
        url.insert(0, "https://");
    } else if (!by_scheme && !(is_web(url) && url.ends_with(".git"))) {
        return std::nullopt;
    }
    GitSource source{std::move(url), {}, {}};
    if (hash != std::string_view::npos) {
        const auto fragment = text.substr(hash + 1);
        const auto colon = fragment.find(':');
        source.ref = fragment.substr(0, colon);
        source.folder = colon == std::string_view::npos ? "" : fragment.substr(colon + 1);
    }
    return source;
}

GitCheckout check_out(const GitSource& source, const fs::path& into, bool keep_git_dir, const std::string& checksum) {
    return Checkout{source, into}.run(keep_git_dir, checksum);
}

}  // namespace stack::build
