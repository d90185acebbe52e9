#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "image/progress.hpp"

namespace stack::cli {

/// Draws a pull or push on `out` (standard output or standard error), as the Docker CLI does: on a terminal one line
/// per layer that is painted over, elsewhere one line per thing that is done.
class TransferView {
public:
    TransferView(const Context& context, std::FILE* out);
    TransferView(const TransferView&) = delete;
    TransferView& operator=(const TransferView&) = delete;
    ~TransferView() { finish(); }

    void show(const image::Progress& event);
    /// What is printed afterwards stands below. Idempotent.
    void finish();

private:
    struct Line {
        std::string id, text;
    };
    void paint();

    std::FILE* out_;
    bool live_;
    std::vector<Line> lines_;
    size_t painted_{0};
};

}  // namespace stack::cli
