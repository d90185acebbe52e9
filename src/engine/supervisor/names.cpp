#include "engine/supervisor/names.hpp"

#include <array>
#include <string_view>

#include "support/random.hpp"
#include "support/text.hpp"

namespace stack::engine::supervisor {
namespace {

constexpr std::array<std::string_view, 64> qualities{
    "amber",   "agile",  "bold",   "brave",  "brisk",  "bright", "calm",    "candid", "clever",  "cosy",   "crisp",
    "curious", "deft",   "eager",  "early",  "fair",   "fleet",  "frank",   "fresh",  "gentle",  "glad",   "golden",
    "grand",   "happy",  "hardy",  "honest", "humble", "jolly",  "keen",    "kind",   "lively",  "loyal",  "lucid",
    "mellow",  "merry",  "mild",   "neat",   "nimble", "noble",  "patient", "plain",  "polite",  "prompt", "proud",
    "quick",   "quiet",  "rapid",  "ready",  "robust", "serene", "sharp",   "silent", "sincere", "smooth", "snug",
    "spry",    "steady", "sturdy", "sunny",  "swift",  "tidy",   "vivid",   "warm",   "wise"};

constexpr std::array<std::string_view, 64> animals{
    "adder",     "alpaca", "badger", "beaver",  "bison",   "bittern", "buzzard", "camel",  "chamois", "condor",
    "cormorant", "crane",  "curlew", "deer",    "dipper",  "dolphin", "dove",    "eagle",  "egret",   "eider",
    "falcon",    "ferret", "finch",  "fox",     "gannet",  "gecko",   "goose",   "grebe",  "hare",    "hedgehog",
    "heron",     "ibex",   "ibis",   "jackdaw", "kestrel", "kite",    "lapwing", "lark",   "linnet",  "lynx",
    "marten",    "mole",   "newt",   "orca",    "osprey",  "otter",   "owl",     "petrel", "pigeon",  "plover",
    "puffin",    "raven",  "robin",  "seal",    "shrew",   "siskin",  "sparrow", "stoat",  "swan",    "tapir",
    "tern",      "thrush", "vole",   "wren"};

}  // namespace

std::string made_up_name() {
    const std::string random = random_hex(2);
    const auto value = static_cast<size_t>(parse_uint(random, 16).value_or(0));
    std::string name{qualities[value % qualities.size()]};
    return name.append("_").append(animals[value / qualities.size() % animals.size()]);
}

}  // namespace stack::engine::supervisor
