#include <catch2/catch.hpp>
#include <linux/netlink.h>

#include "integration/net/test_host.hpp"
#include "net/netlink/links.hpp"

using namespace stack::net;
using namespace stack::test;

TEST_CASE("thousands of messages at once are all answered", "[net][netlink]") {
    TestHost host;
    netlink::Socket socket{NETLINK_ROUTE};
    std::vector<netlink::Message> batch;
    for (int index = 1; index <= 4000; ++index) {
        // There are no such links, which this message tolerates.
        batch.push_back(netlink::remove_link(1'000'000 + index, "none"));
    }
    socket.execute(batch);
    // Nothing of the answers is left over for the next who asks.
    CHECK(netlink::list_links(socket).size() >= 1);
}
