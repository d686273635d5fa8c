#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <iostream>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include <tyto/error.hpp>

#include "commands.hpp"
#include "spec/reader.hpp"
#include "spec/words.hpp"

/// Written by cmake/Revision.cmake whenever the program is built.
extern const char* const tyto_build_revision;

namespace {

using namespace tyto::cli;

constexpr const char* usage = R"(tyto: spiking-network experiments from YAML files

usage: tyto COMMAND [options]

  run FILE                run an experiment, write its results file
  validate FILE...        check experiments, report every error at once
  trials FILE             write the trials of an experiment to a file
  show RESULTS [PATH]     what is in a results file, and how it was made
  diff RESULTS RESULTS    what two results files differ in
  evaluate RESULTS        ask the network of a results file anew
  rerun RESULTS           run what a results file was made by again, and compare
  export RESULTS [PATH]   numbers of a results file as CSV
  list [KIND]             the components there are
  describe NAME           parameters of a component, or of a part of an experiment
  schema [model]          JSON Schema of experiment (or model) files, for editors
  reference FOLDER        write the reference pages
  plugins [--diagnose]    the plugins there are, and what is wrong with them

'tyto COMMAND --help' tells more. Exit code: 0 done, 1 failed while running,
2 invalid input, 130 interrupted.
)";

std::string quoted(const std::string& word) {
  if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=+:,@%") ==
          std::string::npos &&
      !word.empty())
    return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

int call_command(int argc, char** argv) {
  const std::map<std::string, int (*)(const Call&)> commands{
      {"show", show},     {"diff", diff},         {"evaluate", evaluate},  {"rerun", rerun}, {"export", export_data},
      {"run", run},       {"validate", validate}, {"trials", trials},      {"list", list},   {"describe", describe},
      {"schema", schema}, {"plugins", plugins},   {"reference", reference}};
  if (argc < 2 || std::strcmp(argv[1], "--help") == 0 || std::strcmp(argv[1], "-h") == 0 ||
      std::strcmp(argv[1], "help") == 0) {
    std::cout << usage;
    return argc < 2 ? exit_invalid : exit_done;
  }
  const std::string name = argv[1];
  if (name == "--version") {
    const std::string revision = tyto_build_revision;
    std::cout << "tyto " << TYTO_VERSION << (revision.empty() ? "" : " (" + revision + ")") << '\n';
    return exit_done;
  }
  const auto command = commands.find(name);
  if (command == commands.end()) {
    std::vector<std::string> known;
    known.reserve(commands.size());
    for (const auto& item : commands) known.push_back(item.first);
    throw tyto::InvalidInput(tyto::Place{"command line"},
                             fmt::format("there is no command '{}'{}", name, tyto::spec::suggestion(name, known)));
  }
  Call call;
  call.executable = std::filesystem::read_symlink("/proc/self/exe");
  call.command_line = "tyto";
  for (int i = 1; i < argc; ++i) call.command_line += " " + quoted(argv[i]);
  call.build_revision = tyto_build_revision;
  call.words.assign(argv + 2, argv + argc);
  return command->second(call);
}

/// A file that is opened while a standard stream is closed would take its number, and receive what is printed.
void secure_standard_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) static_cast<void>(::open("/dev/null", O_RDWR));
}

/// A reader that has gone away and a file that may not grow are errors of the call that meets them, which cleans up;
/// as signals they would end the process and leave its temporary files.
void ignore_signals_of_writing() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

/// What was printed has to arrive.
int finish(int code) {
  errno = 0;
  std::cout.flush();
  if (std::cout.good() || code != exit_done) return code;
  if (errno == EPIPE) return exit_failed;  // whoever reads has seen enough, as in 'tyto list | head'
  std::cerr << "error: what this command prints could not be written\n";
  return exit_failed;
}

}  // namespace

int main(int argc, char** argv) {
  using tyto::spec::escaped;
  secure_standard_streams();
  ignore_signals_of_writing();
  try {
    return finish(call_command(argc, argv));
  } catch (const tyto::InvalidInput& error) {
    for (const auto& diagnostic : error.diagnostics()) std::cerr << escaped(tyto::to_string(diagnostic)) << '\n';
    return exit_invalid;
  } catch (const tyto::Interrupted&) {
    std::cerr << "interrupted\n";
    return exit_interrupted;
  } catch (const std::exception& error) {
    std::cerr << "error: " << escaped(error.what()) << '\n';
    return exit_failed;
  } catch (...) {
    std::cerr << "error: something that is no std::exception was thrown, perhaps by a plugin\n";
    return exit_failed;
  }
}
