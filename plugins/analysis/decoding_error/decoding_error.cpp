#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <tyto/analysis.hpp>
#include <tyto/analysis_tools.hpp>
#include <tyto/error.hpp>
#include <tyto/expression.hpp>
#include <tyto/plugin.hpp>

namespace {

/// A decoded value beside what it should be. Its error has a part that depends on the wanted value alone, the static
/// one, and the rest, which is noise of the spikes: they are told apart by the mean error within bins of wanted values.
class DecodingError final : public tyto::Analysis {
 public:
  std::string probe;
  std::vector<std::string> target;
  double from_s = 0;
  std::optional<double> until_s;
  double lag_s = 0;
  int bins = 50;

  static auto parameters() {
    constexpr double most_bins = 1e5;
    return tyto::parameters<DecodingError>(
               "Root mean square error of a decoded value, and the value against its target")
        .text("probe", &DecodingError::probe, "", "the probe that recorded the value")
        .required()
        .texts("target", &DecodingError::target, "[]",
               "what it should be: a formula of the time t, in seconds, for each "
               "channel of the probe")
        .required()
        .time("from", &DecodingError::from_s, "0 s", "samples before this are left out")
        .compared(tyto::StepRole::before_end)
        .non_negative()
        .time("until", &DecodingError::until_s, "", "samples after this are left out; none if not given")
        .optional()
        .time("lag", &DecodingError::lag_s, "0 s", "time by which the value may come after its target")
        .compared(tyto::StepRole::within_run)
        .non_negative()
        .integer("bins", &DecodingError::bins, "50", "bins of wanted values")
        .range(1, most_bins);
  }

  void check(const tyto::Model& model) const override {
    const tyto::ModelProbe& found = model.probes[tyto::probe_index(model, probe)];
    if (found.channels != target.size())
      throw tyto::Error("the probe '" + probe + "' has " + std::to_string(found.channels) +
                        " channels, and there are " + std::to_string(target.size()) + " targets");
    static_cast<void>(formulas());
  }

  void run(const tyto::FinishedRun& run, tyto::Table& table) const override {
    const auto data = run.probe(probe);
    const auto wanted_of = formulas();
    std::vector<double> rmse, fixed, noise;
    double all = 0;
    std::vector<double> centres, means, spreads;
    const std::size_t channels = data.channels;
    for (std::size_t k = 0; k < channels; ++k) {
      std::vector<double> wanted, errors;
      for (std::size_t i = 0; i < data.time_s.size(); ++i) {
        const double t_s = data.time_s[i];
        if (t_s < from_s || (until_s && t_s > *until_s)) continue;
        const double shifted_s = t_s - lag_s;
        wanted.push_back(wanted_of[k]({&shifted_s, 1}));
        errors.push_back(data.values[i * channels + k] - wanted.back());
      }
      if (wanted.empty()) throw tyto::Error("the probe '" + probe + "' has no samples in that time");
      const auto split = divide(wanted, errors);
      rmse.push_back(std::sqrt(split.total));
      fixed.push_back(std::sqrt(split.fixed));
      noise.push_back(std::sqrt(std::max(0.0, split.total - split.fixed)));
      all += split.total;
      centres.insert(centres.end(), split.centres.begin(), split.centres.end());
      means.insert(means.end(), split.means.begin(), split.means.end());
      spreads.insert(spreads.end(), split.spreads.begin(), split.spreads.end());
    }
    table.variable("rmse", {}, std::vector{std::sqrt(all / static_cast<double>(channels))}, "1",
                   "root mean square error over all channels");
    const std::string channel = run.model().probes[tyto::probe_index(run.model(), probe)].name + "_channel";
    table.axis(channel, tyto::numbered(channels), "1", "index of the value");
    table.axis("bin", tyto::numbered(static_cast<std::size_t>(bins)), "1", "index of the bin of wanted values");
    table.variable("channel_rmse", {channel}, rmse, "1", "root mean square error");
    table.variable("static_rmse", {channel}, fixed, "1", "part of it that depends on the wanted value alone");
    table.variable("noise_rmse", {channel}, noise, "1", "the rest, noise of the spikes");
    table.variable("wanted", {channel, "bin"}, centres, "1", "centre of the bin");
    table.variable("decoded", {channel, "bin"}, means, "1", "mean decoded value in the bin")
        .nan_means("values that are never wanted");
    table.variable("decoded_sd", {channel, "bin"}, spreads, "1", "its standard deviation")
        .nan_means("values that are wanted for too few samples");
  }

 private:
  struct Split {
    double total = 0;
    double fixed = 0;
    std::vector<double> centres, means, spreads;
  };

  [[nodiscard]] std::vector<tyto::Expression> formulas() const {
    std::vector<tyto::Expression> all;
    for (const auto& text : target) all.emplace_back(text, std::vector<std::string>{"t"});
    return all;
  }

  [[nodiscard]] Split divide(const std::vector<double>& wanted, const std::vector<double>& errors) const {
    const auto [low, high] = std::minmax_element(wanted.begin(), wanted.end());
    const bool flat = *low == *high;
    const tyto::Bins places(*low, flat ? *low + 1 : *high, static_cast<std::size_t>(bins));
    std::vector<tyto::Moments> in_bin(places.size());
    Split split;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      in_bin[places.nearest(wanted[i])].add(errors[i]);
      split.total += errors[i] * errors[i];
    }
    split.total /= static_cast<double>(wanted.size());
    split.centres = places.centres();
    for (std::size_t bin = 0; bin < places.size(); ++bin) {
      const auto& moments = in_bin[bin];
      split.means.push_back(split.centres[bin] + moments.mean());
      split.spreads.push_back(moments.sd());
      if (moments.count() > 0) split.fixed += static_cast<double>(moments.count()) * moments.mean() * moments.mean();
    }
    split.fixed /= static_cast<double>(wanted.size());
    return split;
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<DecodingError>("decoding_error", {tyto::capability::simulation}); }
