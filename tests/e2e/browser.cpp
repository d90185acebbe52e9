#include "browser.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

namespace stack::testing {

namespace {

size_t append(const char* bytes, size_t size, size_t count, void* body) {
    static_cast<std::string*>(body)->append(bytes, size * count);
    return size * count;
}

std::string encoded(const Browser::Form& form) {
    std::string text;
    for (const auto& [name, value] : form) {
        const std::unique_ptr<char, void (*)(void*)> safe{
            curl_easy_escape(nullptr, value.data(), static_cast<int>(value.size())), curl_free};
        text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, safe.get());
    }
    return text;
}

}  // namespace

void Browser::CloseHandle::operator()(void* handle) const noexcept {
    curl_easy_cleanup(handle);
}

Browser::Browser(std::uint16_t port) : site_{fmt::format("http://127.0.0.1:{}", port)}, handle_{curl_easy_init()} {
    curl_easy_setopt(handle_.get(), CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(handle_.get(), CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(handle_.get(), CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_.get(), CURLOPT_TIMEOUT, 120L);
    curl_easy_setopt(handle_.get(), CURLOPT_WRITEFUNCTION, append);
}

Browser::~Browser() = default;

Browser::Page Browser::get(const std::string& path) {
    curl_easy_setopt(handle_.get(), CURLOPT_HTTPGET, 1L);
    return perform(path, {});
}

Browser::Page Browser::post(const std::string& path, const Form& form,
                            const std::map<std::string, std::string>& headers) {
    curl_easy_setopt(handle_.get(), CURLOPT_POST, 1L);
    curl_easy_setopt(handle_.get(), CURLOPT_COPYPOSTFIELDS, encoded(form).c_str());
    return perform(path, headers);
}

Browser::Page Browser::perform(const std::string& path, const std::map<std::string, std::string>& headers) {
    curl_slist* lines = nullptr;
    for (const auto& [name, value] : headers) {
        lines = curl_slist_append(lines, fmt::format("{}: {}", name, value).c_str());
    }
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> owner{lines, curl_slist_free_all};
    Page page;
    curl_easy_setopt(handle_.get(), CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(handle_.get(), CURLOPT_URL, (site_ + path).c_str());
    curl_easy_setopt(handle_.get(), CURLOPT_WRITEDATA, &page.body);
    const CURLcode code = curl_easy_perform(handle_.get());
    if (code != CURLE_OK) {
        page.error = curl_easy_strerror(code);
        return page;
    }
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    page.status = static_cast<int>(status);
    return page;
}

}  // namespace stack::testing
