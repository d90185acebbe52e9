#pragma once

#include <future>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace stack::test {

/// The worker's event loop, in a thread of its own so that a test can wait for clients.
class Loop {
public:
    Loop() : guard_{boost::asio::make_work_guard(context)}, thread_{[this] { context.run(); }} {}
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        guard_.reset();
        context.stop();
        thread_.join();
    }
    /// In the loop's thread; returns when it is done, rethrows.
    template <class Body>
    void run(Body body) {
        std::packaged_task<void()> task{std::move(body)};
        auto done = task.get_future();
        boost::asio::post(context, [&] { task(); });
        done.get();
    }
    boost::asio::io_context context;

private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    std::thread thread_;
};

}  // namespace stack::test
