#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

namespace stack::compose {

/// What is wrong with a short form such as "80:80/tcp". `offset` is the byte of the text where it is wrong; `message`
/// goes on where "'ports[1]' of service 'web'" stops: "publishes port 70000, which is above 65535".
struct ShortFormProblem {
    std::size_t offset{0};
    std::string message;
    std::string hint;
};

/// The parts of a short form, or why it is none. The same parser serves the check (which tells the problem) and the
/// normaliser (which runs over texts that the check has passed, and ignores what has no value).
template <class Parts>
struct ShortForm {
    std::optional<Parts> parts;
    std::optional<ShortFormProblem> problem;

    static ShortForm failed(std::size_t offset, std::string message, std::string hint) {
        return {std::nullopt, ShortFormProblem{offset, std::move(message), std::move(hint)}};
    }
};

}  // namespace stack::compose
