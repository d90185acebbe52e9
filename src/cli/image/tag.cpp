#include "cli/verbs.hpp"
#include "image/store.hpp"

namespace stack::cli {

int tag_image(Context& context, const Flags& flags) {
    image::ImageStore store{context.paths};
    store.tag(store.get(flags.words()[0]).id, image::parse_reference(flags.words()[1]));
    return 0;
}

}  // namespace stack::cli
