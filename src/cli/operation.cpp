#include "cli/operation.hpp"

#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/progress.hpp"
#include "engine/client.hpp"
#include "support/error.hpp"
#include "support/kernel/unique_fd.hpp"

namespace stack::cli {

class Operation::Shared {
public:
    Shared(const Context& context, std::string project, OperationBody body)
        : bell{check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), [] { return std::string{"make an eventfd"}; })},
          thread{[this, paths = context.paths, project = std::move(project), body = std::move(body)] {
              work(paths, project, body);
          }} {}

    void work(const Paths& paths, const std::string& project, const OperationBody& body) {
        try {
            engine::SupervisorClient own{paths, project};
            {
                const std::lock_guard lock{mutex};
                client = &own;
                if (cancelled) {
                    own.cancel();
                }
            }
            try {
                body(own, [this](const engine::Event& event) { add(event); });
            } catch (...) {
                forget_client();
                throw;
            }
            forget_client();
        } catch (...) {
            const std::lock_guard lock{mutex};
            failure = std::current_exception();
        }
        const std::lock_guard lock{mutex};
        over = true;
        ring();
    }

    void forget_client() {
        const std::lock_guard lock{mutex};
        client = nullptr;
    }

    void add(const engine::Event& event) {
        const std::lock_guard lock{mutex};
        events.push_back(event);
        ring();
    }

    void ring() const {
        const std::uint64_t one = 1;
        (void)!::write(bell.get(), &one, sizeof one);  // can only fail when it is readable already
    }

    mutable std::mutex mutex;
    std::vector<engine::Event> events;
    engine::SupervisorClient* client{nullptr};
    std::exception_ptr failure;
    bool cancelled{false};
    bool over{false};
    UniqueFd bell;
    std::thread thread;  // last: starts when the rest is there
};

Operation::Operation(const Context& context, const std::string& project, OperationBody body)
    : shared_{std::make_unique<Shared>(context, project, std::move(body))} {}

Operation::~Operation() {
    cancel();
    shared_->thread.join();
}

int Operation::fd() const {
    return shared_->bell.get();
}

void Operation::take_events(const engine::EventSink& sink) {
    std::vector<engine::Event> taken;
    {
        const std::lock_guard lock{shared_->mutex};
        std::uint64_t count = 0;
        (void)!::read(shared_->bell.get(), &count, sizeof count);  // EAGAIN: nothing rang
        taken.swap(shared_->events);
        if (shared_->over) {
            shared_->ring();  // stays readable, so that nobody waits for an end that was
        }
    }
    for (const engine::Event& event : taken) {
        sink(event);
    }
}

bool Operation::done() const {
    const std::lock_guard lock{shared_->mutex};
    return shared_->over && shared_->events.empty();
}

void Operation::rethrow() const {
    const std::lock_guard lock{shared_->mutex};
    if (shared_->failure) {
        std::rethrow_exception(shared_->failure);
    }
}

void Operation::cancel() {
    const std::lock_guard lock{shared_->mutex};
    shared_->cancelled = true;
    if (shared_->client) {
        shared_->client->cancel();
    }
}

namespace {

void draw_while_running(Operation& operation, ProgressView& view) {
    constexpr int frame_ms = 100;
    while (!operation.done()) {
        pollfd bell{operation.fd(), POLLIN, 0};
        if (::poll(&bell, 1, frame_ms) == 0) {
            view.tick();
        }
        operation.take_events([&](const engine::Event& event) { view.show(event); });
    }
}

}  // namespace

void run_operation(const Context& context, const std::string& project, const std::string& title,
                   const OperationBody& body) {
    ProgressView view{context, title};
    if (!view.live()) {
        engine::SupervisorClient client{context.paths, project};
        body(client, [&](const engine::Event& event) { view.show(event); });
        return;
    }
    Operation operation{context, project, body};
    draw_while_running(operation, view);
    view.finish();
    operation.rethrow();
}

}  // namespace stack::cli
