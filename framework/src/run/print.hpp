/// Writing progress.
#pragma once

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace tyto::run {

/// Prints as fmt::print() does, but a terminal or pipe that takes no more is no reason to lose a run.
template <class... Values>
void print(std::FILE* stream, fmt::format_string<Values...> text, Values&&... values) {
  std::fputs(fmt::format(text, std::forward<Values>(values)...).c_str(), stream);
}

}  // namespace tyto::run
