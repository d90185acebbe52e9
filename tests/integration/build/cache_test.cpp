// Build caches that travel, and what decides whether a step is carried out again.
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>

#include "build/cache_image.hpp"
#include "image/archive.hpp"
#include "support/error.hpp"
#include "support/kernel/syscalls.hpp"
#include "workshop.hpp"

using namespace stack;
using namespace stack::build;
using stack::testing::Workshop;

namespace {

constexpr const char* two_stages =
    "FROM busybox AS first\nRUN echo 1 > /one\nFROM busybox\nCOPY --from=first /one /one\nRUN echo 2 > /two\n";

/// Carries the cache images of one root over to another.
class Courier {
public:
    explicit Courier(const Workshop& from) : file_{from.root.dir() / "cache.tar"}, from_{from} {}

    std::function<void(const std::string&)> taker() {
        return [this](const std::string& id) {
            ids_.push_back(id);
            const image::ImageStore store{from_.paths};
            const UniqueFd fd = kernel::open_at(AT_FDCWD, file_, O_WRONLY | O_CREAT | O_TRUNC, 0600);
            image::save_archive(store, ids_, fd.get());
        };
    }
    size_t images() const { return ids_.size(); }
    size_t deliver(const Workshop& to) const {
        image::ImageStore store{to.paths};
        const Database database{to.paths.database()};
        const UniqueFd fd = kernel::open_at(AT_FDCWD, file_, O_RDONLY);
        size_t steps = 0;
        for (const auto& loaded : image::load_archive(store, fd.get())) {
            steps += import_cache_image(store, database, *store.find_by_id(loaded.id));
            store.remove(loaded.id, {.force = true});
        }
        return steps;
    }

private:
    std::filesystem::path file_;
    const Workshop& from_;
    std::vector<std::string> ids_;
};

}  // namespace

TEST_CASE("a cache that was exported spares the steps elsewhere", "[build][cache]") {
    Workshop here;
    Courier courier{here};
    here.request.export_cache = courier.taker();
    here.request.cache_all_stages = true;
    const auto id = here.build(two_stages);
    CHECK(courier.images() == 2);
    CHECK(image::ImageStore{here.paths}.list().size() == 2);  // busybox and the result: cache images are gone

    Workshop there;
    CHECK(courier.deliver(there) == 3);
    CHECK(image::ImageStore{there.paths}.list().size() == 1);
    const auto again = there.build(two_stages);
    CHECK(there.was_cached("RUN echo 1"));
    CHECK(there.was_cached("RUN echo 2"));
    CHECK(there.file(again, "/two") == "2\n");
    CHECK(there.image(again).chain_ids == here.image(id).chain_ids);
}

TEST_CASE("mode=min carries the result's steps only", "[build][cache]") {
    Workshop here;
    Courier courier{here};
    here.request.export_cache = courier.taker();
    here.build(two_stages);
    CHECK(courier.images() == 1);
    Workshop there;
    CHECK(courier.deliver(there) == 2);
    there.build(two_stages);
    CHECK(there.was_run("RUN echo 1"));
    CHECK(there.was_cached("RUN echo 2"));
}

TEST_CASE("an image with an inline cache brings its steps along", "[build][cache]") {
    Workshop shop;
    shop.request.inline_cache = true;
    const auto id = shop.build("FROM busybox\nRUN echo 1 > /one\n");
    image::ImageStore store{shop.paths};
    const auto config = nlohmann::json::parse(store.get(id).config.original);
    REQUIRE(config["stack.cache"].size() == 1);
    CHECK(config["stack.cache"][0]["diff_id"] == store.get(id).config.diff_ids.back());

    auto lying = config;
    lying["stack.cache"][0]["diff_id"] = store.get("busybox").config.diff_ids[0];
    lying["stack.cache"][0]["key"] = "../../x";
    const auto liar = store.put_image(lying.dump(), std::nullopt);
    const Database database{shop.paths.database()};
    CHECK_THROWS_WITH(import_cache_image(store, database, *store.find_by_id(liar)), Catch::Contains("is damaged"));
}
