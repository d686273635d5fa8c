#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>

namespace {

TEST(Moments, DescribesNumbers) {
  tyto::Moments moments;
  EXPECT_TRUE(std::isnan(moments.mean()));
  EXPECT_TRUE(std::isnan(moments.minimum()));
  moments.add(3);
  EXPECT_EQ(moments.mean(), 3);
  EXPECT_TRUE(std::isnan(moments.sd()));
  for (const double value : {5.0, 7.0, 9.0}) moments.add(value);
  EXPECT_EQ(moments.count(), 4U);
  EXPECT_DOUBLE_EQ(moments.mean(), 6);
  EXPECT_DOUBLE_EQ(moments.sd(), std::sqrt(20.0 / 3));
  EXPECT_DOUBLE_EQ(moments.sem(), std::sqrt(20.0 / 3) / 2);
  EXPECT_EQ(moments.minimum(), 3);
  EXPECT_EQ(moments.maximum(), 9);
}

TEST(Moments, KeepsItsDigitsFarFromZero) {
  tyto::Moments moments;
  for (const double value : {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}) moments.add(value);
  EXPECT_DOUBLE_EQ(moments.sd(), std::sqrt(30.0));
}

TEST(Bins, FindsValues) {
  const tyto::Bins bins(-1, 1, 4);
  EXPECT_EQ(bins.find(-1), 0U);
  EXPECT_EQ(bins.find(-0.5), 1U);
  EXPECT_EQ(bins.find(1), 3U);
  EXPECT_EQ(bins.find(1.001), std::nullopt);
  EXPECT_EQ(bins.find(-1.001), std::nullopt);
  EXPECT_EQ(bins.find(std::nan("")), std::nullopt);
  EXPECT_EQ(bins.nearest(-7), 0U);
  EXPECT_EQ(bins.nearest(7), 3U);
  EXPECT_EQ(bins.centres(), (std::vector<double>{-0.75, -0.25, 0.25, 0.75}));
  EXPECT_EQ(bins.centres(4), (std::vector<double>{-3, -1, 1, 3}));
}

TEST(ReportedUnit, IsDegreesForAngles) {
  EXPECT_EQ(tyto::reported_unit(tyto::Dimension::angle).name, "deg");
  EXPECT_DOUBLE_EQ(tyto::reported_unit(tyto::Dimension::angle).per_base * std::numbers::pi, 180);
  EXPECT_EQ(tyto::reported_unit(tyto::Dimension::time).name, "s");
  EXPECT_EQ(tyto::reported_unit(tyto::Dimension::none).name, "1");
}

TEST(ChooseLayers, TakesTheNamedOrEverySuitableLayer) {
  tyto::Model model;
  model.layers.resize(2);
  model.layers[0].name = "hidden";
  model.layers[0].spiking = true;
  model.layers[1].name = "output";
  model.layers[1].type = "leaky_integrator";
  using Indices = std::vector<std::size_t>;
  EXPECT_EQ(tyto::choose_layers(model, "", tyto::LayerChoice::any), (Indices{0, 1}));
  EXPECT_EQ(tyto::choose_layers(model, "", tyto::LayerChoice::spiking), Indices{0});
  EXPECT_EQ(tyto::choose_layers(model, "output", tyto::LayerChoice::any), Indices{1});
  EXPECT_THROW((void)tyto::choose_layers(model, "output", tyto::LayerChoice::spiking), tyto::Error);
  EXPECT_THROW((void)tyto::choose_layers(model, "absent", tyto::LayerChoice::any), tyto::Error);
}

}  // namespace
