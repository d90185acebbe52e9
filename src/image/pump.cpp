#include "image/pump.hpp"

namespace stack::image {
namespace {

constexpr size_t most_waiting = 16;

struct Cancelled {};

}  // namespace

Pump::Pump(std::function<void(const Give&)> producer)
    : thread_{[this, producer = std::move(producer)] { run(producer); }} {}

Pump::~Pump() {
    {
        const std::lock_guard lock{mutex_};
        cancelled_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Pump::run(const std::function<void(const Give&)>& producer) {
    std::exception_ptr failure;
    try {
        producer([this](std::string_view bytes) { give(bytes); });
    } catch (const Cancelled&) {
    } catch (...) {
        failure = std::current_exception();
    }
    const std::lock_guard lock{mutex_};
    failure_ = failure;
    done_ = true;
    changed_.notify_all();
}

void Pump::give(std::string_view bytes) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return full_.size() < most_waiting || cancelled_; });
    if (cancelled_) {
        throw Cancelled{};
    }
    std::string buffer;
    if (!empty_.empty()) {
        buffer = std::move(empty_.back());
        empty_.pop_back();
    }
    lock.unlock();
    buffer.assign(bytes);
    lock.lock();
    full_.push_back(std::move(buffer));
    changed_.notify_all();
}

std::string_view Pump::next() {
    std::unique_lock lock{mutex_};
    if (current_.capacity() > 0 && empty_.size() < most_waiting) {
        empty_.push_back(std::move(current_));
    }
    changed_.wait(lock, [this] { return !full_.empty() || done_; });
    if (full_.empty()) {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        return {};
    }
    current_ = std::move(full_.front());
    full_.pop_front();
    changed_.notify_all();
    return current_;
}

}  // namespace stack::image
