#include "engine/runtime/program.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "support/error.hpp"
#include "support/text.hpp"

namespace stack::runtime {
namespace {

constexpr int not_found = 127, not_executable = 126;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (std::string& text : texts) {
        list.push_back(text.data());
    }
    list.push_back(nullptr);
    return list;
}

std::string path_variable(const std::vector<std::string>& env) {
    for (const std::string& variable : env) {
        if (variable.rfind("PATH=", 0) == 0) {
            return variable.substr(5);
        }
    }
    return {};
}

std::vector<std::string> candidates_for(const std::string& name, const std::vector<std::string>& env) {
    if (name.find('/') != std::string::npos) {
        return {name};
    }
    std::vector<std::string> candidates;
    const std::string path = path_variable(env);
    for (const auto folder : split(path, ':')) {
        candidates.push_back(folder.empty() ? "./" + name : fmt::format("{}/{}", folder, name));
    }
    return candidates;
}

LaunchFailure failure(const std::string& name, int err, int exit_code, const std::string& why) {
    return {fmt::format("execute '{}'", name), err, fmt::format("cannot execute '{}': {}", name, why), exit_code};
}

}  // namespace

Program::Program(std::vector<std::string> args, std::vector<std::string> env)
    : args_{std::move(args)}, env_{std::move(env)}, argv_{pointers(args_)}, envp_{pointers(env_)} {
    if (!args_.empty() && !args_.front().empty()) {
        candidates_ = candidates_for(args_.front(), env_);
    }
}

LaunchFailure Program::execute() const {
    const std::string& name = args_.empty() ? std::string{} : args_.front();
    int worst = ENOENT;
    for (const std::string& candidate : candidates_) {
        ::execve(candidate.c_str(), argv_.data(), envp_.data());
        if (errno == ENOENT && ::access(candidate.c_str(), F_OK) == 0) {
            return failure(name, ENOENT, not_found,
                           "the file is there, but the interpreter that it names (its first line, or the dynamic "
                           "linker) is not");
        }
        if (errno != ENOENT && errno != ENOTDIR) {
            worst = errno;
        }
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
            break;
        }
    }
    if (worst == ENOENT) {
        const bool looked_up = name.find('/') == std::string::npos;
        return failure(name, ENOENT, not_found,
                       looked_up ? "not found in the container's PATH" : "no such file in the container");
    }
    return failure(name, worst, not_executable, SysError(worst, "execve").what());
}

}  // namespace stack::runtime
