#include "options.hpp"

#include <iostream>

#include <fmt/format.h>

#include <tyto/error.hpp>

#include "spec/words.hpp"

namespace tyto::cli {

namespace po = boost::program_options;

po::options_description common_options() {
  po::options_description described("Options");
  described.add_options()("plugin-path", po::value<std::vector<std::string>>()->value_name("FOLDER"),
                          "look for plugins below FOLDER too (may be given several times)")("help,h",
                                                                                            "print this help");
  return described;
}

namespace {

/// The option that was meant, or those that there are.
std::string nearest(const std::string& word, const po::options_description& described) {
  std::vector<std::string> names;
  for (const auto& option : described.options()) names.push_back("--" + option->long_name());
  return spec::suggestion_or_known(word, names);
}

}  // namespace

Options::Options(const Call& call, const std::string& usage, const po::options_description& described,
                 std::size_t least, std::size_t most) {
  po::options_description all;
  all.add(described);
  all.add_options()("operand", po::value<std::vector<std::string>>());
  po::positional_options_description positions;
  positions.add("operand", -1);
  try {
    po::store(po::command_line_parser(call.words).options(all).positional(positions).run(), values_);
    po::notify(values_);
  } catch (const po::unknown_option& error) {
    const std::string word = error.get_option_name();
    throw InvalidInput(Place{"command line"},
                       fmt::format("unknown option {}{}", spec::quote(word), nearest(word, described)));
  } catch (const po::error& error) {
    throw InvalidInput(Place{"command line"}, fmt::format("{}; usage: {}", error.what(), usage));
  }
  if (has("help")) {
    std::cout << "usage: " << usage << "\n\n" << described;
    return;
  }
  if (has("operand")) operands_ = get<std::vector<std::string>>("operand");
  if (operands_.size() < least)
    throw InvalidInput(Place{"command line"}, fmt::format("something is missing; usage: {}", usage));
  if (operands_.size() > most)
    throw InvalidInput(Place{"command line"},
                       fmt::format("'{}' is one word too many; usage: {}", operands_[most], usage));
  ready_ = true;
}

}  // namespace tyto::cli
