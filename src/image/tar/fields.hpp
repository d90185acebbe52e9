#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/tar/header.hpp"

namespace stack::image::tar {

/// Place of a field in the 512 bytes of a header.
struct Field {
    size_t offset, length;
};
inline constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8},
    size_field{124, 12}, mtime_field{136, 12}, checksum_field{148, 8}, link_field{157, 100}, magic_field{257, 6},
    major_field{329, 8}, minor_field{337, 8}, prefix_field{345, 155};
inline constexpr size_t type_offset = 156;

inline std::string_view field(const std::array<char, block_size>& block, Field place) {
    return {block.data() + place.offset, place.length};
}

inline std::string_view until_nul(std::string_view text) {
    return text.substr(0, text.find('\0'));
}

/// Octal with blanks and NULs around it, or GNU's base 256 (highest bit of the first byte set). Empty is 0.
/// Throws Errc::invalid_input on anything else and out of range.
std::int64_t parse_number(std::string_view text);

/// "1714566896.123456789" of a pax header: the seconds, rounded down, and the rest.
std::int64_t parse_pax_time(std::string_view text, std::uint32_t& nanoseconds);

/// Throws Errc::invalid_input if the checksum is wrong: signed and unsigned sums count, as in every tar.
void check_header(const std::array<char, block_size>& block);

/// The name, behind the prefix where the header is POSIX ustar (GNU headers have other things there).
std::string full_name(const std::array<char, block_size>& block);

/// offset, length, offset, length, …; an odd number or a negative one makes a run that fits nowhere.
std::vector<Entry::SparseRun> sparse_runs(const std::vector<std::int64_t>& numbers);

/// Whether the runs are in order, inside the file, and as long as the content that is stored.
bool fits_sparse_map(const Entry& entry, std::int64_t stored);

}  // namespace stack::image::tar
