/// Formulas as users write them: x^2, sin(2*pi*t), x1*x2.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tyto/export.hpp>

namespace tyto {

/// One formula over named variables. It knows + - * / ^, comparisons, `?:`, && and ||, the constants pi and e, and
/// sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, exp, ln, log2, log10, sqrt, abs, sign, rint, min, max.
/// Not for several threads at a time; each takes a copy of its own.
class TYTO_API Expression {
 public:
  /// Throws Error that says what is wrong and at which character.
  Expression(const std::string& text, const std::vector<std::string>& variables);
  Expression(const Expression& other);
  Expression& operator=(const Expression& other);
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  /// Its value for one value of each variable, in the order in which they were named. May be infinite or NaN where the
  /// formula is.
  [[nodiscard]] double operator()(std::span<const double> values) const;
  [[nodiscard]] const std::string& text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One formula for each output of a function of a vector: over x1, x2, ... and, for a single dimension, also x.
class TYTO_API VectorFunction {
 public:
  VectorFunction() = default;
  /// No texts stand for the identity. Throws Error as Expression does.
  VectorFunction(const std::vector<std::string>& texts, std::size_t dimensions);

  [[nodiscard]] std::size_t dimensions() const { return dimensions_; }
  [[nodiscard]] std::size_t outputs() const { return parts_.empty() ? dimensions_ : parts_.size(); }
  void operator()(std::span<const double> x, std::span<double> y) const;

 private:
  std::size_t dimensions_ = 0;
  std::vector<Expression> parts_;
};

}  // namespace tyto
