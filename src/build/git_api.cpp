#include "build/git_api.hpp"

#include <string>

#include <dlfcn.h>

#include "support/error.hpp"

namespace stack::build {
namespace {

// The library's structures change with its version, and its name with them: only the one we were built for will do.
constexpr const char* library_name = "libgit2.so." LIBGIT2_SOVERSION;

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) {
        throw Error(Errc::unsupported, std::string{"the libgit2 of this machine has no "} + name);
    }
}

GitApi load() {
    void* library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw Error(Errc::unsupported, std::string{"git sources need "} + library_name + ", which is not installed")
            .hint("install it: apt-get install libgit2-" LIBGIT2_SOVERSION);
    }
    GitApi api{};
    decltype(&::git_libgit2_init) init = nullptr;
    find(library, "git_libgit2_init", init);
    find(library, "git_error_last", api.error_last);
    find(library, "git_clone", api.clone);
    find(library, "git_clone_options_init", api.clone_options_init);
    find(library, "git_checkout_options_init", api.checkout_options_init);
    find(library, "git_checkout_tree", api.checkout_tree);
    find(library, "git_repository_free", api.repository_free);
    find(library, "git_repository_set_head_detached", api.set_head_detached);
    find(library, "git_revparse_single", api.revparse_single);
    find(library, "git_object_peel", api.object_peel);
    find(library, "git_object_free", api.object_free);
    find(library, "git_object_id", api.object_id);
    find(library, "git_oid_tostr", api.oid_tostr);
    find(library, "git_commit_time", api.commit_time);
    find(library, "git_submodule_foreach", api.submodule_foreach);
    find(library, "git_submodule_lookup", api.submodule_lookup);
    find(library, "git_submodule_update", api.submodule_update);
    find(library, "git_submodule_update_options_init", api.submodule_update_options_init);
    find(library, "git_submodule_open", api.submodule_open);
    find(library, "git_submodule_free", api.submodule_free);
    find(library, "git_credential_ssh_key_from_agent", api.ssh_key_from_agent);
    init();
    return api;
}

}  // namespace

const GitApi& GitApi::get() {
    static const GitApi api = load();
    return api;
}

}  // namespace stack::build
