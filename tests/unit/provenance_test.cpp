#include <cctype>

#include <gtest/gtest.h>
#include <tyto/error.hpp>

#include "results/hdf5.hpp"
#include "results/provenance.hpp"
#include "results/sha256.hpp"
#include "results_support.hpp"

namespace {

using namespace results_support;
namespace h5 = tyto::results::h5;

class Provenance : public TemporaryFolder {};

TEST_F(Provenance, Sha256OfKnownTexts) {
  EXPECT_EQ(tyto::results::sha256_text("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  put(folder / "empty", "");
  EXPECT_EQ(tyto::results::sha256_file(folder / "empty"),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  put(folder / "a", std::string(1000000, 'a'));
  EXPECT_EQ(tyto::results::sha256_file(folder / "a"),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_NE(error_of([&] { static_cast<void>(tyto::results::sha256_file(folder / "b")); }).find("No such file"),
            std::string::npos);
  EXPECT_NE(error_of([&] { static_cast<void>(tyto::results::sha256_file(folder)); }).find("not a regular file"),
            std::string::npos);
}

TEST_F(Provenance, GitRevisionIsReadFromLooseAndPackedReferences) {
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

TEST_F(Provenance, ProvenanceIsWrittenAndReadBack) {
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

}  // namespace
