// A registry that lies, stalls, truncates, sends in circles or speaks garbage: each ends in one sentence, and leaves
// nothing.
#include <atomic>
#include <cstdlib>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "harness/image_fixture.hpp"
#include "harness/scripted_server.hpp"
#include "harness/tar_builder.hpp"
#include "image/media_types.hpp"
#include "image/pull.hpp"
#include "image/repository_tags.hpp"
#include "support/digest.hpp"
#include "support/error.hpp"
#include "support/text.hpp"

using namespace stack;
using namespace stack::image;
using stack::testing::http_answer;
using stack::testing::ImageRoot;
using stack::testing::ScriptedServer;
using stack::testing::TarBuilder;

namespace {

std::string digest_of(const std::string& bytes) {
    return "sha256:" + sha256_hex(bytes);
}

/// A small image as an honest registry would have it.
struct Content {
    std::string layer = TarBuilder{}.file("hello", std::string(100'000, 'x')).end();
    std::string config =
        fmt::format(R"({{"architecture":"{}","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}"]}}}})",
                    host_platform().architecture, digest_of(layer));
    std::string manifest() const {
        return fmt::format(
            R"({{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"{}","size":{}}},)"
            R"("layers":[{{"mediaType":"{}","digest":"{}","size":{}}}]}})",
            media_type::oci_manifest, media_type::oci_config, digest_of(config), config.size(), media_type::oci_layer,
            digest_of(layer), layer.size());
    }
    std::string answer(const ScriptedServer::Request& request) const {
        if (request.path.find("/manifests/") != std::string::npos) {
            return http_answer(200, manifest(), {std::string{"Content-Type: "} + media_type::oci_manifest});
        }
        return http_answer(200, request.path.ends_with(digest_of(config)) ? config : layer);
    }
};

bool is_layer(const ScriptedServer::Request& request, const Content& content) {
    return request.path.ends_with(digest_of(content.layer));
}

std::string failure_of(const ScriptedServer::Script& script,
                       ScriptedServer::Ending ending = ScriptedServer::Ending::closes) {
    ::setenv("DOCKER_CONFIG", "/nonexistent", 1);
    ::unsetenv("STACK_REGISTRIES");
    const ScriptedServer server{script, ending};
    ImageRoot root;
    std::string message;
    try {
        pull_image(root.store, parse_reference(server.address() + "/a:1"));
    } catch (const Error& error) {
        message = error.what();
    }
    CHECK(root.store.list().empty());
    CHECK(std::filesystem::is_empty(root.paths.layers()));
    return message;
}

}  // namespace

TEST_CASE("a cut connection goes on where it was", "[image][registry][hostile]") {
    ::setenv("DOCKER_CONFIG", "/nonexistent", 1);
    const Content content;
    std::atomic<int> asked{0};
    std::atomic<bool> ranged{false};
    const ScriptedServer server{[&](const ScriptedServer::Request& request) {
        if (!is_layer(request, content)) {
            return content.answer(request);
        }
        const auto range = request.headers.find("range");
        if (range == request.headers.end()) {
            ++asked;
            return http_answer(200, content.layer).substr(0, 40'000);
        }
        ranged = true;
        const auto from = parse_uint(range->second.substr(6, range->second.find('-', 6) - 6)).value();
        return http_answer(206, content.layer.substr(from));
    }};
    ImageRoot root;
    pull_image(root.store, parse_reference(server.address() + "/a:1"));
    CHECK(asked == 1);
    CHECK(ranged);
    CHECK(root.store.find(server.address() + "/a:1"));
    CHECK(std::filesystem::is_empty(root.paths.temporary()));
}

TEST_CASE("a registry that stalls is asked again, and counts as down when it stays silent",
          "[image][registry][hostile]") {
    ::setenv("DOCKER_CONFIG", "/nonexistent", 1);
    ::setenv("STACK_REGISTRY_TIMEOUT", "1s", 1);
    const Content content;
    std::atomic<bool> ranged{false};
    const auto answer = [&](const ScriptedServer::Request& request) {
        const auto range = request.headers.find("range");
        if (is_layer(request, content) && range == request.headers.end()) {
            return http_answer(200, content.layer).substr(0, 40'000);
        }
        if (range == request.headers.end()) {
            return content.answer(request);
        }
        ranged = true;
        const auto from = parse_uint(range->second.substr(6, range->second.find('-', 6) - 6)).value();
        return http_answer(206, content.layer.substr(from));
    };
    const ScriptedServer server{answer, ScriptedServer::Ending::stalls};
    ImageRoot root;
    pull_image(root.store, parse_reference(server.address() + "/a:1"));
    CHECK(ranged);
    CHECK(root.store.find(server.address() + "/a:1"));

    CHECK_THAT(failure_of([](const auto&) { return std::string{}; }, ScriptedServer::Ending::stalls),
               Catch::Contains("cannot talk to '127.0.0.1:") && Catch::Contains("no answer in time"));
    ::setenv("STACK_REGISTRY_TIMEOUT", "soon", 1);
    CHECK_THAT(failure_of([&](const auto& request) { return content.answer(request); }),
               Catch::Contains("STACK_REGISTRY_TIMEOUT is 'soon'"));
    ::unsetenv("STACK_REGISTRY_TIMEOUT");
}

TEST_CASE("a registry that cuts every connection is given up", "[image][registry][hostile]") {
    const Content content;
    int asked = 0;
    CHECK_THAT(failure_of([&](const auto& request) {
                   return is_layer(request, content) && ++asked > 0 ? http_answer(200, content.layer).substr(0, 40'000)
                                                                    : content.answer(request);
               }),
               Catch::Contains("the connection was cut"));
    CHECK(asked > 1);
    CHECK_THAT(failure_of([](const auto&) { return std::string{}; }), Catch::Contains("cannot talk to"));
    CHECK_THAT(failure_of([&](const auto& request) {
                   return is_layer(request, content) ? http_answer(200, content.layer)
                                                     : http_answer(200, "x").substr(0, 9);
               }),
               Catch::Contains("cannot talk to"));
}

TEST_CASE("a registry that asks for a pause gets it, and one that asks for a long one is told of",
          "[image][registry][hostile]") {
    ::setenv("DOCKER_CONFIG", "/nonexistent", 1);
    const Content content;
    std::atomic<int> refused{0};
    const ScriptedServer busy{[&](const ScriptedServer::Request& request) {
        if (is_layer(request, content) && ++refused <= 2) {
            return http_answer(429, "",
                               {refused == 1 ? "Retry-After: 2" : "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"});
        }
        return content.answer(request);
    }};
    ImageRoot root;
    std::vector<std::string> notices;
    pull_image(root.store, parse_reference(busy.address() + "/a:1"), {}, [&](const Progress& event) {
        if (event.kind == Progress::Kind::notice) {
            notices.push_back(event.text);
        }
    });
    CHECK(refused == 3);
    CHECK(notices == std::vector{fmt::format("registry '{}' says that there are too many requests; trying again in 2s",
                                             busy.address())});

    int asked = 0;
    const auto failure = failure_of([&](const auto&) {
        ++asked;
        return http_answer(429,
                           R"({"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull limit"}]})",
                           {"Retry-After: 7200"});
    });
    CHECK(asked == 1);
    CHECK_THAT(failure, Catch::Contains("says that there are too many requests: You have reached your pull limit; it "
                                        "asks to wait 2h0m0s"));
}

TEST_CASE("a registry is reached by the proxy of the environment, one on the loopback interface never",
          "[image][registry]") {
    ::setenv("DOCKER_CONFIG", "/nonexistent", 1);
    const Content content;
    std::vector<std::string> asked;
    const ScriptedServer proxy{[&](const ScriptedServer::Request& request) {
        asked.push_back(request.path);
        return content.answer(request);
    }};
    const ScriptedServer direct{[&](const auto& request) { return content.answer(request); }};
    ImageRoot root;
    const auto settings = root.root.dir() / "registries.json";
    write_file(settings,
               R"({"registries": {"registry.example": {"insecure": true}, "other.example": {"insecure": true}}})");
    ::setenv("STACK_REGISTRIES", settings.c_str(), 1);
    for (const char* name : {"http_proxy", "HTTP_PROXY"}) {
        asked.clear();
        ::setenv(name, ("http://" + proxy.address()).c_str(), 1);
        pull_image(root.store, parse_reference("registry.example/a:1"));
        REQUIRE_FALSE(asked.empty());
        CHECK(asked.front().starts_with("http://registry.example/v2/a/manifests/"));
        asked.clear();
        pull_image(root.store, parse_reference(direct.address() + "/a:1"));
        CHECK(asked.empty());
        ::setenv("NO_PROXY", "elsewhere.example, other.example", 1);
        CHECK_THROWS_WITH(pull_image(root.store, parse_reference("other.example/a:1")),
                          Catch::Contains("the name 'other.example' is not known"));
        CHECK(asked.empty());
        ::unsetenv("NO_PROXY");
        ::unsetenv(name);
        root.store.remove("registry.example/a:1");
        root.store.remove(direct.address() + "/a:1");
    }
    ::setenv("http_proxy", "http://proxy.nowhere.example:1", 1);
    CHECK_THROWS_WITH(pull_image(root.store, parse_reference("registry.example/a:1")),
                      Catch::Contains("cannot talk to 'registry.example': the name of the proxy is not known"));
    ::unsetenv("http_proxy");
    ::unsetenv("STACK_REGISTRIES");
}

TEST_CASE("a token is fetched where the registry says so", "[image][registry][hostile]") {
    ::setenv("DOCKER_CONFIG", "/nonexistent", 1);
    const Content content;
    std::string address;
    std::string token_request;
    const ScriptedServer server{[&](const ScriptedServer::Request& request) {
        if (request.path.starts_with("/token")) {
            token_request = request.path;
            return http_answer(200, R"({"token":"abc"})");
        }
        const auto authorization = request.headers.find("authorization");
        if (authorization == request.headers.end() || authorization->second != "Bearer abc") {
            return http_answer(
                401, "{}",
                {fmt::format(R"(WWW-Authenticate: Bearer realm="http://{}/token",service="reg.test")", address)});
        }
        return content.answer(request);
    }};
    address = server.address();
    ImageRoot root;
    pull_image(root.store, parse_reference(server.address() + "/a:1"));
    CHECK(token_request == "/token?service=reg.test&scope=repository%3Aa%3Apull");
}

TEST_CASE("a lying registry is found out", "[image][registry][hostile]") {
    const Content content;
    CHECK_THAT(failure_of([&](const auto& request) {
                   return is_layer(request, content) ? http_answer(200, std::string(content.layer.size(), 'y'))
                                                     : content.answer(request);
               }),
               Catch::Contains("gave other content for layer"));
    CHECK_THAT(failure_of([&](const auto& request) {
                   return is_layer(request, content) ? http_answer(200, content.layer + "more")
                                                     : content.answer(request);
               }),
               Catch::Contains("sends more than the manifest says"));
    CHECK_THAT(failure_of([&](const auto& request) {
                   return request.path.ends_with(digest_of(content.config)) ? http_answer(200, "{}")
                                                                            : content.answer(request);
               }),
               Catch::Contains("gave other content for blob"));
    const auto index = fmt::format(
        R"({{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"{}"}}}}]}})",
        media_type::oci_manifest, digest_of("another"), content.manifest().size(), host_platform().architecture);
    CHECK_THAT(failure_of([&](const auto& request) {
                   const bool first = request.path.ends_with("/manifests/1");
                   return first ? http_answer(200, index, {std::string{"Content-Type: "} + media_type::oci_index})
                                : content.answer(request);
               }),
               Catch::Contains("gave a manifest with digest"));
    CHECK_THAT(failure_of([&](const auto& request) {
                   return is_layer(request, content) ? http_answer(200, content.layer.substr(0, 100))
                                                     : content.answer(request);
               }),
               Catch::Contains("other content for layer") || Catch::Contains("too early"));
}

TEST_CASE("a registry that speaks garbage gets a sentence", "[image][registry][hostile]") {
    CHECK_THAT(failure_of([](const auto&) { return http_answer(200, "garbage"); }),
               Catch::Contains("not a JSON object"));
    CHECK_THAT(failure_of([](const auto&) { return std::string{"SSH-2.0-OpenSSH_9.2\r\n"}; }),
               Catch::Contains("cannot talk to"));
    CHECK_THAT(failure_of([](const auto&) { return http_answer(200, std::string("\xff\x00\x1b[2J", 6)); }),
               Catch::Contains("not a JSON object") && !Catch::Contains("\x1b"));
    CHECK_THAT(failure_of([](const auto&) { return http_answer(200, "{}"); }),
               Catch::Contains("neither a manifest nor an index"));
    CHECK_THAT(failure_of([](const auto&) { return http_answer(418, "teapot"); }), Catch::Contains("answered 418"));
    CHECK_THAT(failure_of([](const auto& request) {
                   return fmt::format(
                       "HTTP/1.1 302 X\r\nLocation: {}x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                       request.path);
               }),
               Catch::Contains("redirects in circles"));
    std::string other;
    const ScriptedServer back{[&](const auto& request) {
        return fmt::format("HTTP/1.1 307 X\r\nLocation: http://{}{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                           other, request.path);
    }};
    CHECK_THAT(failure_of([&](const auto& request) {
                   other = request.headers.at("host");
                   return fmt::format(
                       "HTTP/1.1 307 X\r\nLocation: http://{}{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                       back.address(), request.path);
               }),
               Catch::Contains("redirects in circles"));
    CHECK_THAT(failure_of([](const auto&) {
                   return std::string{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"} +
                          std::string(9 << 20, 'x');
               }),
               Catch::Contains("is larger than"));
    CHECK_THAT(failure_of([](const auto&) {
                   return http_answer(401, "{}", {R"(WWW-Authenticate: Bearer realm="file:///etc/passwd")"});
               }),
               Catch::Contains("no HTTPS address"));
    CHECK_THAT(failure_of([](const auto&) {
                   return http_answer(403, R"({"errors":[{"code":"DENIED","message":"go away"}]})");
               }),
               Catch::Contains("refuses access") && Catch::Contains("go away"));
}

TEST_CASE("the tags of a repository come in pages, however often the registry says that there is one more",
          "[image][registry][hostile]") {
    ::setenv("DOCKER_CONFIG", "/nonexistent", 1);
    std::string second = http_answer(200, R"({"tags":["2"]})");
    const ScriptedServer server{[&](const ScriptedServer::Request& request) {
        if (request.path == "/v2/a/tags/list") {
            return http_answer(200, R"({"name":"a","tags":["1",7]})",
                               {R"(Link: </v2/a/tags/list?last=1>; rel="next")"});
        }
        return second;
    }};
    const auto tags = [&] {
        std::vector<std::string> found;
        for (const auto& name : repository_tags(parse_reference(server.address() + "/a"))) {
            found.push_back(name.tag);
        }
        return found;
    };
    CHECK(tags() == std::vector<std::string>{"1", "2"});
    const std::string circle = R"(Link: </v2/a/tags/list?last=1>; rel="next")";
    second = http_answer(200, R"({"tags":null})", {circle});
    CHECK(tags() == std::vector<std::string>{"1"});
    second = http_answer(200, "garbage");
    CHECK_THROWS_WITH(tags(), Catch::Contains("gives no list of tags"));
    second = http_answer(200, R"({"tags":["../../x"]})");
    CHECK_THROWS_WITH(tags(), Catch::Contains("invalid image reference"));
    std::string many = R"({"tags":["x")";
    for (int i = 0; i < 20'000; ++i) {
        many += R"(,"x")";
    }
    second = http_answer(200, many + "]}", {circle});
    CHECK_THROWS_WITH(tags(), Catch::Contains("lists more than 100000 tags"));
}

TEST_CASE("an index leads to this machine's manifest, or says what there is", "[image][registry][hostile]") {
    const Content content;
    const std::string index = fmt::format(
        R"({{"schemaVersion":2,"manifests":[{{"mediaType":"{0}","digest":"{1}","size":{2},"platform":{{"os":"linux","architecture":"s390x"}}}}]}})",
        media_type::oci_manifest, digest_of(content.manifest()), content.manifest().size());
    CHECK_THAT(failure_of([&](const auto&) {
                   return http_answer(200, index, {std::string{"Content-Type: "} + media_type::oci_index});
               }),
               Catch::Contains("has no version for platform"));
}
