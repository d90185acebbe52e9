#include "engine/supervisor/health.hpp"

#include <catch2/catch.hpp>

using namespace stack;
using namespace stack::engine;
using namespace stack::engine::supervisor;
using namespace std::chrono_literals;

namespace {

Health probe(const Health& before, int exit_code, bool in_start_period = false) {
    desired::Healthcheck check;
    check.retries = 2;
    HealthProbe done;
    done.exit_code = exit_code;
    return after_probe(before, check, done, in_start_period);
}

}  // namespace

TEST_CASE("failures in a row make it unhealthy, one success healthy again", "[supervisor]") {
    Health health;
    health.status = HealthStatus::starting;
    health = probe(health, 1);
    CHECK(health.status == HealthStatus::starting);
    health = probe(health, 1);
    CHECK(health.status == HealthStatus::unhealthy);
    health = probe(health, 0);
    CHECK(health.status == HealthStatus::healthy);
    CHECK(health.failing_streak == 0);
    CHECK(health.log.size() == 3);
}

TEST_CASE("failures in the start period do not count", "[supervisor]") {
    Health health;
    health.status = HealthStatus::starting;
    for (int i = 0; i < 9; ++i) {
        health = probe(health, 1, true);
    }
    CHECK(health.status == HealthStatus::starting);
    CHECK(health.log.size() == 5);
}

TEST_CASE("the image's healthcheck fills what the service leaves open", "[supervisor]") {
    image::ImageConfig image;
    desired::ContainerSpec spec;
    CHECK_FALSE(effective_healthcheck(spec, image));
    image.healthcheck = image::ImageHealthcheck{};
    image.healthcheck->test = {"CMD", "true"};
    image.healthcheck->interval = 5s;
    CHECK(effective_healthcheck(spec, image)->interval == 5s);
    CHECK(effective_healthcheck(spec, image)->retries == 3);
    spec.healthcheck = desired::Healthcheck{};
    spec.healthcheck->has_retries = true;
    spec.healthcheck->retries = 9;
    CHECK(effective_healthcheck(spec, image)->retries == 9);
    CHECK(effective_healthcheck(spec, image)->test.back() == "true");
    spec.healthcheck->disabled = true;
    CHECK_FALSE(effective_healthcheck(spec, image));
}
