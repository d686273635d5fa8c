/// The arrays of a compiled model: as stored, which learning changes, and as used, where a constraint tells them apart.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tyto/backend.hpp>

namespace cpu {

template <class S>
class Arrays {
 public:
  explicit Arrays(tyto::ArrayTable infos);

  [[nodiscard]] std::size_t size() const { return infos_.size(); }
  [[nodiscard]] const tyto::ArrayTable& infos() const { return infos_; }
  [[nodiscard]] std::vector<double> get(std::size_t array) const;
  void set(std::size_t array, std::span<const double> values);

  [[nodiscard]] std::vector<S>& stored(std::size_t array) { return stored_[array]; }
  [[nodiscard]] const std::vector<S>& used(std::size_t array) const {
    return effective_[array].empty() ? stored_[array] : effective_[array];
  }
  /// The numbers of every array as they are used.
  [[nodiscard]] std::vector<std::span<const S>> in_use() const;
  /// Turns dL/d used into dL/d stored.
  void chain(std::size_t array, std::span<S> gradient) const;
  /// To be called when the stored numbers of an array have been changed: puts them back within their law.
  void changed(std::size_t array);

 private:
  [[nodiscard]] tyto::ConstrainedArray<S> constrained(std::size_t array) const;
  /// Computes the effective numbers of an array with a constraint.
  void settle(std::size_t array);
  /// The same for numbers from outside, which may not be within the law yet.
  void admit(std::size_t array);

  tyto::ArrayTable infos_;
  std::vector<std::vector<S>> stored_;
  std::vector<std::vector<S>> effective_;  ///< for arrays with a constraint; else empty
  std::vector<std::size_t> companions_;    ///< the array that the constraint reads, or the array itself
};

extern template class Arrays<float>;
extern template class Arrays<double>;

}  // namespace cpu
