#include "engine/supervisor/keeper_link.hpp"

#include <string>
#include <thread>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "support/error.hpp"

using namespace stack;
using namespace stack::engine::supervisor;

TEST_CASE("a keeper that is slow hears everything before it hears that we leave", "[supervisor]") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    const UniqueFd keeper{pair[1]};
    REQUIRE(::fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
    Loop loop{1};
    KeeperLink link{loop, "p", UniqueFd{pair[0]}, -1, -1};
    // Nobody reads yet: most of this stays with the link.
    constexpr int many = 5000;
    for (int i = 0; i < many; ++i) {
        link.drop(fmt::format("container{}/", i));
    }
    int drops = 0, leaves = 0;
    std::thread reader{[&] {
        Received received;
        for (Receive how = Receive::nothing; leaves == 0 && how != Receive::closed;) {
            pollfd waiting{keeper.get(), POLLIN, 0};
            ::poll(&waiting, 1, -1);
            how = receive_message(keeper.get(), received);
            if (how == Receive::message) {
                drops += received.message.type == MessageType::drop ? 1 : 0;
                leaves += received.message.type == MessageType::leave ? 1 : 0;
            }
        }
    }};
    link.leave();
    reader.join();
    CHECK(drops == many);
    CHECK(leaves == 1);
}
