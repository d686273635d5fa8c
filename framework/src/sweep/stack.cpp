#include "stack.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>

#include "../spec/memory.hpp"

namespace tyto::sweep {

namespace {

using Shape = std::vector<std::size_t>;

std::size_t count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

template <class Item>
const Item* find(const std::vector<Item>& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

/// Names of all items of all tables, in the order of their first appearance.
template <class Item>
std::vector<std::string> names_of(const std::vector<const Table*>& runs, std::vector<Item> Table::*member) {
  std::vector<std::string> names;
  for (const Table* run : runs) {
    if (run == nullptr) continue;
    for (const auto& item : run->*member)
      if (std::find(names.begin(), names.end(), item.name) == names.end()) names.push_back(item.name);
  }
  return names;
}

bool is_text(const Values& values) { return std::holds_alternative<std::vector<std::string>>(values); }

bool begins_with(const Values& longer, const Values& shorter) {
  if (longer.index() != shorter.index()) return false;
  return std::visit(
      [&]<class T>(const std::vector<T>& all) {
        const auto& part = std::get<std::vector<T>>(shorter);
        return part.size() <= all.size() && std::equal(part.begin(), part.end(), all.begin());
      },
      longer);
}

/// What one run has of a variable.
struct Piece {
  const Values* values = nullptr;  ///< null if it has nothing
  Shape shape;
};

template <class T>
T missing() {
  if constexpr (std::is_floating_point_v<T>) return std::numeric_limits<T>::quiet_NaN();
  return T{};
}

/// Values of another kind than the result's are numbers that become floating-point numbers; see combine_any().
template <class From, class To>
void copy(const From* from, const Shape& from_shape, To* to, const Shape& to_shape, std::size_t axis) {
  if (axis == from_shape.size()) {
    if constexpr (std::is_same_v<From, To> || (std::is_arithmetic_v<From> && std::is_floating_point_v<To>))
      *to = static_cast<To>(*from);
    return;
  }
  std::size_t from_step = 1;
  std::size_t to_step = 1;
  for (std::size_t k = axis + 1; k < from_shape.size(); ++k) {
    from_step *= from_shape[k];
    to_step *= to_shape[k];
  }
  for (std::size_t i = 0; i < from_shape[axis]; ++i)
    copy(from + i * from_step, from_shape, to + i * to_step, to_shape, axis + 1);
}

template <class T>
Values combine(const std::vector<Piece>& pieces, const Shape& shape) {
  const std::size_t block = count(shape);
  std::vector<T> all(pieces.size() * block, missing<T>());
  for (std::size_t run = 0; run < pieces.size(); ++run) {
    if (pieces[run].values == nullptr) continue;
    T* to = all.data() + run * block;
    std::visit([&](const auto& values) { copy(values.data(), pieces[run].shape, to, shape, 0); }, *pieces[run].values);
  }
  return all;
}

/// Stacks the pieces in the type that they share; whole numbers become floating-point numbers where some are missing.
std::optional<Values> combine_any(const std::vector<Piece>& pieces, const Shape& shape) {
  bool complete = true;
  bool same = true;
  std::size_t texts = 0;
  std::size_t small = 0;  // float and int8 are exact as float
  std::size_t present = 0;
  const Values* first = nullptr;
  for (const auto& piece : pieces) {
    complete = complete && piece.values != nullptr && piece.shape == shape;
    if (piece.values == nullptr) continue;
    if (first == nullptr) first = piece.values;
    same = same && piece.values->index() == first->index();
    texts += is_text(*piece.values) ? 1 : 0;
    small += std::holds_alternative<std::vector<float>>(*piece.values) ||
                     std::holds_alternative<std::vector<std::int8_t>>(*piece.values)
                 ? 1
                 : 0;
    ++present;
  }
  if (texts == present) return combine<std::string>(pieces, shape);
  if (texts > 0) return std::nullopt;
  if (same && complete)
    return std::visit([&]<class T>(const std::vector<T>&) { return combine<T>(pieces, shape); }, *first);
  return small == present ? combine<float>(pieces, shape) : combine<double>(pieces, shape);
}

class Stacker {
 public:
  Stacker(const Grid& grid, const std::vector<const Table*>& runs) : grid_(grid), runs_(runs) {}

  Table stack() {
    add_grid(grid_, table_);
    for (const auto& name : names_of(runs_, &Table::axes)) add_axis(name);
    for (const auto& name : names_of(runs_, &Table::variables)) add_variable(name);
    for (const auto& name : names_of(runs_, &Table::attributes)) add_attribute(name);
    if (!padded_.empty()) table_.attribute("padded", padded_);
    if (!left_out_.empty()) table_.attribute("left_out", left_out_);
    return std::move(table_);
  }

 private:
  void add_axis(const std::string& name) {
    std::vector<Piece> pieces(runs_.size());
    const Axis* longest = nullptr;
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const Axis* axis = runs_[run] == nullptr ? nullptr : find(runs_[run]->axes, name);
      if (axis == nullptr) continue;
      pieces[run] = {&axis->values, {size_of(axis->values)}};
      if (longest == nullptr || size_of(axis->values) > size_of(longest->values)) longest = axis;
    }
    const bool shared = std::all_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
      return piece.values == nullptr || begins_with(longest->values, *piece.values);
    });
    if (shared) {
      table_.axes.push_back(*longest);
      return;
    }
    const std::size_t length = size_of(longest->values);
    std::vector<std::int64_t> index(length);
    std::iota(index.begin(), index.end(), std::int64_t{0});
    table_.axis(name, std::move(index), "1", "index, counted from 0; the values are in " + name + "_values");
    put(name + "_values", {name}, pieces, {length}, longest->units, longest->long_name);
  }

  void add_variable(const std::string& name) {
    const Variable* first = nullptr;
    std::vector<Piece> pieces(runs_.size());
    Shape shape;
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const Variable* variable = runs_[run] == nullptr ? nullptr : find(runs_[run]->variables, name);
      if (variable == nullptr) continue;
      if (first == nullptr) first = variable;
      if (variable->axes != first->axes) return leave_out(name);
      Shape own;
      for (const auto& axis : variable->axes) own.push_back(size_of(find(runs_[run]->axes, axis)->values));
      shape.resize(own.size());
      for (std::size_t k = 0; k < own.size(); ++k) shape[k] = std::max(shape[k], own[k]);
      pieces[run] = {&variable->values, std::move(own)};
    }
    put(name, first->axes, pieces, shape, first->units, first->long_name);
  }

  void put(const std::string& name, const std::vector<std::string>& own_axes, const std::vector<Piece>& pieces,
           const Shape& shape, const std::string& units, const std::string& long_name) {
    const double bytes = static_cast<double>(count(shape)) * static_cast<double>(pieces.size() * sizeof(double));
    auto values = spec::exceeds_memory(bytes) ? std::nullopt : combine_any(pieces, shape);
    if (!values) return leave_out(name);
    const bool padded = std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
      return piece.values != nullptr && piece.shape != shape;
    });
    if (padded) padded_ += (padded_.empty() ? "" : " ") + name;
    auto axes = grid_.names();
    axes.insert(axes.end(), own_axes.begin(), own_axes.end());
    table_.variable(name, std::move(axes), std::move(*values), units, long_name);
  }

  void add_attribute(const std::string& name) {
    std::vector<Values> values(runs_.size());
    std::vector<Piece> pieces(runs_.size());
    const Attribute* first = nullptr;
    bool same = true;
    for (std::size_t run = 0; run < runs_.size(); ++run) {
      const Attribute* attribute = runs_[run] == nullptr ? nullptr : find(runs_[run]->attributes, name);
      if (attribute == nullptr) continue;
      if (first == nullptr) first = attribute;
      same = same && attribute->value == first->value;
      values[run] =
          std::visit([]<class T>(const T& value) -> Values { return std::vector<T>{value}; }, attribute->value);
      pieces[run].values = &values[run];
    }
    if (same) {
      table_.attributes.push_back(*first);
    } else if (find(table_.variables, name) != nullptr || find(table_.axes, name) != nullptr) {
      leave_out(name);
    } else {
      put(name, {}, pieces, {}, "1", name);
    }
  }

  void leave_out(const std::string& name) { left_out_ += (left_out_.empty() ? "" : " ") + name; }

  const Grid& grid_;
  const std::vector<const Table*>& runs_;
  Table table_;
  std::string padded_;
  std::string left_out_;
};

}  // namespace

std::size_t Grid::runs() const {
  return std::accumulate(axes.begin(), axes.end(), std::size_t{1},
                         [](std::size_t product, const Axis& axis) { return product * size_of(axis.values); });
}

std::vector<std::string> Grid::names() const {
  std::vector<std::string> names;
  for (const auto& axis : axes) names.push_back(axis.name);
  return names;
}

void add_grid(const Grid& grid, Table& table) {
  table.axes.insert(table.axes.end(), grid.axes.begin(), grid.axes.end());
  std::string coordinates;
  for (const auto& coordinate : grid.coordinates) {
    // Along axes that this table has.
    if (find(table.axes, coordinate.axes.front()) == nullptr) continue;
    table.variables.push_back(coordinate);
    coordinates += (coordinates.empty() ? "" : " ") + coordinate.name;
  }
  // The name that netCDF readers know for variables that belong to an axis.
  if (!coordinates.empty()) table.attribute("coordinates", coordinates);
}

Table stack(const Grid& grid, const std::vector<const Table*>& runs) { return Stacker(grid, runs).stack(); }

}  // namespace tyto::sweep
