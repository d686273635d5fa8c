/// What a person sees while a sweep goes on: one bar for all runs on a terminal, a line for each run elsewhere.
#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "../run/progress.hpp"

namespace tyto::sweep {

/// May be called from several threads.
class SweepProgress {
 public:
  SweepProgress(std::FILE* stream, run::Progress::Style style) : stream_(stream), style_(style) {}

  /// `total` runs, of which `done` are there already.
  void start(std::size_t total, std::size_t done);
  /// A run has ended. `result` is a few words.
  void finished(const std::string& settings, const std::string& result);
  /// A run has failed. This is said in every style.
  void failed(const std::string& settings, const std::string& message);
  void say(const std::string& sentence);
  /// Removes the bar.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  void draw();
  void erase();
  [[nodiscard]] std::string time_left() const;

  std::mutex mutex_;
  std::FILE* stream_;
  run::Progress::Style style_;
  std::size_t total_ = 0;
  std::size_t found_ = 0;  ///< runs that were there at the start
  std::size_t done_ = 0;
  bool drawn_ = false;
  Clock::time_point started_{};
};

}  // namespace tyto::sweep
