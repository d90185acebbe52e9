#include "image/registry/curl_api.hpp"

#include <dlfcn.h>

#include "support/error.hpp"

namespace stack::image::registry {
namespace {

void* open_library() {
    for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
        if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
            return library;
        }
    }
    throw Error(Errc::unsupported, "registries need libcurl, which is not installed")
        .hint("install it: apt-get install libcurl4");
}

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) {
        throw Error(Errc::unsupported, std::string{"the libcurl of this machine has no "} + name);
    }
}

CurlApi load() {
    void* library = open_library();
    CurlApi api{};
    decltype(&::curl_global_init) global_init = nullptr;
    find(library, "curl_global_init", global_init);
    find(library, "curl_easy_init", api.easy_init);
    find(library, "curl_easy_cleanup", api.easy_cleanup);
    find(library, "curl_easy_reset", api.easy_reset);
    find(library, "curl_easy_setopt", api.easy_setopt);
    find(library, "curl_easy_perform", api.easy_perform);
    find(library, "curl_easy_getinfo", api.easy_getinfo);
    find(library, "curl_easy_strerror", api.easy_strerror);
    find(library, "curl_slist_append", api.slist_append);
    find(library, "curl_slist_free_all", api.slist_free_all);
    global_init(CURL_GLOBAL_DEFAULT);
    return api;
}

}  // namespace

const CurlApi& CurlApi::get() {
    static const CurlApi api = load();
    return api;
}

}  // namespace stack::image::registry
