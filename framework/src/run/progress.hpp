/// What a person sees while a run goes on: a bar on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace tyto::run {

class Progress {
 public:
  enum class Style { quiet, lines, bar };

  Progress(std::FILE* stream, Style style) : stream_(stream), style_(style) {}

  /// A sentence about what begins now.
  void say(const std::string& sentence);
  /// Starts a stretch of `epochs` with `batches` batches each.
  void start(int epochs, std::size_t batches);
  /// A batch is done (counted from 1).
  void batch(int epoch, std::size_t batch, double mean_loss);
  /// An epoch is done.
  void epoch(int epoch, double loss, const std::string& more);
  /// Starts a simulation of `steps` steps.
  void start_steps(std::uint64_t steps, double dt_s);
  /// So many steps are done.
  void steps(std::uint64_t done);
  /// Removes an unfinished bar, so that what is printed next starts on a clean line.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  /// Draws the bar, but not more often than an eye can follow.
  void draw(double part, const std::string& text);

  std::FILE* stream_;
  Style style_;
  int epochs_ = 0;
  std::size_t batches_ = 0;
  std::uint64_t steps_ = 0;
  double dt_s_ = 0;
  int tenths_ = 0;  ///< of the steps that have been reported
  bool drawn_ = false;
  Clock::time_point started_{};
  Clock::time_point last_draw_{};
};

/// "12 s", "3 min 20 s", "2 h 05 min".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace tyto::run
