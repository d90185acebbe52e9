#pragma once

#include "harness/test_root.hpp"
#include "image/store.hpp"

namespace stack::testing {

/// A test's own root with a store of images in it.
struct ImageRoot {
    TestRoot root;
    const Paths& paths{root.paths()};
    image::ImageStore store{root.paths()};
};

}  // namespace stack::testing
