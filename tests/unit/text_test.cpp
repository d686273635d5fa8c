/// Texts from outside: how they are shown, and which files they are read from.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <vector>

#include <gmock/gmock.h>

#include <tyto/backend.hpp>
#include <tyto/error.hpp>

#include "files/text_file.hpp"
#include "results/target.hpp"
#include "spec/words.hpp"

namespace {

namespace fs = std::filesystem;
using tyto::spec::escaped;

TEST(Escaped, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(escaped("a\x1b[31mb\x7f"), "a\\x1b[31mb\\x7f");
  EXPECT_EQ(escaped("\xc2\x9b"
                    "31m"),
            "\\u009b31m");
  EXPECT_EQ(escaped("a\xe2\x80\xae"
                    "b\xe2\x81\xa6"),
            "a\\u202eb\\u2066");
  EXPECT_EQ(escaped("\xd8\x9c"), "\\u061c");
}

TEST(Escaped, LeavesWhatIsText) {
  for (const char* text :
       {"", "plain", "two\nlines\tand a tab", "\xc3\xa4\xe2\x82\xac\xf0\x9f\xa6\x89", "\xe2\x80\x93"})
    EXPECT_EQ(escaped(text), text);
  // What is cut in the middle of a character.
  EXPECT_EQ(escaped("\xe2\x80"), "\xe2\x80");
}

class TextFile : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder); }
  void TearDown() override { fs::remove_all(folder); }
  fs::path folder = fs::path(testing::TempDir()) / ("tyto_text_file_" + std::to_string(getpid()));

  std::string error_of(const fs::path& file, std::size_t most = 100) {
    try {
      static_cast<void>(tyto::files::read_text_file(file, most));
    } catch (const tyto::Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(TextFile, IsARegularFileOfALimitedSize) {
  const fs::path file = folder / "a";
  std::ofstream(file) << "text";
  EXPECT_EQ(tyto::files::read_text_file(file, 4), "text");
  EXPECT_THAT(error_of(file, 3), testing::HasSubstr("too large"));
  EXPECT_THAT(error_of(folder), testing::HasSubstr("folder"));
  EXPECT_THAT(error_of(folder / "none"), testing::HasSubstr("No such file"));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of(folder / "pipe"), testing::HasSubstr("not a regular file"));
  EXPECT_THAT(error_of("/dev/zero"), testing::HasSubstr("not a regular file"));
}

TEST_F(TextFile, IsAResultsFileByTheNameOfItsFormatWhereverItStands) {
  const std::string signature("\x89HDF\r\n\x1a\n", 8);
  const fs::path file = folder / "a.h5";
  // Across the border of two blocks that are read at once, too.
  for (const std::size_t before : {std::size_t{0}, std::size_t{1000}, (std::size_t{1} << 20U) - 13}) {
    std::ofstream(file, std::ios::binary) << signature << std::string(before, 'x') << "tyto-results/1"
                                          << "end";
    EXPECT_TRUE(tyto::results::is_results_file(file)) << before;
  }
  std::ofstream(file, std::ios::binary) << signature << "others";
  EXPECT_FALSE(tyto::results::is_results_file(file));
  std::ofstream(file, std::ios::binary) << "tyto-results/1";
  EXPECT_FALSE(tyto::results::is_results_file(file));
}

template <class S>
void expect_found() {
  const S infinity = std::numeric_limits<S>::infinity();
  for (const S bad : {infinity, -infinity, std::numeric_limits<S>::quiet_NaN(), -std::numeric_limits<S>::quiet_NaN()})
    for (const std::size_t at : {0U, 1023U, 1024U, 2999U}) {
      std::vector<S> values(3000, std::numeric_limits<S>::max());
      EXPECT_FALSE(tyto::first_not_finite(std::span<const S>(values)));
      values[at] = bad;
      EXPECT_EQ(tyto::first_not_finite(std::span<const S>(values)), at);
    }
  EXPECT_FALSE(tyto::first_not_finite(std::span<const S>()));
}
TEST(FirstNotFinite, FindsInfinityAndNaN) {
  expect_found<float>();
  expect_found<double>();
}

}  // namespace
