#include "progress.hpp"

#include <cmath>

#include <fmt/format.h>

#include "../run/print.hpp"
#include "../spec/words.hpp"

namespace tyto::sweep {

using Style = run::Progress::Style;

void SweepProgress::start(std::size_t total, std::size_t done) {
  const std::lock_guard lock(mutex_);
  total_ = total;
  found_ = done_ = done;
  started_ = Clock::now();
  draw();
}

void SweepProgress::finished(const std::string& settings, const std::string& result) {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (style_ == Style::lines) {
    run::print(stream_, "run {}/{}  {}: {}{}\n", done_, total_, spec::escaped(settings), result, time_left());
    std::fflush(stream_);
  }
  draw();
}

void SweepProgress::failed(const std::string& settings, const std::string& message) {
  const std::lock_guard lock(mutex_);
  ++done_;
  erase();
  run::print(stream_, "error: the run with {} failed: {}\n", spec::escaped(settings), spec::escaped(message));
  std::fflush(stream_);
  draw();
}

void SweepProgress::say(const std::string& sentence) {
  if (style_ == Style::quiet) return;
  const std::lock_guard lock(mutex_);
  erase();
  run::print(stream_, "{}\n", spec::escaped(sentence));
  std::fflush(stream_);
}

void SweepProgress::clear() {
  const std::lock_guard lock(mutex_);
  erase();
}

void SweepProgress::draw() {
  if (style_ != Style::bar || total_ == 0) return;
  constexpr double width = 30;
  const int filled = static_cast<int>(std::lround(width * static_cast<double>(done_) / static_cast<double>(total_)));
  run::print(stream_, "\r\x1b[K[{:=<{}}{: <{}}] runs {}/{}{}", "", filled, "", static_cast<int>(width) - filled, done_,
             total_, time_left());
  std::fflush(stream_);
  drawn_ = true;
}

void SweepProgress::erase() {
  if (!drawn_) return;
  run::print(stream_, "\r\x1b[K");
  std::fflush(stream_);
  drawn_ = false;
}

std::string SweepProgress::time_left() const {
  if (done_ == found_ || done_ == total_) return "";
  const double elapsed = std::chrono::duration<double>(Clock::now() - started_).count();
  const double left = elapsed * static_cast<double>(total_ - done_) / static_cast<double>(done_ - found_);
  return "  " + run::duration_text(left) + " left";
}

}  // namespace tyto::sweep
