/// Turns Ctrl-C and the like into a stop request.
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace tyto::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP request a stop instead of ending the process; a second signal ends
/// it at once. Must be made before any other thread, which inherits the blocked signals.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  void wait(const std::stop_token& over);

  std::stop_source source_;
  sigset_t set_{};
  sigset_t before_{};
  std::jthread waiter_;
};

}  // namespace tyto::cli
