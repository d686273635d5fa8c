#!/usr/bin/env bash
# Every benchmark, beside its peers where there are any, one after the other on one core (growth.py, two_cores.py and
# trials_benchmark take two): twenty to forty minutes.
#
# usage: all.sh BUILD [FOLDER]
#
# BUILD is a release build folder. The peers are installed from the Python package index into virtual environments in
# FOLDER (BUILD/peers if not given), where they stay for the next time.
set -euo pipefail

build=$(realpath "${1:?the release build folder is missing}")
peers=${2:-$build/peers}
here=$(dirname "$(realpath "$0")")

# environment NAME PACKAGE...: makes a virtual environment with packages once.
environment() {
  local folder=$peers/$1
  if [[ ! -e $folder/complete ]]; then
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet "${@:2}"
    touch "$folder/complete"
  fi
}

mkdir -p "$peers"
environment networks torch snntorch norse spikingjelly h5py
# Later versions of SciPy do not find the minimum of these problems: 1.17.1 leaves a residual of 44455 where 32305 is
# possible, and says less.
environment nengo nengo 'scipy<1.12' 'numpy<2' h5py
environment balanced nest-simulator brian2 'numpy<2' h5py setuptools
environment brian2 brian2 'numpy<2' h5py setuptools
ninja -C "$build" benchmarks >/dev/null

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONWARNINGS=ignore
on_one_core() {
  echo "== $(basename "$2")"
  taskset -c 0 "$@"
}
on_one_core "$peers/networks/bin/python" "$here/networks.py" "$build/bin/tyto" --learn 2
on_one_core "$peers/nengo/bin/python" "$here/nef_nengo.py" "$build"
on_one_core "$peers/brian2/bin/python" "$here/cuba_brian2.py" "$build"
on_one_core "$peers/balanced/bin/python" "$here/balanced_networks.py" "$build"
echo "== growth.py"
"$peers/networks/bin/python" "$here/growth.py" "$build" --rounds 3
echo "== two_cores.py"
"$peers/networks/bin/python" "$here/two_cores.py" "$build"
echo "== kernels"
taskset -c 0 "$build/tests/network_benchmark"
"$build/tests/trials_benchmark"
