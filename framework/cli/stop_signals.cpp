#include "stop_signals.hpp"

#include <unistd.h>
#include <ctime>

#include "commands.hpp"

namespace tyto::cli {

StopSignals::StopSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGTERM);
  // A closed terminal stops a run like Ctrl-C, unless the caller (nohup) has said that it should not.
  struct sigaction hang_up {};
  if (::sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) sigaddset(&set_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set_, &before_);
  waiter_ = std::jthread([this](const std::stop_token& over) { wait(over); });
}

StopSignals::~StopSignals() {
  waiter_.request_stop();
  waiter_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::wait(const std::stop_token& over) {
  // A thread that waits may do anything on a signal, where a handler may do next to nothing.
  constexpr timespec moment{0, 50'000'000};
  while (!over.stop_requested()) {
    if (sigtimedwait(&set_, nullptr, &moment) <= 0) continue;
    if (source_.stop_requested()) _exit(exit_interrupted);
    source_.request_stop();
  }
}

}  // namespace tyto::cli
