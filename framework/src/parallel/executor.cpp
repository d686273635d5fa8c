#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/parallel.hpp>

namespace tyto {

namespace {

constexpr std::size_t kMaximumThreads = 1024;
/// How long an idle thread looks for work before it sleeps. Waking a sleeping thread takes about as
/// long, and the batches of a training run follow each other faster than this.
constexpr std::chrono::microseconds kSpinTime{50};

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits actively until `ready` or until the time is over.
template <class Ready>
void spin(std::chrono::microseconds limit, const Ready& ready) {
  if (limit.count() == 0) return;
  const auto end = std::chrono::steady_clock::now() + limit;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ready()) return;
      pause_briefly();
    }
  } while (std::chrono::steady_clock::now() < end);
}

/// One call of for_each. Shared between the threads, so that one that wakes up late finds a finished
/// batch instead of the next one's half-written state.
struct Batch {
  Batch(std::size_t number, const std::function<void(std::size_t)>& function) : count(number), task(&function) {}

  const std::size_t count;
  const std::function<void(std::size_t)>* const task;  ///< alive until `done` reaches `count`
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> done{0};
  std::atomic<std::size_t> first_failed{SIZE_MAX};
  std::mutex failure_mutex;
  std::exception_ptr failure;  ///< of task first_failed

  [[nodiscard]] bool finished() const { return done.load(std::memory_order_acquire) == count; }

  void fail(std::size_t index) {
    const std::lock_guard lock(failure_mutex);
    if (index >= first_failed.load(std::memory_order_relaxed)) return;
    failure = std::current_exception();
    first_failed.store(index, std::memory_order_relaxed);
  }

  /// Works on tasks until none is left; true if this thread finished the last one. Tasks are claimed
  /// in ascending order, so those before a failed one always run and the lowest failure is always
  /// found; those after it are skipped.
  bool work() {
    bool last = false;
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) {
      if (i < first_failed.load(std::memory_order_relaxed)) {
        try {
          (*task)(i);
        } catch (...) {
          fail(i);
        }
      }
      last = done.fetch_add(1, std::memory_order_acq_rel) + 1 == count;
    }
    return last;
  }
};

void run_here(std::size_t count, const std::function<void(std::size_t)>& task) {
  for (std::size_t i = 0; i < count; ++i) task(i);
}

/// Sets a flag for as long as it lives, unless the flag was set already.
class Claim {
 public:
  explicit Claim(std::atomic<bool>& flag) : flag_(flag), owner_(!flag.exchange(true, std::memory_order_acquire)) {}
  ~Claim() {
    if (owner_) flag_.store(false, std::memory_order_release);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  [[nodiscard]] bool owner() const { return owner_; }

 private:
  std::atomic<bool>& flag_;
  const bool owner_;
};

std::size_t checked(std::size_t threads) {
  if (threads >= 1 && threads <= kMaximumThreads) return threads;
  throw Error("the number of threads must lie between 1 and " + std::to_string(kMaximumThreads) + ", not " +
              std::to_string(threads));
}

}  // namespace

struct Executor::Impl {
  explicit Impl(std::size_t number) : threads(checked(number)) {
    if (threads == 1) return;
    // With more threads than processors, a spinning thread would only keep a working one from running.
    if (threads <= std::thread::hardware_concurrency()) spin_time = kSpinTime;
    try {
      for (std::size_t i = 1; i < threads; ++i) pool.emplace_back([this] { serve(); });
    } catch (const std::system_error& error) {
      const std::size_t made = pool.size() + 1;
      stop();
      throw Error("only " + std::to_string(made) + " of " + std::to_string(threads) + " threads could be made (" +
                  error.what() + "); ask for fewer with --threads");
    } catch (...) {
      stop();
      throw;
    }
  }

  ~Impl() { stop(); }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
      generation.fetch_add(1, std::memory_order_release);
    }
    work_there.notify_all();
    pool.clear();
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// What every thread of the pool does until the end: waits for a batch and helps with it.
  void serve() {
    std::uint64_t seen = 0;
    while (true) {
      const auto changed = [&] { return generation.load(std::memory_order_acquire) != seen; };
      spin(spin_time, changed);
      std::shared_ptr<Batch> batch;
      {
        std::unique_lock lock(mutex);
        work_there.wait(lock, changed);
        if (stopping) return;
        seen = generation.load(std::memory_order_relaxed);
        batch = current;
      }
      if (batch && batch->work()) {
        // The empty critical section orders this notification after the caller's decision to sleep.
        { const std::lock_guard lock(mutex); }
        work_done.notify_one();
      }
    }
  }

  void run(std::size_t count, const std::function<void(std::size_t)>& task) {
    const auto batch = std::make_shared<Batch>(count, task);
    {
      const std::lock_guard lock(mutex);
      current = batch;
      generation.fetch_add(1, std::memory_order_release);
    }
    work_there.notify_all();
    batch->work();
    const auto finished = [&] { return batch->finished(); };
    spin(spin_time, finished);
    {
      std::unique_lock lock(mutex);
      work_done.wait(lock, finished);
      current.reset();
    }
    // Taken out, so that the exception ends with the caller and not with a thread that lets go of the batch late.
    if (const auto failure = std::exchange(batch->failure, nullptr)) std::rethrow_exception(failure);
  }

  const std::size_t threads;
  std::chrono::microseconds spin_time{0};
  std::atomic<bool> busy{false};
  std::atomic<std::uint64_t> generation{0};
  std::mutex mutex;  ///< guards current and stopping, and every change of generation
  std::condition_variable work_there;
  std::condition_variable work_done;
  std::shared_ptr<Batch> current;
  bool stopping = false;
  std::vector<std::jthread> pool;  ///< last: its threads use all of the above
};

Executor::Executor(std::size_t threads) : impl_(std::make_unique<Impl>(threads)) {}
Executor::~Executor() = default;

std::size_t Executor::threads() const { return impl_->threads; }

void Executor::for_each(std::size_t count, const std::function<void(std::size_t)>& task) {
  if (impl_->pool.empty() || count < 2) return run_here(count, task);
  // A call from inside a task, or from a second thread, is worked off by its caller alone: the pool is taken.
  const Claim claim(impl_->busy);
  if (!claim.owner()) return run_here(count, task);
  impl_->run(count, task);
}

}  // namespace tyto
