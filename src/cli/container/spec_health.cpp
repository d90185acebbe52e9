#include <fmt/format.h>

#include "cli/container/spec_flags.hpp"

namespace stack::cli {

void take_health_flags(const Flags& flags, desired::ContainerSpec& spec) {
    desired::Healthcheck check;
    if (flags.on("no-healthcheck")) {
        for (const char* other : {"health-cmd", "health-interval", "health-timeout", "health-start-period",
                                  "health-start-interval", "health-retries"}) {
            if (flags.given(other)) {
                throw UsageError{fmt::format("conflicting options: --no-healthcheck and --{}", other)};
            }
        }
        check.disabled = true;
        spec.healthcheck = check;
        return;
    }
    const auto take = [&](const char* name, std::chrono::nanoseconds& value, bool& given) {
        given = flags.given(name);
        value = given ? duration_flag(flags, name) : value;
    };
    take("health-interval", check.interval, check.has_interval);
    take("health-timeout", check.timeout, check.has_timeout);
    take("health-start-period", check.start_period, check.has_start_period);
    take("health-start-interval", check.start_interval, check.has_start_interval);
    if (const std::optional<std::string> command = flags.value("health-cmd")) {
        check.test = {"CMD-SHELL", *command};
        check.has_test = true;
    }
    if (const std::optional<long> retries = flags.number("health-retries")) {
        check.retries = static_cast<int>(*retries);
        check.has_retries = true;
    }
    if (check.has_test || check.has_interval || check.has_timeout || check.has_start_period ||
        check.has_start_interval || check.has_retries) {
        spec.healthcheck = check;
    }
}

}  // namespace stack::cli
