#include "engine/supervisor/restart_policy.hpp"

#include <catch2/catch.hpp>

using namespace stack;
using namespace stack::engine::supervisor;
using namespace std::chrono_literals;
using Condition = desired::RestartPolicy::Condition;

TEST_CASE("the pause doubles from 100 ms to a minute, and begins anew after a long run", "[supervisor]") {
    Restarter restarter;
    desired::RestartPolicy always;
    always.condition = Condition::always;
    EndOfRun end;
    end.exit_code = 0;
    CHECK(restarter.decide(always, end) == 100ms);
    CHECK(restarter.decide(always, end) == 200ms);
    CHECK(restarter.decide(always, end) == 400ms);
    for (int i = 0; i < 20; ++i) {
        restarter.decide(always, end);
    }
    CHECK(restarter.decide(always, end) == 1min);
    end.ran = 10s;
    CHECK(restarter.decide(always, end) == 100ms);
}

TEST_CASE("each policy restarts what it should", "[supervisor]") {
    const auto decides = [](Condition condition, std::optional<int> code, bool by_user, int count = 0, int most = 0) {
        Restarter restarter;
        desired::RestartPolicy policy;
        policy.condition = condition;
        policy.max_attempts = most;
        return restarter.decide(policy, {code, by_user, count, 0ns}).has_value();
    };
    CHECK_FALSE(decides(Condition::no, 1, false));
    CHECK(decides(Condition::always, 0, false));
    CHECK_FALSE(decides(Condition::always, 0, true));
    CHECK(decides(Condition::unless_stopped, 0, false));
    CHECK(decides(Condition::on_failure, 1, false));
    CHECK_FALSE(decides(Condition::on_failure, 0, false));
    CHECK(decides(Condition::on_failure, std::nullopt, false));
    CHECK(decides(Condition::on_failure, 1, false, 2, 3));
    CHECK_FALSE(decides(Condition::on_failure, 1, false, 3, 3));
}
