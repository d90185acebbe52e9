#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "image/tar/input.hpp"

namespace stack::image {

/// Runs a producer of bytes in a thread of its own and gives them on in order, so that decompressing and digesting a
/// layer and writing its files go on at the same time. What the producer throws comes out of next().
class Pump final : public tar::Input {
public:
    using Give = std::function<void(std::string_view)>;

    explicit Pump(std::function<void(const Give&)> producer);
    /// Stops a producer that is still at work.
    ~Pump() override;

    std::string_view next() override;

private:
    void give(std::string_view bytes);
    void run(const std::function<void(const Give&)>& producer);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> full_, empty_;
    std::string current_;
    bool done_{false}, cancelled_{false};
    std::exception_ptr failure_;
    std::thread thread_;
};

}  // namespace stack::image
