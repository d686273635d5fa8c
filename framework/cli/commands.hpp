/// The subcommands of `tyto`. Each takes the words after its name and returns the exit code.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tyto::cli {

/// What every command gets.
struct Call {
  std::filesystem::path executable;
  std::string command_line;        ///< all words, for the provenance
  std::string build_revision;      ///< git commit that the program was built from; empty if that is not known
  std::vector<std::string> words;  ///< those after the command's name
};

int run(const Call& call);
int evaluate(const Call& call);
int rerun(const Call& call);
int show(const Call& call);
int diff(const Call& call);
int export_data(const Call& call);
int validate(const Call& call);
int trials(const Call& call);
int list(const Call& call);
int describe(const Call& call);
int schema(const Call& call);
int plugins(const Call& call);
int reference(const Call& call);

/// Throws InvalidInput unless a file is one of Tyto's.
void check_results_file(const std::filesystem::path& file);
/// Prints what two results files differ in; returns exit_failed if they do.
int print_differences(const std::filesystem::path& a, const std::filesystem::path& b);

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_invalid = 2;
inline constexpr int exit_interrupted = 130;

}  // namespace tyto::cli
