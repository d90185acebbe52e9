// systemd's native protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/; field names of Docker's journald driver.
#include <cctype>
#include <cstring>

#include <fmt/format.h>

#include "engine/logs/local_socket.hpp"
#include "engine/logs/targets.hpp"
#include "engine/logs/time_text.hpp"

namespace stack::engine::logs {
namespace {

void add_field(std::string& to, std::string_view name, std::string_view value) {
    to += name;
    if (value.find('\n') == std::string_view::npos) {
        to.append("=").append(value);
    } else {
        const std::uint64_t length = value.size();  // little-endian, as every machine we run on
        char bytes[sizeof length];
        std::memcpy(bytes, &length, sizeof length);
        to.append("\n").append(bytes, sizeof bytes).append(value);
    }
    to += "\n";
}

/// Journal fields are of capitals, digits and '_', and do not begin with '_'.
std::string field_name(std::string_view name) {
    std::string clean;
    for (const char c : name) {
        clean += std::isalnum(static_cast<unsigned char>(c)) != 0
                     ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
                     : '_';
    }
    clean.erase(0, std::min(clean.find_first_not_of('_'), clean.size()));
    return clean;
}

class Journald final : public Target {
public:
    Journald(const std::filesystem::path& socket, const Options& options, const Origin& origin) : socket_{socket} {
        const auto tag = options.find("tag");
        const std::string rendered = render_tag(tag == options.end() ? "{{.ID}}" : tag->second, origin);
        add_field(fields_, "CONTAINER_ID", origin.id.substr(0, 12));
        add_field(fields_, "CONTAINER_ID_FULL", origin.id);
        add_field(fields_, "CONTAINER_NAME", origin.name);
        add_field(fields_, "CONTAINER_TAG", rendered);
        add_field(fields_, "IMAGE_NAME", origin.image);
        add_field(fields_, "SYSLOG_IDENTIFIER", rendered);
        for (const auto& [name, value] : extra_attributes(options, origin)) {
            if (const std::string clean = field_name(name); !clean.empty()) {
                add_field(fields_, clean, value);
            }
        }
    }

    Sent send(const Message& message) override {
        std::string datagram = fields_;
        add_field(datagram, "MESSAGE", message.text);
        add_field(datagram, "PRIORITY", message.stream == Stream::err ? "3" : "6");
        add_field(datagram, "SYSLOG_TIMESTAMP", rfc3339_nano(message.time_ns));
        if (message.partial) {
            add_field(datagram, "CONTAINER_PARTIAL_MESSAGE", "true");
        }
        return socket_.send(datagram) ? Sent::yes : Sent::later;
    }

    int fd() const override { return socket_.fd(); }

private:
    LocalSocket socket_;
    std::string fields_;
};

}  // namespace

std::unique_ptr<Target> open_journald(const std::filesystem::path& socket, const Options& options,
                                      const Origin& origin) {
    return std::make_unique<Journald>(socket, options, origin);
}

}  // namespace stack::engine::logs
