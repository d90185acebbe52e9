#pragma once

#include <curl/curl.h>

namespace stack::image::registry {

/// libcurl's C API, opened when the first registry is asked: linked in, it and the three dozen libraries behind it
/// would cost every command its start-up time. Lives until the process ends. Throws Errc::unsupported if it is not
/// installed.
struct CurlApi {
    decltype(&::curl_easy_init) easy_init;
    decltype(&::curl_easy_cleanup) easy_cleanup;
    decltype(&::curl_easy_reset) easy_reset;
    decltype(&::curl_easy_setopt) easy_setopt;
    decltype(&::curl_easy_perform) easy_perform;
    decltype(&::curl_easy_getinfo) easy_getinfo;
    decltype(&::curl_easy_strerror) easy_strerror;
    decltype(&::curl_slist_append) slist_append;
    decltype(&::curl_slist_free_all) slist_free_all;

    static const CurlApi& get();
};

}  // namespace stack::image::registry
