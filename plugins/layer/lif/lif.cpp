#include "lif.hpp"

TYTO_NEURON("lif", lif::Lif)
