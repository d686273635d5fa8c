#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <tyto/error.hpp>

#include "results_support.hpp"
#include "support/golden.hpp"

namespace {

using results_support::error_of;

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
