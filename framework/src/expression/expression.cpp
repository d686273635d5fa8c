#include <tyto/expression.hpp>

#include <algorithm>
#include <numbers>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <muParser.h>

#include <tyto/error.hpp>
#include <tyto/math.hpp>

namespace tyto {

struct Expression::Impl {
  std::string text;
  std::vector<std::string> names;
  std::vector<double> values;  ///< that the parser looks at
  mu::Parser parser;

  Impl(std::string formula, std::vector<std::string> variables)
      : text(std::move(formula)), names(std::move(variables)), values(names.size(), 0.0) {
    parser.ClearConst();
    parser.DefineConst("pi", std::numbers::pi);
    parser.DefineConst("e", std::numbers::e);
    define_functions();
    for (std::size_t k = 0; k < names.size(); ++k) parser.DefineVar(names[k], &values[k]);
    parser.SetExpr(text);
    static_cast<void>(parser.Eval());
    if (parser.GetNumResults() != 1) throw Error(fmt::format("'{}' is several formulas; one is needed here", text));
  }

  /// The parser's own come from the C library, whose last bits depend on the processor.
  void define_functions() {
    parser.DefineFun("sin", [](double x) { return tyto::sin(x); });
    parser.DefineFun("cos", [](double x) { return tyto::cos(x); });
    parser.DefineFun("tan", [](double x) { return tyto::sin(x) / tyto::cos(x); });
    parser.DefineFun("atan2", [](double y, double x) { return tyto::atan2(y, x); });
    parser.DefineFun("atan", [](double x) { return tyto::atan2(x, 1.0); });
    parser.DefineFun("exp", [](double x) { return tyto::exp(x); });
    parser.DefineFun("ln", [](double x) { return tyto::log(x); });
    parser.DefineFun("log", [](double x) { return tyto::log(x); });
    parser.DefineFun("tanh", [](double x) { return tyto::tanh(x); });
  }
};

namespace {

/// What is wrong with a formula, in our words.
std::string fault_of(const mu::ParserError& error, const std::string& text, const std::vector<std::string>& names) {
  const std::string& token = error.GetToken();
  const std::size_t character = static_cast<std::size_t>(std::max(0, error.GetPos())) + 1;
  const std::string place = fmt::format(" at character {} of '{}'", std::min(character, text.size() + 1), text);
  switch (error.GetCode()) {
    case mu::ecUNASSIGNABLE_TOKEN: {
      std::string known;
      for (const auto& name : names) known += (known.empty() ? "" : ", ") + name;
      return fmt::format("unknown name '{}'{}; the variables are {}", token, place, known.empty() ? "none" : known);
    }
    case mu::ecUNEXPECTED_EOF:
      return fmt::format("the formula '{}' ends too early", text);
    case mu::ecMISSING_PARENS:
      return fmt::format("a parenthesis is not closed in '{}'", text);
    case mu::ecUNEXPECTED_PARENS:
      return fmt::format("a parenthesis too many{}", place);
    case mu::ecTOO_FEW_PARAMS:
      return fmt::format("too few values for the function '{}'{}", token, place);
    case mu::ecTOO_MANY_PARAMS:
      return fmt::format("too many values for the function '{}'{}", token, place);
    case mu::ecEMPTY_EXPRESSION:
      return "the formula is empty";
    default:
      return token.empty() ? fmt::format("the formula cannot be read{}", place)
                           : fmt::format("unexpected '{}'{}", token, place);
  }
}

}  // namespace

Expression::Expression(const std::string& text, const std::vector<std::string>& variables) {
  // A formula has a value and changes nothing; the parser would assign.
  for (std::size_t at = text.find('='); at != std::string::npos; at = text.find('=', at + 1)) {
    const bool compares = (at > 0 && std::string_view("<>!=").find(text[at - 1]) != std::string_view::npos) ||
                          (at + 1 < text.size() && text[at + 1] == '=');
    if (!compares) throw Error(fmt::format("unexpected '=' at character {} of '{}'", at + 1, text));
  }
  constexpr std::size_t longest = 1000;
  if (text.size() > longest) throw Error(fmt::format("a formula may have up to {} characters", longest));
  try {
    impl_ = std::make_unique<Impl>(text, variables);
  } catch (const mu::ParserError& error) {
    throw Error(fault_of(error, text, variables));
  }
}

Expression::Expression(const Expression& other)
    : impl_(other.impl_ ? std::make_unique<Impl>(other.impl_->text, other.impl_->names) : nullptr) {}

Expression& Expression::operator=(const Expression& other) {
  if (this != &other) *this = Expression(other);
  return *this;
}

Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

double Expression::operator()(std::span<const double> values) const {
  std::copy_n(values.begin(), std::min(values.size(), impl_->values.size()), impl_->values.begin());
  return impl_->parser.Eval();
}

const std::string& Expression::text() const { return impl_->text; }

VectorFunction::VectorFunction(const std::vector<std::string>& texts, std::size_t dimensions)
    : dimensions_(dimensions) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < dimensions; ++k) names.push_back("x" + std::to_string(k + 1));
  // With one dimension, x and x1 are the same: the first variable is given under both names.
  if (dimensions == 1) names.emplace_back("x");
  for (const auto& text : texts) parts_.emplace_back(text, names);
}

void VectorFunction::operator()(std::span<const double> x, std::span<double> y) const {
  if (parts_.empty()) {
    std::copy_n(x.begin(), y.size(), y.begin());
    return;
  }
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    if (dimensions_ == 1) {
      const double both[2] = {x[0], x[0]};
      y[k] = parts_[k](both);
    } else {
      y[k] = parts_[k](x);
    }
  }
}

}  // namespace tyto
