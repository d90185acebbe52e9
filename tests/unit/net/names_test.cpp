#include "net/names.hpp"

#include <catch2/catch.hpp>

using namespace stack::net;

namespace {

std::vector<std::string> resolved(const NameView& view, std::string_view name) {
    std::vector<std::string> out;
    if (const auto* addresses = view.resolve(name)) {
        for (const auto& address : *addresses) {
            out.push_back(to_string(address));
        }
    }
    return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the first network that knows a name answers, links before all of them", "[net][names]") {
    const auto front = std::make_shared<Zone>(), back = std::make_shared<Zone>();
    front->add("Web", IpAddress::parse("172.18.0.2"));
    back->add("web", IpAddress::parse("172.19.0.2"));
    back->add("db", IpAddress::parse("172.19.0.3"));
    EndpointView view;
    view.add_network("blog_front", front);
    view.add_network("blog_back", back);
    CHECK(resolved(view, "web") == Texts{"172.18.0.2"});
    CHECK(resolved(view, "web.blog_back") == Texts{"172.19.0.2"});
    CHECK(resolved(view, "db") == Texts{"172.19.0.3"});
    CHECK(view.resolve("db.blog_front") == nullptr);
    CHECK(view.resolve(".blog_back") == nullptr);
    CHECK(view.resolve("blog_back") == nullptr);
    view.own().add("db", IpAddress::parse("10.0.0.1"));
    CHECK(resolved(view, "db") == Texts{"10.0.0.1"});
    view.remove_network("blog_front");
    CHECK(resolved(view, "web") == Texts{"172.19.0.2"});
}

TEST_CASE("a name lives as long as one of its addresses", "[net][names]") {
    const auto zone = std::make_shared<Zone>();
    EndpointView view;
    view.add_network("n", zone);
    const auto one = IpAddress::parse("172.18.0.2"), two = IpAddress::parse("172.18.0.3");
    zone->add("web", one);
    zone->add("web", two);
    zone->add("web", two);
    CHECK(resolved(view, "web") == Texts{"172.18.0.2", "172.18.0.3"});
    zone->remove("WEB", one);
    CHECK(resolved(view, "web") == Texts{"172.18.0.3"});
    zone->remove("web", two);
    CHECK(view.resolve("web") == nullptr);
    zone->set_subnets({Subnet::parse("172.18.0.0/16")});
    zone->set_reverse(one, "blog-web-1.n");
    CHECK(view.reverse(one) == "blog-web-1.n");
    CHECK(view.reverse(two).empty());
    CHECK(view.owns(two));
    CHECK_FALSE(view.owns(IpAddress::parse("10.0.0.1")));
}
