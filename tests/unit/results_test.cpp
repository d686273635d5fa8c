#include <fcntl.h>
#include <hdf5.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <tyto/error.hpp>

#include "results/hdf5.hpp"
#include "results/provenance.hpp"
#include "results/results_file.hpp"
#include "results/sha256.hpp"
#include "support/golden.hpp"

namespace {

namespace fs = std::filesystem;
namespace h5 = tyto::results::h5;
using tyto::Table;
using tyto::results::read_arrays;
using tyto::results::ResultsFile;
using Clock = std::chrono::steady_clock;

/// A folder of its own for each test, removed afterwards.
class Results : public testing::Test {
 protected:
  Results() {
    std::string pattern = (fs::temp_directory_path() / "tyto_results_XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    target = folder / "out.h5";
  }
  ~Results() override { fs::remove_all(folder); }
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

  fs::path folder;
  fs::path target;
};

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void put(const fs::path& file, const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

/// The sentence of the Error that an action throws; a failure of the test if it throws none.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const tyto::Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

std::string write_error(const fs::path& target, const std::string& group, const Table& table) {
  return error_of([&] { ResultsFile(target).write(group, table); });
}

/// Noise, which deflate cannot shorten, so that most of the file is chunk data.
std::vector<double> noise(std::size_t size) {
  std::mt19937_64 random(1);
  std::vector<double> values(size);
  std::generate(values.begin(), values.end(), [&] { return std::uniform_real_distribution<double>(-1, 1)(random); });
  return values;
}

Table weights_table(std::size_t from, std::size_t to) {
  Table table;
  std::vector<std::int64_t> rows(from);
  std::vector<std::int64_t> columns(to);
  std::iota(rows.begin(), rows.end(), 0);
  std::iota(columns.begin(), columns.end(), 0);
  table.axis("from", rows, "", "index of the sending neuron");
  table.axis("to", columns, "", "index of the receiving neuron");
  table.variable("w", {"from", "to"}, noise(from * to), "", "weight");
  return table;
}

void write_weights(const fs::path& target, std::size_t from = 40, std::size_t to = 30) {
  ResultsFile file(target);
  file.write("/weights/hidden", weights_table(from, to));
  file.write("/weights/output", weights_table(to, 3));
  file.commit();
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
  EXPECT_EQ(h5::inspect(rates).scales, (std::vector<std::string>{"time", "class"}));
  EXPECT_EQ(h5::read_text_attribute(rates, "units"), "Hz");
  EXPECT_EQ(h5::read_text_attribute(h5::open_dataset(group, "i64"), "units"), "1");
  EXPECT_EQ(h5::read_text_attribute(h5::open_dataset(group, "word"), "long_name"), "word");
}

TEST_F(Results, AxesOfOneNameInTwoGroupsAreSeparate) {
  ResultsFile file(target);
  for (const double last : {1.0, 2.0}) {
    Table table;
    table.axis("x", std::vector<double>{0, last}, "s", "place");
    table.variable("y", {"x"}, std::vector<double>{3, 4}, "s", "value");
    file.write(last == 1 ? "/a/b" : "/a", table);
  }
  file.commit();
  const auto opened = h5::open_file(target);
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/a/b/x")), (std::vector<double>{0, 1}));
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/a/x")), (std::vector<double>{0, 2}));
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
  EXPECT_NE(error_of([&] { static_cast<void>(read_arrays(target, "/x")); }).find("Fletcher32"), std::string::npos);
}

TEST_F(Results, ArraysOfAGoodFileAreRead) {
  write_weights(target);
  const auto arrays = read_arrays(target, "/weights");
  ASSERT_EQ(arrays.size(), 6U);
  const auto hidden =
      std::find_if(arrays.begin(), arrays.end(), [](const auto& array) { return array.path == "/weights/hidden/w"; });
  ASSERT_NE(hidden, arrays.end());
  EXPECT_EQ(hidden->shape, (h5::Shape{40, 30}));
  EXPECT_EQ(hidden->values, noise(40 * 30));
  EXPECT_EQ(read_arrays(target, "weights/hidden/").size(), 3U);
  EXPECT_EQ(read_arrays(target, "/").size(), 6U);
}

std::string read_error(const fs::path& file, const std::string& group = "/weights") {
  return error_of([&] { static_cast<void>(read_arrays(file, group)); });
}

TEST_F(Results, FilesThatAreNoneOfOursAreRefusedBySentence) {
  const std::string name = "'" + target.string() + "'";
  EXPECT_EQ(read_error(target), "there is no file " + name);
  EXPECT_EQ(read_error(folder), "'" + folder.string() + "' is a folder, not an HDF5 file");
  EXPECT_EQ(read_error("/dev/null"), "'/dev/null' is not a regular file");
  put(target, "");
  EXPECT_EQ(read_error(target), name + " is not an HDF5 file");
  put(target, std::string(5000, 'x'));
  EXPECT_EQ(read_error(target), name + " is not an HDF5 file");
  write_weights(target);
  EXPECT_EQ(read_error(target, "/no/such"), "cannot use " + name + ": there is no group '/no/such' in it");
  EXPECT_EQ(read_error(target, "/weights/hidden/w"),
            "cannot use " + name + ": '/weights/hidden/w' in it is not a readable group");
  const std::string good = bytes_of(target);
  put(target, good.substr(0, good.size() / 2));
  EXPECT_NE(read_error(target).find("truncated file"), std::string::npos);
  put(target, std::string(512, '\0') + good.substr(0, 8));
  EXPECT_EQ(read_error(target).find("is not an HDF5 file"), std::string::npos);  // the signature is there
}

/// Makes a file with the C library, for things that our own writer never writes.
template <class Fill>
void make_file(const fs::path& target, Fill&& fill) {
  const hid_t file = H5Fcreate(target.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(file, 0);
  const hid_t group = H5Gcreate2(file, "weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  fill(group);
  H5Gclose(group);
  H5Fclose(file);
}

TEST_F(Results, LinksLeadNowhereAndTextsAreSkipped) {
  write_weights(folder / "other.h5");
  make_file(target, [&](hid_t group) {
    H5Lcreate_external((folder / "other.h5").c_str(), "/weights", group, "outside", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/weights", group, "circle", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(group, "/weights", group, "self", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_TRUE(read_arrays(target, "/weights").empty());
  EXPECT_NE(read_error(target, "/weights/outside").find("there is no group"), std::string::npos);
}

TEST_F(Results, DataInOtherFilesAndGiantsAreRefused) {
  put(folder / "secret", std::string(800, 's'));
  make_file(target, [&](hid_t group) {
    const hsize_t size = 100;
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(list, (folder / "secret").c_str(), 0, 800);
    H5Dclose(H5Dcreate2(group, "w", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT));
    H5Pclose(list);
    H5Sclose(space);
  });
  EXPECT_NE(read_error(target).find("keeps its values in another file"), std::string::npos);
  for (const hsize_t side : {hsize_t{1} << 15U, hsize_t{1} << 40U}) {
    make_file(target, [&](hid_t group) {
      const hsize_t extent[2] = {side, side};
      const hsize_t chunk[2] = {64, 64};
      const hid_t space = H5Screate_simple(2, extent, nullptr);
      const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
      H5Pset_chunk(list, 2, chunk);
      H5Dclose(H5Dcreate2(group, "w", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, list, H5P_DEFAULT));
      H5Pclose(list);
      H5Sclose(space);
    });
    const std::string sentence = read_error(target);
    const bool named =
        sentence.find("more than 1 GiB") != std::string::npos || sentence.find("too large") != std::string::npos;
    EXPECT_TRUE(named) << sentence;
  }
}

TEST_F(Results, RandomlyDamagedFilesNeverHarmTheReader) {
  write_weights(target, 8, 6);
  const std::string good = bytes_of(target);
  std::mt19937_64 random(20240531);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int refused = 0;
  for (int mutant = 0; mutant < 200; ++mutant) {
    std::string bad = good;
    for (std::size_t change = 1 + below(8); change > 0; --change) {
      const std::size_t at = 8 + below(bad.size() - 8);
      bad[at] = static_cast<char>(random());
    }
    if (below(5) == 0) bad.resize(8 + below(bad.size() - 8));
    put(target, bad);
    const auto begin = Clock::now();
    try {
      static_cast<void>(read_arrays(target, "/weights"));
    } catch (const tyto::Error& error) {
      ++refused;
      EXPECT_NE(std::string(error.what()).find(target.string()), std::string::npos);
    }
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(6)) << "mutant " << mutant;
  }
  EXPECT_GT(refused, 50);
}

TEST_F(Results, TheChildIsGoneAfterReading) {
  write_weights(target);
  static_cast<void>(read_arrays(target, "/weights"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(Results, Sha256OfKnownTexts) {
  EXPECT_EQ(tyto::results::sha256_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  put(folder / "empty", "");
  EXPECT_EQ(tyto::results::sha256_file(folder / "empty"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  put(folder / "a", std::string(1000000, 'a'));
  EXPECT_EQ(tyto::results::sha256_file(folder / "a"),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_NE(error_of([&] { static_cast<void>(tyto::results::sha256_file(folder / "b")); }).find("No such file"),
            std::string::npos);
  EXPECT_NE(error_of([&] { static_cast<void>(tyto::results::sha256_file(folder)); }).find("directory"),
            std::string::npos);
}

TEST_F(Results, GitRevisionIsReadFromLooseAndPackedReferences) {
  const std::string revision(40, 'a');
  const std::string packed(40, 'b');
  fs::create_directories(folder / ".git" / "refs" / "heads");
  fs::create_directories(folder / "deep" / "er");
  put(folder / ".git" / "HEAD", "ref: refs/heads/main\n");
  EXPECT_EQ(tyto::results::git_revision(folder), "");
  put(folder / ".git" / "packed-refs", "# pack-refs with: peeled\n" + packed + " refs/heads/main\n");
  EXPECT_EQ(tyto::results::git_revision(folder / "deep" / "er"), packed);
  put(folder / ".git" / "refs" / "heads" / "main", revision + "\n");
  EXPECT_EQ(tyto::results::git_revision(folder / "deep"), revision);
  put(folder / ".git" / "HEAD", packed + "\n");
  EXPECT_EQ(tyto::results::git_revision(folder), packed);
  put(folder / ".git" / "HEAD", "ref: ref: nonsense\n");
  EXPECT_EQ(tyto::results::git_revision(folder), "");
  // A linked worktree: a file that leads to a folder of the main repository.
  fs::create_directories(folder / ".git" / "worktrees" / "side");
  fs::create_directories(folder / "side");
  put(folder / "side" / ".git", "gitdir: ../.git/worktrees/side\n");
  put(folder / ".git" / "worktrees" / "side" / "HEAD", "ref: refs/heads/main\n");
  put(folder / ".git" / "worktrees" / "side" / "commondir", "../..\n");
  EXPECT_EQ(tyto::results::git_revision(folder / "side"), revision);
  EXPECT_EQ(tyto::results::git_revision(folder / "not there"), "");
}

TEST_F(Results, ProvenanceIsWrittenAndReadBack) {
  tyto::results::Provenance provenance;
  provenance.source_yaml = "tyto: 1\n";
  provenance.plugins = {{"itd", "0.1", "itd.so", "00ff"}, {"lif", "0.2", "lif.so", "11ee"}};
  provenance.epoch_s = {0.5, 0.25};
  provenance.started = tyto::results::utc_now();
  std::string pattern = provenance.started;
  std::replace_if(
      pattern.begin(), pattern.end(), [](unsigned char c) { return std::isdigit(c) != 0; }, '9');
  EXPECT_EQ(pattern, "9999-99-99T99:99:99Z");
  ResultsFile file(target);
  file.write("/provenance", tyto::results::provenance_table(provenance));
  file.commit();
  const auto opened = h5::open_file(target);
  EXPECT_EQ(h5::read_texts(h5::open_dataset(opened, "/provenance/source_yaml")).front(), "tyto: 1\n");
  EXPECT_EQ(h5::read_texts(h5::open_dataset(opened, "/provenance/plugin_version")),
            (std::vector<std::string>{"0.1", "0.2"}));
  EXPECT_EQ(h5::read_numbers(h5::open_dataset(opened, "/provenance/epoch")), (std::vector<double>{1, 2}));
  const auto place = h5::open_group(opened, "/provenance");
  EXPECT_FALSE(h5::read_text_attribute(place, "host").empty());
  EXPECT_EQ(h5::read_text_attribute(place, "tyto_version"), TYTO_VERSION);
}

TEST(Golden, NumbersBooleansAndAttributesAreRead) {
  const golden::File lif("lif_li_sigmoid");
  const auto w = lif.array("w_ih");
  ASSERT_EQ(w.shape.size(), 2U);
  EXPECT_EQ(w.values.size(), w.shape[0] * w.shape[1]);
  EXPECT_EQ(lif.array("spikes_in").shape.back(), w.shape[0]);
  EXPECT_NEAR(lif.attribute_number("alpha"), std::exp(-lif.attribute_number("dt") / lif.attribute_number("tau")),
              1e-15);
  EXPECT_EQ(lif.attribute_text("surrogate"), "sigmoid");
  EXPECT_EQ(lif.attribute_number("detach_reset"), 0);
  EXPECT_EQ(golden::File("lif_li_sigmoid_detached_reset").attribute_number("detach_reset"), 1);
  EXPECT_GT(lif.number("loss"), 0);
  const golden::File rates("itd_rates");
  EXPECT_GT(rates.attribute_number("case0/frequency_hz"), 0);
  EXPECT_EQ(rates.array("case0/ipd_rad").shape[0], rates.array("case0/probability_exact").shape[0]);
  const auto excitatory = golden::File("nnls_dale").values("excitatory");
  EXPECT_TRUE(std::all_of(excitatory.begin(), excitatory.end(), [](double x) { return x == 0 || x == 1; }));
  EXPECT_NE(std::count(excitatory.begin(), excitatory.end(), 1.0), 0);
}

TEST(Golden, WhatIsMissingIsAnError) {
  EXPECT_NE(error_of([] { golden::File file("no_such_file"); }).find("No such file"), std::string::npos);
  const golden::File lif("lif_li_sigmoid");
  EXPECT_NE(error_of([&] { static_cast<void>(lif.array("nothing")); }).find("has no data set 'nothing'"),
            std::string::npos);
  EXPECT_NE(error_of([&] { static_cast<void>(lif.attribute_number("nothing")); }).find("attribute 'nothing'"),
            std::string::npos);
  EXPECT_NE(error_of([&] { static_cast<void>(lif.number("w_ih")); }).find("is not one number"), std::string::npos);
}

}  // namespace
