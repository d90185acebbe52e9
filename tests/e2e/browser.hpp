#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace stack::testing {

/// What a person's browser does with a site on 127.0.0.1: follows redirects, keeps cookies, sends forms.
class Browser {
public:
    struct Page {
        int status{0};  ///< of the last answer; 0 when there was none
        std::string body;
        std::string error;  ///< why there was no answer
    };
    using Form = std::map<std::string, std::string>;

    explicit Browser(std::uint16_t port);
    ~Browser();

    Page get(const std::string& path);
    Page post(const std::string& path, const Form& form, const std::map<std::string, std::string>& headers = {});

private:
    Page perform(const std::string& path, const std::map<std::string, std::string>& headers);

    struct CloseHandle {
        void operator()(void* handle) const noexcept;
    };
    std::string site_;
    std::unique_ptr<void, CloseHandle> handle_;
};

}  // namespace stack::testing
