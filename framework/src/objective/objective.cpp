#include <tyto/math.hpp>
#include <tyto/objective.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <tyto/error.hpp>
#include <tyto/steps.hpp>

namespace tyto {

namespace {

std::optional<Problem> loss_fits_target(const Objective& objective) {
  if (objective.classes && objective.loss == Loss::mean_squared_error)
    return Problem{"loss",
                   "mse compares one estimated value with the target, and scores of classes are no such value; "
                   "leave 'classes' out, or use 'loss: cross_entropy'"};
  return std::nullopt;
}

std::optional<Problem> circle_fits_target(const Objective& objective) {
  if (objective.classes && objective.circular)
    return Problem{"circular", "classes lie on no circle; leave 'classes' out to estimate the target's place on one"};
  return std::nullopt;
}

std::string names_of(const std::vector<TargetInfo>& targets) {
  std::string names;
  for (const auto& target : targets) names += (names.empty() ? "'" : ", '") + target.name + "'";
  return names;
}

void expect(bool agrees, const char* sentence) {
  if (!agrees) throw Error(sentence);
}

/// Negative log likelihood of `wanted` after a log-softmax, shifted by the maximum so that no exponential
/// overflows. The gradient is softmax - onehot.
template <class S>
S cross_entropy(std::span<const S> scores, std::size_t wanted, std::span<S> gradient) {
  const S highest = *std::max_element(scores.begin(), scores.end());
  S total = 0;
  for (std::size_t k = 0; k < scores.size(); ++k) {
    gradient[k] = tyto::exp(scores[k] - highest);
    total += gradient[k];
  }
  for (S& g : gradient) g /= total;
  gradient[wanted] -= S(1);
  return tyto::log(total) - (scores[wanted] - highest);
}

/// scores[k] = sum over steps of output[step][k].
template <class S>
void sum_over_steps(Rows<const S> output, std::size_t steps, std::span<S> scores) {
  std::fill(scores.begin(), scores.end(), S(0));
  add_steps(output, steps, scores);
}

/// scores[k] = the highest output[step][k]; the earliest step wins a tie.
template <class S>
void highest_over_steps(Rows<const S> output, std::size_t steps, std::span<S> scores, std::span<std::size_t> when) {
  std::copy_n(output[0], scores.size(), scores.begin());
  std::fill(when.begin(), when.end(), std::size_t{0});
  for (std::size_t t = 1; t < steps; ++t)
    for (std::size_t k = 0; k < scores.size(); ++k)
      if (const S value = output[t][k]; value > scores[k]) {
        scores[k] = value;
        when[k] = t;
      }
}

}  // namespace

Parameters<Objective> Objective::parameters() {
  auto list =
      tyto::parameters<Objective>("What the network is asked: the target, the readout of the output layer, the loss");
  list.text("target", &Objective::target, "", "name of the stimulus's target; empty: its first")
      .integer("classes", &Objective::classes, "",
               "number of equal classes that the target's range is divided into; left out: its categories, if it has "
               "some, else its value is estimated (regression)")
      .range(2, 1'000'000)
      .optional()
      .choice("readout", &Objective::readout,
              {{"mean", Readout::mean},
               {"sum", Readout::sum},
               {"last", Readout::last},
               {"max", Readout::max},
               {"spike_count", Readout::spike_count}},
              "mean", "how an output neuron's values over time become its score; spike_count needs neurons that spike")
      .number("factor", &Objective::factor, "1", "multiplies the readout")
      .positive()
      .choice("loss", &Objective::loss, {{"cross_entropy", Loss::cross_entropy}, {"mse", Loss::mean_squared_error}},
              "cross_entropy", "what training makes small: cross_entropy for classes, mse for a value")
      .boolean("circular", &Objective::circular, "false",
               "for a value on a circle: two outputs stand for the cosine and sine of its place, the estimate is their "
               "angle, and errors are measured the shorter way round")
      .number("period", &Objective::period, "1",
              "length of the circle in units of the target's range; 1 joins the two ends of the range")
      .at_least(1)
      .check(loss_fits_target)
      .check(circle_fits_target);
  return list;
}

void Objective::bind(const std::vector<TargetInfo>& targets) {
  if (targets.empty()) throw Error("the stimulus has no targets, so there is nothing to learn or to score");
  const auto found = target.empty() ? targets.begin()
                                    : std::find_if(targets.begin(), targets.end(),
                                                   [this](const auto& candidate) { return candidate.name == target; });
  if (found == targets.end()) throw Error("the stimulus has no target '" + target + "'; it has " + names_of(targets));
  if (!found->categories.empty())
    bind_category(*found);
  else if (!classes && loss == Loss::cross_entropy)
    throw Error(
        "loss: cross_entropy compares classes, and the objective has none; give 'classes', or use 'loss: mse' to " +
        ("estimate the value of '" + found->name + "'"));
  if (classes && !(found->minimum < found->maximum))
    throw Error("target '" + found->name + "' cannot be divided into classes: its range is empty");
  if (circular && !(found->minimum < found->maximum))
    throw Error("target '" + found->name + "' cannot lie on a circle: its range is empty");
  info_ = *found;
  index_ = static_cast<std::size_t>(found - targets.begin());
}

void Objective::bind_category(const TargetInfo& found) {
  const int count = static_cast<int>(found.categories.size());
  if (count < 2) throw Error("target '" + found.name + "' has one category only, so there is nothing to tell apart");
  if (loss != Loss::cross_entropy || circular)
    throw Error("target '" + found.name + "' is a category, of which no value can be estimated; use " +
                (circular ? "'circular: false'" : "'loss: cross_entropy'"));
  if (classes.value_or(count) != count)
    throw Error("target '" + found.name + "' has " + std::to_string(count) + " categories, and 'classes' says " +
                std::to_string(*classes) + "; leave 'classes' out");
  classes = count;
}

std::size_t Objective::class_of(double value) const {
  const double count = static_cast<double>(outputs());
  const double position = std::floor((value - info_.minimum) / (info_.maximum - info_.minimum) * count);
  if (!(position > 0)) return 0;
  return static_cast<std::size_t>(std::min(position, count - 1));
}

double Objective::class_centre(std::size_t index) const {
  const double width = (info_.maximum - info_.minimum) / static_cast<double>(outputs());
  return info_.minimum + (static_cast<double>(index) + 0.5) * width;
}

double Objective::estimate(std::span<const double> scores) const {
  expect(scores.size() == outputs(), "an estimate needs one score for each output of the objective");
  if (!classes && circular) {
    // The angle lies in [-pi, pi]; the circle is cut opposite to the middle of the target's range.
    const double middle = 0.5 * (info_.minimum + info_.maximum);
    return middle + tyto::atan2(scores[1], scores[0]) / (2 * std::numbers::pi) * circumference();
  }
  if (!classes) return scores[0];
  return class_centre(static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
}

double Objective::distance(double a, double b) const {
  const double straight = std::abs(a - b);
  if (!circular) return straight;
  const double rest = std::fmod(straight, circumference());
  return std::min(rest, circumference() - rest);
}

template <class S>
void Objective::read(Rows<const S> output, std::size_t steps, std::span<S> scores, std::span<std::size_t> when) const {
  expect(steps > 0, "a readout needs at least one step");
  expect(output.stride >= scores.size(), "a readout needs one output for each step and score");
  switch (readout) {
    case Readout::mean:
      sum_over_steps(output, steps, scores);
      for (S& score : scores) score /= static_cast<S>(steps);
      break;
    case Readout::sum:
    case Readout::spike_count:  // of neurons whose output is 1 in the step of a spike
      sum_over_steps(output, steps, scores);
      break;
    case Readout::last:
      std::copy_n(output[steps - 1], scores.size(), scores.begin());
      break;
    case Readout::max:
      expect(when.size() == scores.size(), "the readout 'max' needs a place for the step of each maximum");
      highest_over_steps(output, steps, scores, when);
      break;
  }
  for (S& score : scores) score *= static_cast<S>(factor);
}

template <class S>
S Objective::loss_of(std::span<const S> scores, double target_value, std::span<S> grad_scores) const {
  expect(scores.size() == outputs(), "a loss needs one score for each output of the objective");
  expect(grad_scores.size() == scores.size(), "a loss needs a gradient for each score");
  if (loss == Loss::cross_entropy) return cross_entropy(scores, class_of(target_value), grad_scores);
  if (circular) {
    const double middle = 0.5 * (info_.minimum + info_.maximum);
    const double angle = 2 * std::numbers::pi * (target_value - middle) / circumference();
    const auto [wanted_sine, wanted_cosine] = tyto::sin_cos(angle);
    const S cosine = scores[0] - static_cast<S>(wanted_cosine);
    const S sine = scores[1] - static_cast<S>(wanted_sine);
    grad_scores[0] = cosine;
    grad_scores[1] = sine;
    return S(0.5) * (cosine * cosine + sine * sine);
  }
  const S difference = scores[0] - static_cast<S>(target_value);
  grad_scores[0] = S(2) * difference;
  return difference * difference;
}

template <class S>
void Objective::spread(std::span<const S> grad_scores, std::size_t steps, std::span<const std::size_t> when,
                       Rows<S> grad_output) const {
  const std::size_t n = grad_scores.size();
  expect(steps > 0, "a readout needs at least one step");
  expect(grad_output.stride >= n, "a readout's gradient needs one place for each step and score");
  const bool every_step = readout != Readout::last && readout != Readout::max;
  const S scale = static_cast<S>(factor) / (readout == Readout::mean ? static_cast<S>(steps) : S(1));
  if (every_step) return add_to_steps(grad_scores, scale, steps, grad_output);
  expect(readout != Readout::max || when.size() == n, "the readout 'max' needs the step of each maximum");
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t step = readout == Readout::max ? when[k] : steps - 1;
    expect(step < steps, "the step of a maximum lies beyond the end of the trial");
    grad_output[step][k] += grad_scores[k] * scale;
  }
}

template TYTO_API void Objective::read<float>(Rows<const float>, std::size_t, std::span<float>,
                                              std::span<std::size_t>) const;
template TYTO_API void Objective::read<double>(Rows<const double>, std::size_t, std::span<double>,
                                               std::span<std::size_t>) const;
template TYTO_API float Objective::loss_of<float>(std::span<const float>, double, std::span<float>) const;
template TYTO_API double Objective::loss_of<double>(std::span<const double>, double, std::span<double>) const;
template TYTO_API void Objective::spread<float>(std::span<const float>, std::size_t, std::span<const std::size_t>,
                                                Rows<float>) const;
template TYTO_API void Objective::spread<double>(std::span<const double>, std::size_t, std::span<const std::size_t>,
                                                 Rows<double>) const;

}  // namespace tyto
