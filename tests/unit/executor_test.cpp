#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tyto/error.hpp>
#include <tyto/parallel.hpp>
#include <vector>

namespace tyto {
namespace {

class ExecutorOf : public testing::TestWithParam<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(Threads, ExecutorOf, testing::Values(1, 2, 3, 8));

TEST_P(ExecutorOf, KnowsItsThreads) { EXPECT_EQ(Executor(GetParam()).threads(), GetParam()); }

TEST_P(ExecutorOf, CallsEveryTaskOnce) {
  Executor executor(GetParam());
  for (const std::size_t count : {0UL, 1UL, 2UL, 7UL, 1000UL}) {
    std::vector<std::atomic<int>> calls(count);
    executor.for_each(count, [&](std::size_t i) { ++calls.at(i); });
    for (const auto& number : calls) EXPECT_EQ(number, 1);
  }
}

// Thousands of short batches, one after the other: what a training run does. Results are plain memory, so
// that the thread sanitizer sees whether the end of a batch orders them before its caller goes on.
TEST_P(ExecutorOf, OrdersBatches) {
  Executor executor(GetParam());
  std::vector<std::size_t> values(16, 0);
  for (std::size_t round = 0; round < 5000; ++round) {
    executor.for_each(values.size(), [&](std::size_t i) { values[i] += i + round; });
    ASSERT_EQ(values[15], 15 * (round + 1) + round * (round + 1) / 2);
  }
}

TEST_P(ExecutorOf, WakesAfterIdling) {
  Executor executor(GetParam());
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> calls = 0;
    executor.for_each(10, [&](std::size_t) { ++calls; });
    ASSERT_EQ(calls, 10);
  }
}

TEST_P(ExecutorOf, ThrowsTheFirstFailure) {
  Executor executor(GetParam());
  for (int round = 0; round < 200; ++round) {
    std::atomic<std::size_t> before = 0;
    try {
      executor.for_each(100, [&](std::size_t i) {
        if (i < 40) ++before;
        if (i == 40 || i == 41 || i == 90) throw Error("task " + std::to_string(i));
      });
      FAIL() << "no exception";
    } catch (const Error& error) {
      ASSERT_STREQ(error.what(), "task 40");
    }
    ASSERT_EQ(before, 40U);
  }
  std::atomic<int> calls = 0;
  executor.for_each(10, [&](std::size_t) { ++calls; });
  EXPECT_EQ(calls, 10);
}

TEST_P(ExecutorOf, RunsNestedCalls) {
  Executor executor(GetParam());
  std::atomic<int> calls = 0;
  executor.for_each(10, [&](std::size_t) { executor.for_each(10, [&](std::size_t) { ++calls; }); });
  EXPECT_EQ(calls, 100);
}

TEST_P(ExecutorOf, ServesSeveralCallers) {
  Executor executor(GetParam());
  std::atomic<int> calls = 0;
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 3; ++caller)
      callers.emplace_back([&] {
        for (int round = 0; round < 100; ++round) executor.for_each(20, [&](std::size_t) { ++calls; });
      });
  }
  EXPECT_EQ(calls, 3 * 100 * 20);
}

// Two tasks that wait for each other can only end if two threads work on them.
TEST(Executor, WorksInParallel) {
  Executor executor(2);
  std::atomic<int> arrived = 0;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  executor.for_each(2, [&](std::size_t) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(threads.size(), 2U);
}

TEST(Executor, MayBeMadeAndDroppedUnused) {
  for (int i = 0; i < 50; ++i) const Executor executor(4);
}

TEST(Executor, RefusesSenselessNumbersOfThreads) {
  for (const std::size_t threads : {std::size_t{0}, std::size_t{1025}, ~std::size_t{0}}) {
    try {
      const Executor executor(threads);
      FAIL() << threads;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()),
                "the number of threads must lie between 1 and 1024, not " + std::to_string(threads));
    }
  }
}

}  // namespace
}  // namespace tyto
