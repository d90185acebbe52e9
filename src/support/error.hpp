#pragma once

#include <cerrno>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace stack {

/// A place in a file of the user. Lines and columns count from 1; 0 means unknown.
struct SourcePos {
    std::string file;
    int line{0};
    int column{0};

    friend bool operator==(const SourcePos&, const SourcePos&) = default;
};

/// "compose.yaml:12:5", or only the file where the line is unknown.
std::string to_string(const SourcePos& pos);

enum class Errc { invalid_input, not_found, conflict, unsupported, permission, network, timeout, system, internal };

/// The one error type. A message is lower case, without a full stop, with names in single quotes: what, where, why.
/// `hint` says how to mend it. The trail is what was being done, innermost step first. Rendered once, by cli/.
class Error : public std::exception {
public:
    Error(Errc code, std::string what);

    const char* what() const noexcept override { return what_.c_str(); }
    Errc code() const noexcept { return code_; }
    const std::optional<SourcePos>& pos() const noexcept { return pos_; }
    const std::string& hint() const noexcept { return hint_; }
    const std::vector<std::string>& trail() const noexcept { return trail_; }

    /// Chain these on a plain Error only: on a derived class they would slice.
    Error&& at(SourcePos pos) &&;
    Error&& hint(std::string text) &&;

    void set_hint(std::string text) { hint_ = std::move(text); }
    void add_step(std::string step) { trail_.push_back(std::move(step)); }

private:
    Errc code_;
    std::string what_;
    std::optional<SourcePos> pos_;
    std::string hint_;
    std::vector<std::string> trail_;
};

/// A system call that failed. what() is "<what_failed>: <strerror> (<ERRNO NAME>)".
class SysError : public Error {
public:
    SysError(int err, const std::string& what_failed);
    int err() const noexcept { return err_; }

private:
    int err_;
};

/// Passes a system call's result through; a negative one becomes a SysError described by `describe()`, which is called
/// only then and after errno was saved.
template <class Result, class Describe>
Result check(Result result, Describe&& describe) {
    if (result >= 0) {
        return result;
    }
    const int err = errno;
    throw SysError(err, describe());
}

/// Runs `body`; an Error that passes through gets `step` added to its trail.
template <class Body>
decltype(auto) while_doing(const std::string& step, Body&& body) {
    try {
        return body();
    } catch (Error& error) {
        error.add_step(step);
        throw;
    }
}

/// For teardown, which goes on after each failure and reports all of them at the end.
class ErrorList {
public:
    void attempt(const std::string& step, const std::function<void()>& body) noexcept;
    bool empty() const noexcept { return errors_.empty(); }
    const std::vector<Error>& errors() const noexcept { return errors_; }
    /// Throws the first error, the others as lines of its trail; does nothing if there is none.
    void throw_if_any() const;

private:
    std::vector<Error> errors_;
};

}  // namespace stack
