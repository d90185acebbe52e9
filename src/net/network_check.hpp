#pragma once

#include "net/network.hpp"

namespace stack::net {

/// What can be said about a request without looking at the host: name, driver, options, pools. Throws
/// Errc::invalid_input or unsupported with a sentence about the first thing that is wrong.
void check_request(const NetworkRequest& request);

}  // namespace stack::net
