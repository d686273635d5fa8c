#include <hdf5.h>
#include <sys/wait.h>

#include <cerrno>
#include <chrono>

#include <gtest/gtest.h>
#include <tyto/error.hpp>

#include "results/hdf5.hpp"
#include "results/results_file.hpp"
#include "results_support.hpp"

namespace {

using namespace results_support;
namespace h5 = tyto::results::h5;
using tyto::results::read_arrays;
using Clock = std::chrono::steady_clock;

class ReadArrays : public TemporaryFolder {};

TEST_F(ReadArrays, ArraysOfAGoodFileAreRead) {
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

TEST_F(ReadArrays, FilesThatAreNoneOfOursAreRefusedBySentence) {
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

TEST_F(ReadArrays, LinksLeadNowhereAndTextsAreSkipped) {
  write_weights(folder / "other.h5");
  make_file(target, [&](hid_t group) {
    H5Lcreate_external((folder / "other.h5").c_str(), "/weights", group, "outside", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/weights", group, "circle", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_hard(group, "/weights", group, "self", H5P_DEFAULT, H5P_DEFAULT);
  });
  EXPECT_TRUE(read_arrays(target, "/weights").empty());
  EXPECT_NE(read_error(target, "/weights/outside").find("there is no group"), std::string::npos);
}

TEST_F(ReadArrays, DataInOtherFilesAndGiantsAreRefused) {
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

TEST_F(ReadArrays, RandomlyDamagedFilesNeverHarmTheReader) {
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

TEST_F(ReadArrays, TheChildIsGoneAfterReading) {
  write_weights(target);
  static_cast<void>(read_arrays(target, "/weights"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
