#include <algorithm>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tyto/error.hpp>

#include "commands.hpp"
#include "options.hpp"
#include "results/outline.hpp"
#include "spec/words.hpp"
#include "stored/differences.hpp"
#include "stored/export.hpp"
#include "stored/show.hpp"

namespace tyto::cli {

namespace po = boost::program_options;

namespace {

/// Lines of which what a file holds cannot steer the terminal.
std::string printable(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += spec::escaped(text.substr(at, end - at));
    if (end < text.size()) out += '\n';
    at = end + 1;
  }
  return out;
}

}  // namespace

void check_results_file(const std::filesystem::path& file) {
  try {
    if (!results::read_outline(file).attribute("/", "tyto_version").empty()) return;
  } catch (const Error& error) {
    throw InvalidInput(Place{file.string()}, error.what());
  }
  throw InvalidInput(Place{file.string()}, "this is no results file of Tyto");
}

int print_differences(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto found = stored::differences(a, b);
  for (const auto& line : found.settings) std::cout << "setting " << spec::escaped(line) << '\n';
  for (const auto& line : found.data) std::cout << "data " << spec::escaped(line) << '\n';
  std::cout << fmt::format("{} data sets are equal, {} differ\n", found.equal, found.data.size()) << std::flush;
  return found.data.empty() ? exit_done : exit_failed;
}

int diff(const Call& call) {
  const Options options(call, "tyto diff RESULTS RESULTS", common_options(), 2, 2);
  if (!options.ready()) return exit_done;
  for (const auto& file : options.operands()) check_results_file(file);
  return print_differences(options.operands()[0], options.operands()[1]);
}

int show(const Call& call) {
  const Options options(call, "tyto show RESULTS [PATH]", common_options(), 1, 2);
  if (!options.ready()) return exit_done;
  const auto& words = options.operands();
  check_results_file(words[0]);
  std::cout << printable(words.size() == 1 ? stored::overview(words[0]) : stored::contents(words[0], words[1]))
            << std::flush;
  return exit_done;
}

int export_data(const Call& call) {
  auto described = common_options();
  described.add_options()("out", po::value<std::string>()->value_name("FOLDER"),
                          "new folder for a file of each data set, if no PATH is given (if not given <results>_csv)");
  const Options options(call, "tyto export RESULTS [PATH] [options]", described, 1, 2);
  if (!options.ready()) return exit_done;
  const std::filesystem::path file = options.operands()[0];
  check_results_file(file);
  if (options.operands().size() == 2) {
    stored::write_csv(file, options.operands()[1], std::cout);
    return exit_done;
  }
  const std::filesystem::path folder = options.has("out") ? std::filesystem::path(options.get<std::string>("out"))
                                                          : std::filesystem::path(file.stem()).concat("_csv");
  const std::size_t written = stored::write_csv_files(file, folder);
  std::cout << fmt::format("{} files: {}\n", written, folder.string()) << std::flush;
  return exit_done;
}

}  // namespace tyto::cli
