#include <tyto/layer.hpp>

#include <tyto/error.hpp>

namespace tyto {

Table Layer::solve(const DecodingTask&, std::span<std::vector<double>>) const {
  throw Error("this projection does not find its weights itself");
}

}  // namespace tyto
