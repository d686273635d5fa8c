#include "progress.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../spec/words.hpp"
#include "print.hpp"

namespace tyto::run {

std::string duration_text(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

void Progress::say(const std::string& sentence) {
  if (style_ == Style::quiet) return;
  clear();
  print(stream_, "{}\n", spec::escaped(sentence));
  std::fflush(stream_);
}

void Progress::start(int epochs, std::size_t batches) {
  epochs_ = epochs;
  batches_ = batches;
  started_ = Clock::now();
  last_draw_ = {};
}

void Progress::draw(double part, const std::string& text) {
  const auto now = Clock::now();
  if (now - last_draw_ < std::chrono::milliseconds(100)) return;
  last_draw_ = now;
  constexpr int width = 30;
  const int filled = static_cast<int>(std::lround(width * part));
  print(stream_, "\r\x1b[K[{:=<{}}{: <{}}] {}", "", filled, "", width - filled, text);
  std::fflush(stream_);
  drawn_ = true;
}

void Progress::batch(int epoch, std::size_t batch, double mean_loss) {
  if (style_ != Style::bar) return;
  const double total = static_cast<double>(epochs_) * static_cast<double>(batches_);
  const double done = static_cast<double>(epoch - 1) * static_cast<double>(batches_) + static_cast<double>(batch);
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  draw(done / total, fmt::format("epoch {}/{}  loss {:.4f}  {} left", epoch, epochs_, mean_loss,
                                 duration_text(elapsed * (total - done) / done)));
}

void Progress::epoch(int epoch, double loss, const std::string& more) {
  if (style_ != Style::lines) return;
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  print(stream_, "epoch {}/{}  loss {:.4f}{}  {} left\n", epoch, epochs_, loss, more,
        duration_text(elapsed * (epochs_ - epoch) / epoch));
  std::fflush(stream_);
}

void Progress::start_steps(std::uint64_t steps, double dt_s) {
  steps_ = steps;
  dt_s_ = dt_s;
  tenths_ = 0;
  started_ = Clock::now();
  last_draw_ = started_;
}

void Progress::steps(std::uint64_t done) {
  if (style_ == Style::quiet) return;
  const double part = static_cast<double>(done) / static_cast<double>(steps_);
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  const std::string what = fmt::format("{:.4g} of {:.4g} s  {} left", static_cast<double>(done) * dt_s_,
                                       static_cast<double>(steps_) * dt_s_, duration_text(elapsed * (1 - part) / part));
  if (style_ == Style::bar) return draw(part, what);
  // A line for each tenth, but not for runs that are over at once.
  constexpr double worth_a_line_s = 1;
  const int tenths = static_cast<int>(10 * part);
  if (tenths == tenths_ || elapsed < worth_a_line_s) return;
  tenths_ = tenths;
  print(stream_, "{}\n", what);
  std::fflush(stream_);
}

void Progress::clear() {
  if (!drawn_) return;
  print(stream_, "\r\x1b[K");
  std::fflush(stream_);
  drawn_ = false;
}

}  // namespace tyto::run
