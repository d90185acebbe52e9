// What is said of a stage's instructions, variables apart.
#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "build/dockerfile/heredoc.hpp"
#include "build/dockerfile/words.hpp"
#include "build/dockerignore.hpp"
#include "build/fetch.hpp"
#include "build/git_source.hpp"
#include "build/lint/collector.hpp"
#include "support/text.hpp"

namespace stack::build {
namespace {

namespace fs = std::filesystem;

/// Names that say of their value that it is secret: a part of them between '_' is one of these words.
bool sounds_secret(const std::string& name) {
    constexpr std::array secret{"apikey", "auth",     "credential", "credentials", "key",
                                "passwd", "password", "pword",      "secret",      "token"};
    bool is_secret = false;
    for (const auto part : split(name, '_')) {
        const auto word = to_lower(part);
        if (word == "public") {
            return false;
        }
        is_secret = is_secret || std::ranges::find(secret, word) != secret.end();
    }
    return is_secret;
}

/// One pass over a stage.
class StageLint {
public:
    StageLint(const BuildRequest& request, bool has_shell, LintCollector& found)
        : ignored_{request.ignore_text}, has_shell_{has_shell}, found_{found} {}

    void look_at(const Instruction& one) {
        only_once(one);
        if (one.keyword == "CMD" || one.keyword == "ENTRYPOINT") {
            exec_form(one);
        } else if (one.keyword == "SHELL") {
            has_shell_ = true;
        } else if (one.keyword == "MAINTAINER") {
            found_.add("MaintainerDeprecated", one, "Maintainer instruction is deprecated in favor of using label");
        } else if (one.keyword == "WORKDIR") {
            working_folder(one);
        } else if (one.keyword == "ENV" || one.keyword == "LABEL") {
            pairs(one);
        } else if (one.keyword == "ARG") {
            for (const auto& word : split_quoted(one.text, '\\')) {
                secret(one, word.substr(0, word.find('=')));
            }
        } else if (one.keyword == "EXPOSE") {
            ports(one);
        } else if (one.keyword == "COPY" || one.keyword == "ADD") {
            sources(one);
        }
    }

private:
    void only_once(const Instruction& one) {
        if (one.keyword != "CMD" && one.keyword != "ENTRYPOINT" && one.keyword != "HEALTHCHECK") {
            return;
        }
        auto& before = last_[one.keyword];
        if (before != nullptr) {
            found_.add("MultipleInstructionsDisallowed", *before,
                       fmt::format("Multiple {} instructions should not be used in the same stage because only the "
                                   "last one will be used",
                                   one.keyword));
        }
        before = &one;
    }

    void exec_form(const Instruction& one) {
        if (!one.json && !has_shell_) {
            found_.add("JSONArgsRecommended", one,
                       fmt::format("JSON arguments recommended for {} to prevent unintended behavior related to OS "
                                   "signals",
                                   one.keyword));
        }
    }

    void working_folder(const Instruction& one) {
        if (one.text.starts_with('/') || one.text.starts_with('$')) {
            absolute_ = true;
        } else if (!absolute_) {
            found_.add(
                "WorkdirRelativePath", one,
                fmt::format("Relative workdir \"{}\" can have unexpected results if the base image changes", one.text));
        }
    }

    void pairs(const Instruction& one) {
        const auto words = split_quoted(one.text, '\\');
        if (!words.empty() && words.front().find('=') == std::string::npos) {
            found_.add("LegacyKeyValueFormat", one,
                       fmt::format("\"{0} key=value\" should be used instead of legacy \"{0} key value\" format",
                                   one.keyword));
        }
        if (one.keyword != "ENV") {
            return;
        }
        for (const auto& word : words) {
            const auto equals = word.find('=');
            if (equals != std::string::npos || &word == &words.front()) {
                secret(one, word.substr(0, equals));
            }
            if (equals == std::string::npos) {
                break;  // the old form: one name, the rest is its value
            }
        }
    }

    void secret(const Instruction& one, const std::string& name) {
        if (sounds_secret(name)) {
            found_.add(
                "SecretsUsedInArgOrEnv", one,
                fmt::format("Do not use ARG or ENV instructions for sensitive data ({} \"{}\")", one.keyword, name));
        }
    }

    void ports(const Instruction& one) {
        for (const auto& word : split_blanks(one.text)) {
            const auto slash = word.find('/');
            const auto protocol = slash == std::string::npos ? "" : word.substr(slash + 1);
            if (protocol.find('$') == std::string::npos && protocol != to_lower(protocol)) {
                found_.add("ExposeProtoCasing", one,
                           fmt::format("Defined protocol '{}' in EXPOSE instruction should be lowercase", word));
            }
            if (word.find('$') == std::string::npos && word.find(':') != std::string::npos) {
                found_.add("ExposeInvalidFormat", one,
                           fmt::format("EXPOSE instruction should not define an IP address or host-port mapping, "
                                       "found '{}'",
                                       word));
            }
        }
    }

    void sources(const Instruction& one) {
        const auto from = std::ranges::find(one.flags, std::string{"from"}, &Flag::name);
        auto words = one.json ? *one.json : split_blanks(one.text);
        if (from != one.flags.end() || words.empty()) {
            return;
        }
        words.pop_back();
        for (const auto& source : words) {
            Heredoc heredoc;
            const bool elsewhere = is_web_address(source) || parse_git_source(source).has_value() ||
                                   (!one.heredocs.empty() && parse_heredoc_word(source, heredoc));
            if (elsewhere || source.find_first_of("*?[$") != std::string::npos) {
                continue;
            }
            const auto path = fs::path{"/" + source}.lexically_normal().relative_path().string();
            const std::string plain{path.ends_with('/') ? path.substr(0, path.size() - 1) : path};
            if (!plain.empty() && ignored_.ignores(plain) && ignored_.can_skip(plain)) {
                found_.add("CopyIgnoredFile", one,
                           fmt::format("Attempting to {} file \"{}\" that is excluded by .dockerignore",
                                       one.keyword == "ADD" ? "Add" : "Copy", source));
            }
        }
    }

    IgnoreRules ignored_;
    bool has_shell_;
    bool absolute_{false};  ///< a WORKDIR with an absolute path came before
    std::map<std::string, const Instruction*> last_;
    LintCollector& found_;
};

}  // namespace

void lint_instructions(const Stage& stage, const BuildRequest& request, bool has_shell, LintCollector& found) {
    StageLint pass{request, has_shell, found};
    for (const auto& one : stage.steps) {
        pass.look_at(one);
    }
}

}  // namespace stack::build
