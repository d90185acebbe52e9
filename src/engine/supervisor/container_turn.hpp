#pragma once

#include "engine/supervisor/container.hpp"

namespace stack::engine::supervisor {

/// Only one operation at a time works on a container.
class Container::Turn {
public:
    explicit Turn(Container& container) : container_{container.shared_from_this()} { container_->busy_ = true; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        container_->busy_ = false;
        container_->changed.notify();
    }

private:
    std::shared_ptr<Container> container_;
};

}  // namespace stack::engine::supervisor
