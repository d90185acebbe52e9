#pragma once

#include <git2.h>

namespace stack::build {

/// libgit2's C API, opened when the first git source is read: few builds have one, and the library brings a dozen
/// others along. Lives until the process ends. Throws Errc::unsupported if it is not installed.
struct GitApi {
    decltype(&::git_error_last) error_last;
    decltype(&::git_clone) clone;
    decltype(&::git_clone_options_init) clone_options_init;
    decltype(&::git_checkout_options_init) checkout_options_init;
    decltype(&::git_checkout_tree) checkout_tree;
    decltype(&::git_repository_free) repository_free;
    decltype(&::git_repository_set_head_detached) set_head_detached;
    decltype(&::git_revparse_single) revparse_single;
    decltype(&::git_object_peel) object_peel;
    decltype(&::git_object_free) object_free;
    decltype(&::git_object_id) object_id;
    decltype(&::git_oid_tostr) oid_tostr;
    decltype(&::git_commit_time) commit_time;
    decltype(&::git_submodule_foreach) submodule_foreach;
    decltype(&::git_submodule_lookup) submodule_lookup;
    decltype(&::git_submodule_update) submodule_update;
    decltype(&::git_submodule_update_options_init) submodule_update_options_init;
    decltype(&::git_submodule_open) submodule_open;
    decltype(&::git_submodule_free) submodule_free;
    decltype(&::git_credential_ssh_key_from_agent) ssh_key_from_agent;

    static const GitApi& get();
};

}  // namespace stack::build
