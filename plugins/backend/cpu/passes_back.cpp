#include <algorithm>

#include "passes.hpp"

namespace cpu {

namespace {

using Offset = std::ptrdiff_t;

}  // namespace

template <class S>
tyto::Rows<S> Passes<S>::gradient_rows(std::size_t layer, const Tape<S>& tape, Workspace<S>& work, std::size_t lane,
                                       Offset first) const {
  if (layer == from_stimulus) {
    const std::size_t channels = compiled_.input.channels, rows = compiled_.stimulus_past + compiled_.input.steps;
    const std::size_t row = lane * rows + compiled_.stimulus_past + static_cast<std::size_t>(first);
    return {work.grad_input.data() + row * channels, channels};
  }
  const auto& node = compiled_.nodes[layer];
  const std::size_t row = node.past + static_cast<std::size_t>(first);
  auto& gradient = work.back[layer].output;
  if (node.transform) return {gradient.data() + (lane * rows_of(layer, tape) + row) * node.size, node.size};
  return {gradient.data() + (row * tape.lanes + lane) * node.size, tape.lanes * node.size};
}

/// The way back of a population's own steps, from dL/d output.
template <class S>
void Passes<S>::run_back(std::size_t layer, const Tape<S>& tape, Workspace<S>& work, const WayBack& way,
                         Stretch stretch, S* grad_current, S* adjoint) const {
  const auto& node = compiled_.nodes[layer];
  const auto& own = tape.nodes[layer];
  const std::size_t width = tape.lanes * node.size, begin = stretch.first * width;
  const bool linear = node.kernel->linear();
  tyto::BackwardScan<S> scan;
  scan.steps = stretch.steps();
  scan.neurons = width;
  scan.current = linear ? nullptr : own.current.data() + begin * node.receptors;
  scan.states = linear ? nullptr : own.states.data() + begin * node.variables;
  if (node.spiking) {
    work.psi.resize(stretch.steps() * width);
    way.request.surrogate->derivative(std::span(own.distances).subspan(begin, work.psi.size()), work.psi);
    scan.psi = work.psi.data();
  }
  scan.grad_output = gradient_rows(layer, tape, work, 0, static_cast<Offset>(stretch.first)).data;
  scan.grad_current = grad_current;
  scan.detach_reset = way.request.detach_reset;
  scan.smooth = way.request.smooth ? way.request.surrogate : nullptr;
  scan.adjoint = adjoint;
  node.kernel->backward(scan);
}

/// From dL/d what an edge hands on to dL/d what drives its filter.
template <class S>
void Passes<S>::filter_back(std::size_t index, const Tape<S>& tape, Workspace<S>& work, Stretch stretch,
                            const S* grad_current) const {
  const auto& edge = compiled_.edges[index];
  auto& back = work.filters[index];
  const std::size_t width = tape.lanes * edge.channels;
  const auto arrived = arrived_by(edge, tape, grad_current);
  for (std::size_t t = stretch.end; t-- > stretch.first;)
    edge.filter->move_back(back.adjoint, {arrived[t - stretch.first], width},
                           std::span(back.driven).subspan(t * width, width));
  // A trial's first step finds a filter at rest, which nothing has driven.
  if (stretch.first == 0) std::fill_n(back.driven.begin(), width, S(0));
}

template <class S>
void Passes<S>::send_back(std::size_t index, const Tape<S>& tape, Workspace<S>& work, const WayBack& way,
                          Stretch stretch, const S* grad_current, Wanted wanted) const {
  const auto& edge = compiled_.edges[index];
  const std::size_t width = tape.lanes * edge.channels;
  auto arrived = arrived_by(edge, tape, grad_current);
  if (edge.filter) arrived = {work.filters[index].driven.data() + stretch.first * width, width};
  work.back_rows.clear();
  if (way.request.window_steps == 0 && wanted.source)
    for (std::size_t lane = 0; lane < tape.lanes; ++lane)
      work.back_rows.push_back(gradient_rows(edge.from, tape, work, lane, first_row(edge, stretch)));
  if (way.request.window_steps == 0 || wanted.arrays) hand_back(edge, tape, work, way, stretch, arrived, wanted.arrays);
  if (way.request.window_steps == 0 || !wanted.source) return;
  for (std::size_t first = stretch.first; first < stretch.end;) {
    const std::size_t end = std::min(stretch.end, window_at(first, way).end);
    send_within_window(edge, tape, work, way, {first, end}, {arrived[first - stretch.first], arrived.stride});
    first = end;
  }
}

/// The same for the source alone and some steps of one window: what was before the window gets no gradient.
template <class S>
void Passes<S>::send_within_window(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, const WayBack& way,
                                   Stretch stretch, tyto::Rows<const S> arrived) const {
  const Offset first = first_row(edge, stretch),
               end = static_cast<Offset>(stretch.end - std::min(edge.late, stretch.end));
  const Offset begin = std::max(first, static_cast<Offset>(window_at(stretch.first, way).first));
  if (begin >= end) return;
  const std::size_t channels = edge.from == from_stimulus ? compiled_.input.channels : compiled_.nodes[edge.from].size;
  const std::size_t cells = static_cast<std::size_t>(end - first) * channels;
  work.cut.assign(tape.lanes * cells, S(0));
  for (std::size_t lane = 0; lane < tape.lanes; ++lane)
    work.back_rows.push_back({work.cut.data() + lane * cells, channels});
  hand_back(edge, tape, work, way, stretch, arrived, false);
  const std::size_t dropped = static_cast<std::size_t>(begin - first) * channels;
  for (std::size_t lane = 0; lane < tape.lanes; ++lane)
    tyto::detail::add_rows<S>(std::span<const S>(work.cut).subspan(lane * cells + dropped, cells - dropped), channels,
                              gradient_rows(edge.from, tape, work, lane, begin));
  work.back_rows.clear();
}

/// Of the source: the first step that an edge reads for a stretch.
template <class S>
std::ptrdiff_t Passes<S>::first_row(const Edge<S>& edge, Stretch stretch) const {
  return static_cast<Offset>(stretch.first) - static_cast<Offset>(edge.late + (stretch.first > 0 ? edge.reach : 0));
}

/// The way back through an edge's weights to work.back_rows.
template <class S>
void Passes<S>::hand_back(const Edge<S>& edge, const Tape<S>& tape, Workspace<S>& work, const WayBack& way,
                          Stretch stretch, tyto::Rows<const S> arrived, bool of_arrays) const {
  const std::size_t width = tape.lanes * edge.channels;
  // What a kernel reads of the steps before has to be there on the way back, too; nothing of what it handed on then is
  // differentiated a second time.
  const std::size_t reach = stretch.first > 0 ? edge.reach : 0;
  if (reach > 0) {
    work.scratch.assign((reach + stretch.steps()) * width, S(0));
    for (std::size_t t = 0; t < stretch.steps(); ++t)
      std::copy_n(arrived[t], width, work.scratch.begin() + static_cast<Offset>((reach + t) * width));
    arrived = {work.scratch.data(), width};
  }
  find_signals(edge, tape, work, stretch, reach);
  work.grad_rows.clear();
  work.gradients.clear();
  for (std::size_t lane = 0; lane < tape.lanes; ++lane)
    work.grad_rows.push_back({arrived.data + lane * edge.channels, arrived.stride});
  if (of_arrays)
    for (std::size_t k = 0; k < edge.arrays.count; ++k)
      work.gradients.push_back(way.grad_arrays[edge.arrays.first + k]);
  edge.kernel->backward_group({work.signals, tape.passes}, arrays(edge.arrays), edge.channels, work.grad_rows,
                              work.gradients, work.back_rows);
}

template <class S>
void Passes<S>::backward_population(std::size_t layer, const Tape<S>& tape, Workspace<S>& work,
                                    const WayBack& way) const {
  if (compiled_.nodes[layer].source) return;  // there is nothing before it
  const Stretch all{0, steps_of(layer, tape)};
  const std::size_t width = tape.lanes * compiled_.nodes[layer].size * compiled_.nodes[layer].receptors;
  work.grad_current.resize(all.steps() * width);
  for (std::size_t first = 0; first < all.end;) {
    const Stretch window{first, std::min(all.end, window_at(first, way).end)};
    S* const grad_current = work.grad_current.data() + first * width;
    run_back(layer, tape, work, way, window, grad_current, nullptr);
    for (const std::size_t index : compiled_.nodes[layer].edges) {
      const auto& edge = compiled_.edges[index];
      if (!edge.filter) continue;
      edge.filter->start(work.filters[index].adjoint, tape.lanes * edge.channels);
      filter_back(index, tape, work, window, grad_current);
    }
    first = window.end;
  }
  for (const std::size_t index : compiled_.nodes[layer].edges) {
    send_back(index, tape, work, way, all, work.grad_current.data(),
              {true, Passes::wanted(compiled_.edges[index].from, way.request)});
  }
}

/// Nothing comes back to a part from the steps that follow.
template <class S>
void Passes<S>::cut_adjoints(const tyto::Part& part, const Tape<S>& tape, Workspace<S>& work) const {
  for (const std::size_t layer : part.layers) {
    const auto& node = compiled_.nodes[layer];
    work.back[layer].adjoint.assign(node.variables * tape.lanes * node.size, S(0));
    for (const std::size_t index : node.edges) {
      const auto& edge = compiled_.edges[index];
      if (edge.filter) edge.filter->start(work.filters[index].adjoint, tape.lanes * edge.channels);
    }
  }
}

/// Step by step back, as far as the layers of the part need each other. What does not come back to them follows for all
/// steps at once: the gradients of weights, and those of other parts.
template <class S>
void Passes<S>::backward_loop(const tyto::Part& part, const Tape<S>& tape, Workspace<S>& work,
                              const WayBack& way) const {
  const std::size_t steps = steps_of(part.layers.front(), tape);
  for (const std::size_t layer : part.layers) {
    const std::size_t width = tape.lanes * compiled_.nodes[layer].size * compiled_.nodes[layer].receptors;
    work.back[layer].current.resize(steps * width);
  }
  cut_adjoints(part, tape, work);
  for (std::size_t end = steps; end > 0;) {
    const Stretch window = window_at(end - 1, way);
    if (end == window.end) cut_adjoints(part, tape, work);
    const Stretch stretch{std::max((end - 1) / part.stride * part.stride, window.first), end};
    for (auto layer = part.layers.rbegin(); layer != part.layers.rend(); ++layer) {
      const auto& node = compiled_.nodes[*layer];
      auto& back = work.back[*layer];
      S* const grad_current = back.current.data() + stretch.first * tape.lanes * node.size * node.receptors;
      run_back(*layer, tape, work, way, stretch, grad_current, back.adjoint.data());
      for (const std::size_t index : node.edges) {
        if (compiled_.edges[index].filter) filter_back(index, tape, work, stretch, grad_current);
        if (compiled_.edges[index].inside) send_back(index, tape, work, way, stretch, grad_current, {false, true});
      }
    }
    end = stretch.first;
  }
  for (auto layer = part.layers.rbegin(); layer != part.layers.rend(); ++layer)
    for (const std::size_t index : compiled_.nodes[*layer].edges) {
      const auto& edge = compiled_.edges[index];
      send_back(index, tape, work, way, {0, steps}, work.back[*layer].current.data(),
                {true, !edge.inside && Passes::wanted(edge.from, way.request)});
    }
}

template <class S>
void Passes<S>::backward_transform(std::size_t layer, const Tape<S>& tape, Workspace<S>& work,
                                   const WayBack& way) const {
  const auto& node = compiled_.nodes[layer];
  const std::size_t steps = steps_of(node.from, tape);
  work.gradients.clear();
  for (std::size_t k = 0; k < node.arrays.count; ++k) work.gradients.push_back(way.grad_arrays[node.arrays.first + k]);
  for (std::size_t lane = 0; lane < tape.lanes; ++lane) {
    tyto::Pass pass = tape.passes[lane];
    pass.layer = node.name;
    const auto source = signal(node.from, tape, lane, 0, steps);
    const bool back = Passes::wanted(node.from, way.request);
    const S* const gradient = gradient_rows(layer, tape, work, lane, 0).data;
    // One that looks back is shown the gradients of one window after the other, and its own outside are dropped.
    const bool cut = way.request.window_steps > 0 && node.transform->reach() > 0;
    for (std::size_t first = 0; first < node.steps;) {
      const Stretch window{first, cut ? std::min(node.steps, window_at(first, way).end) : node.steps};
      if (cut) {
        work.cut.assign(node.steps * node.size, S(0));
        std::copy_n(gradient + first * node.size, window.steps() * node.size,
                    work.cut.begin() + static_cast<Offset>(first * node.size));
      }
      // Transforms know nothing of other trials; a population's gradients get theirs in a second step.
      if (back) work.scratch.assign(source.steps * source.channels, S(0));
      node.transform->backward(source, signal(layer, tape, lane, 0, node.steps), arrays(node.arrays), pass,
                               cut ? work.cut.data() : gradient, work.gradients, back ? work.scratch.data() : nullptr);
      const std::size_t kept = cut ? window.steps() : source.steps;
      if (back)
        tyto::detail::add_rows<S>(
            std::span<const S>(work.scratch).subspan(first * source.channels, kept * source.channels), source.channels,
            gradient_rows(node.from, tape, work, lane, static_cast<Offset>(first)));
      first = window.end;
    }
  }
}

/// dL/d output of all layers before anything came back to them: zero, the rates' part, and what the objective says.
template <class S>
void Passes<S>::start_gradients(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                                const std::vector<std::vector<S>>& rate_gradients) const {
  work.back.resize(compiled_.nodes.size());
  for (std::size_t layer = 0; layer < compiled_.nodes.size(); ++layer) {
    auto& gradient = work.back[layer].output;
    const auto& rates = rate_gradients[layer];
    const std::size_t cells = tape.lanes * rows_of(layer, tape) * compiled_.nodes[layer].size;
    if (rates.empty()) {
      gradient.assign(cells, S(0));
      continue;
    }
    gradient.resize(cells);
    // Written once as they are, then copied, twice as many each time.
    std::copy(rates.begin(), rates.end(), gradient.begin());
    for (std::size_t done = rates.size(); done < cells; done *= 2)
      std::copy_n(gradient.begin(), std::min(done, cells - done), gradient.begin() + static_cast<Offset>(done));
  }
  const std::size_t last = compiled_.nodes.size() - 1;
  request.objective->spread<S>(std::span<const S>(tape.grad_scores), steps_of(last, tape),
                               std::span<const std::size_t>(tape.when), gradient_rows(last, tape, work, 0, 0));
  if (request.input_gradient)
    work.grad_input.assign(tape.lanes * (compiled_.stimulus_past + compiled_.input.steps) * compiled_.input.channels,
                           S(0));
  work.filters.resize(compiled_.edges.size());
  for (std::size_t index = 0; index < compiled_.edges.size(); ++index) {
    const auto& edge = compiled_.edges[index];
    if (!edge.filter || edge.layer == compiled_.nodes.size()) continue;  // probes have no way back
    const std::size_t width = tape.lanes * edge.channels;
    work.filters[index].driven.resize(steps_of(edge.layer, tape) * width);
  }
}

template <class S>
void Passes<S>::backward(const Tape<S>& tape, Workspace<S>& work, const tyto::Backpropagation& request,
                         const std::vector<std::vector<S>>& rate_gradients,
                         std::span<const std::span<S>> grad_arrays) const {
  const WayBack way{request, grad_arrays};
  start_gradients(tape, work, request, rate_gradients);
  for (auto part = compiled_.parts.rbegin(); part != compiled_.parts.rend(); ++part) {
    const std::size_t layer = part->layers.front();
    if (part->loops)
      backward_loop(*part, tape, work, way);
    else if (compiled_.nodes[layer].transform)
      backward_transform(layer, tape, work, way);
    else
      backward_population(layer, tape, work, way);
  }
}

template class Passes<float>;
template class Passes<double>;

}  // namespace cpu
