#include "desired/hash.hpp"

#include "desired/json.hpp"
#include "support/digest.hpp"

namespace stack::desired {

std::string config_hash(const ServiceSpec& service) {
    ContainerSpec spec = service.container;
    for (auto& port : spec.ports) {
        port.pos = {};
    }
    for (auto& mount : spec.mounts) {
        mount.pos = {};
    }
    return sha256_hex(service.container_name + '\0' + to_json(spec));
}

}  // namespace stack::desired
