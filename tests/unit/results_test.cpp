#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>
#include <tyto/error.hpp>

#include "results/hdf5.hpp"
#include "results/results_file.hpp"
#include "results_support.hpp"

namespace {

using namespace results_support;
namespace h5 = tyto::results::h5;
using tyto::results::read_arrays;

class Results : public TemporaryFolder {};

std::string write_error(const fs::path& target, const std::string& group, const Table& table) {
  return error_of([&] { ResultsFile(target).write(group, table); });
}

Table table_of_every_type() {
  Table table;
  table.axis("time", std::vector<double>{0, 0.5, 1}, "s", "time since onset");
  table.axis("class", std::vector<std::string>{"left", "r\xC3\xBC\x63k"}, "", "class of the trial");
  table.variable("f64", {"time", "class"}, std::vector<double>{1, 2, 3, 4, 5, 6}, "Hz", "rate");
  table.variable("f32", {"class", "time"}, std::vector<float>{1.5F, 2, 3, 4, 5, 6}, "V", "membrane");
  table.variable("i64", {"time"}, std::vector<std::int64_t>{-1, 0, std::int64_t{1} << 40U}, "", "counts");
  table.variable("i8", {"class"}, std::vector<std::int8_t>{0, 1}, "", "truth");
  table.variable("text", {"class"}, std::vector<std::string>{"", "a\nb"}, "", "words");
  table.variable("one", {}, std::vector<double>{2.5}, "deg", "one number");
  table.variable("word", {}, std::vector<std::string>{"hello"}, "", "");
  table.attribute("title", std::string("a title"));
  table.attribute("seed", std::int64_t{7});
  table.attribute("duration_s", 0.25);
  return table;
}

TEST_F(Results, EveryTypeOfValueComesBack) {
  ResultsFile file(target);
  file.write("/analysis/all", table_of_every_type());
  file.commit();
  const auto opened = h5::open_file(target);
  const auto group = h5::open_group(opened, "/analysis/all");
  const auto numbers = [&](const char* name) { return h5::read_numbers(h5::open_dataset(group, name)); };
  const auto texts = [&](const char* name) { return h5::read_texts(h5::open_dataset(group, name)); };
  EXPECT_EQ(numbers("f64"), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(numbers("f32"), (std::vector<double>{1.5, 2, 3, 4, 5, 6}));
  EXPECT_EQ(numbers("i64"), (std::vector<double>{-1, 0, std::ldexp(1.0, 40)}));
  EXPECT_EQ(numbers("i8"), (std::vector<double>{0, 1}));
  EXPECT_EQ(numbers("one"), (std::vector<double>{2.5}));
  EXPECT_EQ(numbers("time"), (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(texts("text"), (std::vector<std::string>{"", "a\nb"}));
  EXPECT_EQ(texts("word"), (std::vector<std::string>{"hello"}));
  EXPECT_EQ(texts("class"), (std::vector<std::string>{"left", "r\xC3\xBC\x63k"}));
  EXPECT_EQ(h5::read_text_attribute(group, "title"), "a title");
  EXPECT_EQ(h5::read_number_attribute(group, "seed"), 7);
  EXPECT_EQ(h5::read_number_attribute(group, "duration_s"), 0.25);
  EXPECT_EQ(h5::members(group), (std::vector<std::string>{"time", "class", "f64", "f32", "i64", "i8", "text", "one",
                                                          "word"}));  // the order of writing
}

TEST_F(Results, EveryDatasetIsDescribedAndArraysAreChecksummed) {
  ResultsFile file(target);
  file.write("/analysis/all", table_of_every_type());
  file.commit();
  const auto opened = h5::open_file(target);
  const auto group = h5::open_group(opened, "/analysis/all");
  for (const auto& name : h5::members(group)) {
    const auto dataset = h5::open_dataset(group, name);
    EXPECT_FALSE(h5::read_text_attribute(dataset, "units").empty()) << name;
    EXPECT_FALSE(h5::read_text_attribute(dataset, "long_name").empty()) << name;
    const auto info = h5::inspect(dataset);
    const bool array_of_numbers = info.content == h5::Content::number && !info.shape.empty();
    EXPECT_EQ(info.chunked, array_of_numbers) << name;
    if (array_of_numbers) {
      EXPECT_EQ(info.filters, (std::vector<std::string>{"shuffle", "deflate", "fletcher32"})) << name;
    }
  }
  const auto rates = h5::open_dataset(group, "f64");
  EXPECT_EQ(h5::inspect(rates).shape, (h5::Shape{3, 2}));
  EXPECT_EQ(h5::scales_of(rates), (std::vector<std::string>{"time", "class"}));
  EXPECT_EQ(h5::read_text_attribute(rates, "units"), "Hz");
  EXPECT_EQ(h5::read_text_attribute(h5::open_dataset(group, "i64"), "units"), "1");
  EXPECT_EQ(h5::read_text_attribute(h5::open_dataset(group, "word"), "long_name"), "word");
}

TEST_F(Results, AxesOfOneNameHaveTheSameValuesThroughout) {
  ResultsFile file(target);
  const auto write = [&](const std::string& group, double last) {
    Table table;
    table.axis("x", std::vector<double>{0, last}, "s", "place");
    table.variable("y", {"x"}, std::vector<double>{3, 4}, "s", "value");
    file.write(group, table);
  };
  write("/a/b", 1);
  write("/a", 2);
  write("/c", 1);
  file.enter("/stage");
  write("/a", 3);
  file.commit();
  const auto opened = h5::open_file(target);
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/a/b/x")), (std::vector<double>{0, 1}));
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/a/a_x")), (std::vector<double>{0, 2}));
  EXPECT_EQ(h5::scales_of(h5::open_dataset(opened, "/a/y")), (std::vector<std::string>{"a_x"}));
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/c/x")), (std::vector<double>{0, 1}));
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/stage/a/x")), (std::vector<double>{0, 3}))
      << "a run of its own";
}

TEST_F(Results, LargeEmptyAndMultiChunkArraysComeBack) {
  Table table;
  const auto values = noise(300 * 1000);
  table.axis("row", std::vector<double>(noise(300)), "", "row");
  table.axis("column", std::vector<double>(noise(1000)), "", "column");
  table.axis("nothing", std::vector<double>{}, "", "no event at all");
  table.variable("big", {"row", "column"}, values, "", "more than one chunk");
  table.variable("none", {"nothing", "row"}, std::vector<float>{}, "", "no value");
  ResultsFile file(target);
  file.write("/x", table);
  file.commit();
  const auto opened = h5::open_file(target);
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/x/big")), values);
  EXPECT_EQ(h5::inspect(h5::open_dataset(opened, "/x/none")).shape, (h5::Shape{0, 300}));
  EXPECT_TRUE(h5::read_numbers(h5::open_dataset(opened, "/x/none")).empty());
}

TEST_F(Results, AttributesAreReplacedAndTextsBecomeUtf8) {
  ResultsFile file(target);
  Table table;
  table.attribute("status", std::string("running"));
  file.write("/", table);
  Table later;
  later.attribute("status", std::string("com\xFFplete \xC0\x80 \xED\xA0\x80 \xE2\x82\xAC"));
  file.write("/", later);
  file.commit();
  const auto opened = h5::open_file(target);
  const auto root = h5::open_group(opened, "/");
  EXPECT_EQ(h5::read_text_attribute(root, "status").substr(0, 11), "com\xEF\xBF\xBDplete");
  EXPECT_TRUE(h5::read_text_attribute(root, "status").ends_with(" \xE2\x82\xAC"));
  EXPECT_EQ(h5::read_text_attribute(root, "status").find('\xED'), std::string::npos);
}

TEST_F(Results, TheSameTablesMakeTheSameBytes) {
  write_weights(folder / "a.h5");
  write_weights(folder / "b.h5");
  EXPECT_EQ(bytes_of(folder / "a.h5"), bytes_of(folder / "b.h5"));
}

TEST_F(Results, WrongTablesAreRefusedByName) {
  Table shape = weights_table(3, 4);
  shape.variable("bad", {"from"}, std::vector<double>{1, 2}, "", "");
  EXPECT_EQ(write_error(target, "/weights/hidden", shape),
            "results: '/weights/hidden/bad' has 2 values, but its axes (from 3) need 3");
  Table scalar;
  scalar.variable("bad", {}, std::vector<double>{1, 2}, "", "");
  EXPECT_EQ(write_error(target, "/m", scalar), "results: '/m/bad' has 2 values, but no axes, so that it needs 1");
  Table unknown = weights_table(3, 4);
  unknown.variable("bad", {"form"}, std::vector<double>{1, 2, 3}, "", "");
  EXPECT_EQ(write_error(target, "/w", unknown),
            "results: '/w/bad' lies along 'form', which is not an axis of its table (axes: from, to)");
  Table twice = weights_table(2, 2);
  twice.variable("w", {}, std::vector<double>{1}, "", "");
  EXPECT_EQ(write_error(target, "/w", twice), "results: '/w/w' is there twice");
  Table square = weights_table(2, 2);
  square.variable("bad", {"from", "from"}, std::vector<double>{1, 2, 3, 4}, "", "");
  EXPECT_NE(write_error(target, "/w", square).find("lies along 'from' twice"), std::string::npos);
  Table nan;
  nan.axis("x", std::vector<float>{0, std::nanf("")}, "", "");
  EXPECT_EQ(write_error(target, "/w", nan), "results: the axis '/w/x' has a value that is not a number (NaN)");
  for (const std::string name : {"", ".", "a/b", " a", "a\n"}) {
    Table named;
    named.variable(name, {}, std::vector<double>{1}, "", "");
    EXPECT_NE(write_error(target, "/w", named).find("is not a name that a results file can hold"), std::string::npos);
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(Results, AVariableIsWrittenOnce) {
  ResultsFile file(target);
  file.write("/w", weights_table(2, 2));
  EXPECT_EQ(error_of([&] { file.write("/w", weights_table(2, 2)); }), "results: '/w/from' is written a second time");
}

TEST_F(Results, NothingAppearsWithoutCommit) {
  {
    ResultsFile file(target);
    file.write("/w", weights_table(2, 2));
    EXPECT_EQ(names().size(), 1U);
    EXPECT_FALSE(fs::exists(target));
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(Results, ThePreviousFileStaysUntilCommit) {
  write_weights(target);
  const std::string before = bytes_of(target);
  { ResultsFile(target).write("/w", weights_table(2, 2)); }
  EXPECT_EQ(bytes_of(target), before);
  ResultsFile file(target);
  file.write("/w", weights_table(2, 2));
  EXPECT_EQ(bytes_of(target), before);
  file.commit();
  EXPECT_NE(bytes_of(target), before);
  EXPECT_EQ(names(), std::vector<std::string>{"out.h5"});
  EXPECT_NE(error_of([&] { file.commit(); }).find("is in place already"), std::string::npos);
}

TEST_F(Results, TemporaryFilesOfTheDeadAreRemovedAndOfTheLivingKept) {
  const pid_t process = ::fork();
  if (process == 0) {
    const ResultsFile abandoned(target);
    ::_exit(0);  // as if killed
  }
  ::waitpid(process, nullptr, 0);
  ASSERT_EQ(names(), std::vector<std::string>{".out.h5." + std::to_string(process) + ".0.tmp"});
  put(folder / ".out.h5.backup.tmp", "somebody's");
  put(folder / ".other.h5.1.0.tmp", "of another target");
  ResultsFile living(target);
  EXPECT_FALSE(fs::exists(folder / (".out.h5." + std::to_string(process) + ".0.tmp")));
  ResultsFile second(target);
  EXPECT_EQ(names().size(), 4U);
  living.commit();
  second.commit();
  EXPECT_EQ(names(), (std::vector<std::string>{".other.h5.1.0.tmp", ".out.h5.backup.tmp", "out.h5"}));
}

/// Writes complete files until it is killed.
[[noreturn]] void write_for_ever(const fs::path& target) {
  for (std::size_t size = 20;; size = size == 20 ? 60 : 20) write_weights(target, size, size);
}

TEST_F(Results, AWriterKilledAtAnyTimeLeavesACompleteFile) {
  write_weights(target, 20, 20);
  std::mt19937_64 random(7);
  for (int kill = 0; kill < 60; ++kill) {
    const pid_t process = ::fork();
    if (process == 0) write_for_ever(target);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    const auto arrays = read_arrays(target, "/weights");
    ASSERT_EQ(arrays.size(), 6U);
    const std::size_t size = arrays.front().values.size();
    EXPECT_TRUE(size == 20 || size == 60) << size;
    for (const auto& array : arrays)
      if (array.path == "/weights/hidden/w") {
        EXPECT_EQ(array.values, noise(size * size));
      }
  }
  write_weights(target);
  EXPECT_EQ(names(), std::vector<std::string>{"out.h5"});
}

TEST_F(Results, PlacesThatCannotBeWrittenGiveOneSentence) {
  EXPECT_EQ(error_of([&] { ResultsFile file(folder); }),
            "cannot write results to '" + folder.string() + "': it is a folder");
  const auto missing = folder / "no" / "out.h5";
  EXPECT_EQ(error_of([&] { ResultsFile file(missing); }),
            "cannot write results to '" + missing.string() + "': No such file or directory");
  EXPECT_EQ(error_of([] { ResultsFile file("/dev/null"); }),
            "cannot write results to '/dev/null': it is not a regular file");
  const auto below = folder / "plain" / "out.h5";
  put(folder / "plain", "text");
  EXPECT_EQ(error_of([&] { ResultsFile file(below); }),
            "cannot write results to '" + below.string() + "': Not a directory");
}

TEST_F(Results, AFullDiskKeepsThePreviousFile) {
  write_weights(target, 2, 2);
  const std::string before = bytes_of(target);
  struct rlimit old {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  {
    ResultsFile file(target);
    file.write("/w", weights_table(200, 200));
    // A limit on the size of files stands for the full disk: the write stops halfway with an error.
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = old;
    small.rlim_cur = 65536;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string sentence = error_of([&] { file.commit(); });
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(sentence, "cannot write results to '" + target.string() + "': File too large");
  }
  EXPECT_EQ(bytes_of(target), before);
  EXPECT_EQ(names(), std::vector<std::string>{"out.h5"});
}

TEST_F(Results, PermissionsFollowUmaskAndLinksAreFollowed) {
  const mode_t old = ::umask(027);
  write_weights(folder / "real.h5");
  ::umask(old);
  struct stat state {};
  ASSERT_EQ(::stat((folder / "real.h5").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777U, 0640U);
  fs::create_symlink("real.h5", target);
  write_weights(target, 5, 5);
  EXPECT_TRUE(fs::is_symlink(target));
  EXPECT_EQ(read_arrays(folder / "real.h5", "/weights/hidden").back().shape, (h5::Shape{5, 5}));
}

TEST_F(Results, AFlippedByteOfTheDataIsDetected) {
  Table table;
  table.axis("i", noise(50000), "", "place");
  ResultsFile file(target);
  file.write("/x", table);
  file.commit();
  const std::string good = bytes_of(target);
  int detected = 0;
  constexpr int flips = 40;
  for (int i = 0; i < flips; ++i) {
    std::string bad = good;
    // The chunk fills the file but for a few KiB at each end.
    const std::size_t at = good.size() / 4 + static_cast<std::size_t>(i) * (good.size() / 2 / flips);
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    put(target, bad);
    const auto opened = h5::open_file(target);
    const auto dataset = h5::open_dataset(opened, "/x/i");
    try {
      static_cast<void>(h5::read_numbers(dataset));
    } catch (const tyto::Error&) {
      ++detected;
    }
  }
  EXPECT_EQ(detected, flips);
  // The reason is in the library's words, which differ from version to version.
  EXPECT_NE(error_of([&] { static_cast<void>(read_arrays(target, "/x")); }), "");
}

}  // namespace
