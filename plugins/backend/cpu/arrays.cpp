#include "arrays.hpp"

#include <algorithm>
#include <utility>

#include <tyto/error.hpp>

namespace cpu {

template <class S>
Arrays<S>::Arrays(tyto::ArrayTable infos) : infos_(std::move(infos)), effective_(infos_.size()) {
  for (std::size_t array = 0; array < infos_.size(); ++array) {
    stored_.emplace_back(infos_[array].size, S(0));
    companions_.push_back(infos_.companion(array).value_or(array));
  }
}

template <class S>
std::vector<double> Arrays<S>::get(std::size_t array) const {
  const auto& values = used(array);
  return {values.begin(), values.end()};
}

template <class S>
void Arrays<S>::set(std::size_t array, std::span<const double> values) {
  auto& target = stored_.at(array);
  if (values.size() != target.size())
    throw tyto::Error("array " + infos_[array].path() + " has " + std::to_string(target.size()) + " values, not " +
                      std::to_string(values.size()));
  std::transform(values.begin(), values.end(), target.begin(), [](double value) { return static_cast<S>(value); });
  for (std::size_t other = 0; other < stored_.size(); ++other)
    if (other == array || companions_[other] == array) admit(other);
}

template <class S>
std::vector<std::span<const S>> Arrays<S>::in_use() const {
  std::vector<std::span<const S>> views;
  for (std::size_t array = 0; array < stored_.size(); ++array) views.emplace_back(used(array));
  return views;
}

template <class S>
void Arrays<S>::chain(std::size_t array, std::span<S> gradient) const {
  if (infos_[array].info.constraint) infos_[array].info.constraint->chain(constrained(array), gradient);
}

template <class S>
void Arrays<S>::changed(std::size_t array) {
  if (!infos_[array].info.constraint) return;
  infos_[array].info.constraint->project(stored_[array], constrained(array));
  settle(array);
}

template <class S>
tyto::ConstrainedArray<S> Arrays<S>::constrained(std::size_t array) const {
  return {stored_[array], stored_[companions_[array]], infos_[array].info.shape};
}

template <class S>
void Arrays<S>::settle(std::size_t array) {
  if (!infos_[array].info.constraint) return;
  effective_[array].resize(stored_[array].size());
  infos_[array].info.constraint->effective(constrained(array), effective_[array]);
}

template <class S>
void Arrays<S>::admit(std::size_t array) {
  if (!infos_[array].info.constraint) return;
  infos_[array].info.constraint->admit(stored_[array], constrained(array));
  settle(array);
}

template class Arrays<float>;
template class Arrays<double>;

}  // namespace cpu
