#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace stack::cli::tmpl {

/// A value as Go's fmt prints it with %v.
std::string go_text(const nlohmann::json& value);
/// Go's truth: false, 0, "", empty lists and maps and null are false.
bool is_true(const nlohmann::json& value);

/// Calls a function by name. Throws Error if there is none of that name or the arguments do not fit.
nlohmann::json call(const std::string& name, const std::vector<nlohmann::json>& args);
bool is_function(std::string_view name);

}  // namespace stack::cli::tmpl
