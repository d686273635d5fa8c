#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <tyto/error.hpp>
#include <tyto/expression.hpp>
#include <tyto/plugin.hpp>
#include <tyto/stimulus.hpp>

namespace {

class FormulaStream final : public tyto::ValueStream {
 public:
  FormulaStream(std::vector<tyto::Expression> formulas, double dt_s) : formulas_(std::move(formulas)), dt_s_(dt_s) {}

  void values(std::uint64_t first, std::span<double> values) const override {
    const std::size_t n = formulas_.size();
    for (std::size_t cell = 0; cell < values.size(); ++cell) {
      const std::uint64_t step = first + cell / n + 1;
      const double t_s = static_cast<double>(step) * dt_s_;
      values[cell] = formulas_[cell % n]({&t_s, 1});
      if (!std::isfinite(values[cell]))
        throw tyto::Diverged("the formula '" + formulas_[cell % n].text() + "' is " +
                             (std::isnan(values[cell]) ? "nan" : "infinite") + " at t = " + std::to_string(t_s) + " s");
    }
  }

 private:
  std::vector<tyto::Expression> formulas_;
  double dt_s_;
};

class Formula final : public tyto::Stimulus {
 public:
  std::vector<std::string> value;

  static auto parameters() {
    return tyto::parameters<Formula>("Values that are formulas of the time t, in seconds")
        .details(R"(The value of step n is that at the end of the step:

    x[n] = formula(t)     t = (n + 1) dt, in s

What formulas know, here and wherever else a formula is asked for:

    constants   pi  e
    operators   + - * / ^   < <= > >= == !=   && ||   a ? b : c   ( )
    functions   sin cos tan atan atan2 exp ln log tanh
                asin acos sinh cosh asinh acosh atanh sqrt log2 log10 abs sign rint
                min max sum avg, of any number of values

The functions of the first line have the same bits on every processor; the others are those of the parser, muParser.
`log` is the natural logarithm, as `ln` is. Angles are in rad. `2^3^2` is 2^9, and `-2^2` is -4. Truth is 1, else 0. A
formula has up to 1000 characters, gives one value and assigns nothing. A value that is not finite ends the run.)")
        .texts("value", &Formula::value, "[]", "a formula for each channel, as in 'sin(2*pi*t)' or 't < 5 ? 0 : 1'")
        .required()
        .check([](const Formula& formula) -> std::optional<tyto::Problem> {
          if (formula.value.empty()) return tyto::Problem{"value", "one formula at least is needed"};
          try {
            static_cast<void>(formula.compile());
          } catch (const tyto::Error& error) {
            return tyto::Problem{"value", error.what()};
          }
          return std::nullopt;
        });
  }
  [[nodiscard]] std::size_t channels() const override { return value.size(); }
  [[nodiscard]] std::unique_ptr<tyto::ValueStream> stream(std::uint64_t, double dt_s) const override {
    return std::make_unique<FormulaStream>(compile(), dt_s);
  }

 private:
  [[nodiscard]] std::vector<tyto::Expression> compile() const {
    std::vector<tyto::Expression> formulas;
    for (const auto& text : value) formulas.emplace_back(text, std::vector<std::string>{"t"});
    return formulas;
  }
};

}  // namespace

TYTO_PLUGIN(registrar) { registrar.add<Formula>("expression", {tyto::capability::stream}); }
