/// Threads. Work is split into tasks whose number and contents never depend on the number of threads,
/// and results are combined in a fixed order, so that every sum has the same bits on 1 or 64 threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <tyto/export.hpp>

namespace tyto {

class TYTO_API Executor {
 public:
  /// `threads` >= 1, the calling thread included.
  explicit Executor(std::size_t threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  [[nodiscard]] std::size_t threads() const;
  /// Calls task(0) .. task(count - 1), each once, in any order and on any thread, and returns when all
  /// are done. The first exception (by task number) is thrown again here.
  void for_each(std::size_t count, const std::function<void(std::size_t)>& task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tyto
