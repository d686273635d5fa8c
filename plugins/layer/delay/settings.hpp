/// What every layer with delays can be told, declared once, and the law that keeps delays within their bounds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tyto/layer.hpp>
#include <tyto/parameters.hpp>

namespace delay {

enum class Method {
  whole_step,    ///< shift by whole steps, the gradient is the difference of neighbouring steps
  interpolated,  ///< linear between the two nearest steps
  dcls,          ///< a Gaussian over steps that narrows while training goes on (Hammouamri et al. 2023)
  seed           ///< as whole_step, the gradient multiplied by 5 d / 1 ms
};
enum class Initial { uniform, fixed, zero };
enum class Evaluation { rounded, as_trained };

/// Delays are stored in milliseconds, so that a file of results and an optimizer's learning rate mean the same for
/// every length of the time step.
inline constexpr double ms_per_second = 1e3;

struct Settings {
  Method method = Method::interpolated;
  double max_s = 0;
  Initial initial = Initial::uniform;
  double initial_s = 0;
  Evaluation evaluation = Evaluation::rounded;
  std::optional<double> sigma_s;
  double final_sigma_steps = 0.5;
  double anneal_until = 1;
  bool trainable = true;
  std::shared_ptr<const tyto::Optimizer> optimizer;
};

/// For the pages of layers with delays: what each method does.
inline constexpr std::string_view method_details =
    R"(d is in steps, from 0 to K = ceil(max / dt). x is the input and g[n] the derivative of the loss by y[n]:

    whole_step    y[n] = x[n-r], r = floor(d + 0.5)
                  dL/dd = sum over n of g[n] (x[n-r-1] - x[n-r]), straight through the rounding
    interpolated  y[n] = (1-f) x[n-c] + f x[n-c+1], c = ceil(d), f = c - d; exact derivative, x[n-c] - x[n-c+1]
    dcls          y[n] = sum over k of G[k] x[n-k], G[k] = exp(-(k-d)^2 / (2 s^2)) / sum of the same; exact derivative
    seed          as whole_step, the derivative times 5 d / 1 ms

For `dcls` k runs over the steps within 4 s of d and within 0 to K. With p the part of the training that is done, the
width in steps is s = s0 (s1 / s0)^min(p / anneal_until, 1), s0 = `sigma` / dt (half of `max` unless given, not below
s1) and s1 = `final_sigma` (Hammouamri et al. 2023).

)";

[[nodiscard]] inline std::optional<tyto::Problem> fault_of(const Settings& settings) {
  if (settings.initial == Initial::fixed && settings.initial_s > settings.max_s)
    return tyto::Problem{"initial_delay", "must not be above 'max'"};
  return std::nullopt;
}

/// Declares the settings as parameters of a layer derived from Settings.
template <class T>
[[nodiscard]] tyto::Parameters<T> declare(tyto::Parameters<T> parameters) {
  static_assert(std::is_base_of_v<Settings, T>);
  return parameters
      .choice("method", tyto::member<T>(&Settings::method),
              {{"whole_step", Method::whole_step},
               {"interpolated", Method::interpolated},
               {"dcls", Method::dcls},
               {"seed", Method::seed}},
              "interpolated", "how a delay that is no whole number of steps acts and is learned")
      .time("max", tyto::member<T>(&Settings::max_s), "30 ms", "largest delay; delays stay within 0 and this")
      .compared(tyto::StepRole::resolved)
      .positive()
      .at_most(10)
      .choice("initial", tyto::member<T>(&Settings::initial),
              {{"uniform", Initial::uniform}, {"fixed", Initial::fixed}, {"zero", Initial::zero}}, "uniform",
              "initial delays: uniform in [0, max), all equal to initial_delay, or zero")
      .time("initial_delay", tyto::member<T>(&Settings::initial_s), "0 ms", "initial delay where 'initial' is 'fixed'")
      .non_negative()
      .choice("evaluation", tyto::member<T>(&Settings::evaluation),
              {{"rounded", Evaluation::rounded}, {"as_trained", Evaluation::as_trained}}, "rounded",
              "delays outside training: rounded to whole steps, or acting as they do in training")
      .time("sigma", tyto::member<T>(&Settings::sigma_s), "0 ms",
            "method dcls: width of the Gaussian when training begins; half of 'max' unless given")
      .positive()
      .optional()
      .number("final_sigma", tyto::member<T>(&Settings::final_sigma_steps), "0.5",
              "method dcls: width of the Gaussian at the end, in steps")
      .at_least(0.25)
      .at_most(1000)
      .number("anneal_until", tyto::member<T>(&Settings::anneal_until), "1",
              "method dcls: part of the training after which the width stays at its end")
      .above(0)
      .at_most(1)
      .boolean("trainable", tyto::member<T>(&Settings::trainable), "true", "whether delays are learned")
      .component("optimizer", tyto::member<T>(&Settings::optimizer), "adam",
                 "optimizer of the delays, which are in milliseconds, instead of the learning rule's")
      .optional()
      .check([](const T& settings) { return fault_of(settings); });
}

/// The array "d".
[[nodiscard]] tyto::ArrayInfo array_of(const Settings& settings, std::vector<std::size_t> shape,
                                       std::vector<std::string> axes);

}  // namespace delay
