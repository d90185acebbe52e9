#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "image/progress.hpp"

namespace stack::cli {

/// Draws a pull or push on standard output, as the Docker CLI does: on a terminal one line per layer that is painted
/// over, elsewhere one line per thing that is done.
class TransferView {
public:
    explicit TransferView(const Context& context);
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

    bool live_;
    std::vector<Line> lines_;
    size_t painted_{0};
};

}  // namespace stack::cli
