#!/bin/bash
# Installs Tyto, moves the installation elsewhere, builds this project against it, and uses its plugins.
# usage: check.sh TYTO_BUILD_FOLDER CXX_COMPILER PYTHON WORK_FOLDER
set -euo pipefail
build=$1 compiler=$2 python=$3 work=$4
project=$(cd "$(dirname "$0")" && pwd)
fail() { echo "FAILED: $*" >&2; exit 1; }

"$python" -c 'import h5py' 2> /dev/null || {
  echo "SKIPPED: $python lacks h5py; './tyto test' installs tests/requirements.txt"
  [ -z "${TYTO_NO_SKIPPED_TESTS:-}" ] || exit 1
  exit 77
}
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" > "$work/install.log" || fail "install: $(tail -5 "$work/install.log")"
# Whatever still points to the first place is found by its absence.
mv "$work/first" "$work/prefix"
prefix=$work/prefix
unset TYTO_PLUGIN_PATH LD_LIBRARY_PATH

expect() { # expect WORDS COMMAND...: the command succeeds and prints the words
  local words=$1 output
  shift
  output=$("$@" 2>&1) || fail "$* exited with $?: $output"
  grep -qF -- "$words" <<< "$output" || fail "$* did not print '$words': $output"
}

launcher=()
command -v ccache > "$work/which" && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
cmake -S "$project" -B "$work/plugins" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_BUILD_TYPE=Release "${launcher[@]}" > "$work/configure.log" 2>&1 || fail "configure: $(cat "$work/configure.log")"
cmake --build "$work/plugins" > "$work/build.log" 2>&1 || fail "build: $(tail -30 "$work/build.log")"

# What a stranger's project may have otherwise is said when it is configured.
configure=(cmake -S "$project" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" "-DCMAKE_CXX_COMPILER=$compiler")
expect "no CMAKE_BUILD_TYPE is set" "${configure[@]}" -B "$work/no_type"
config=$prefix/lib/cmake/Tyto/TytoConfig.cmake
sed -i.kept 's/^set(TYTO_COMPILER .*/set(TYTO_COMPILER "Borland 5")/' "$config"
"${configure[@]}" -B "$work/other" -DCMAKE_BUILD_TYPE=Release > "$work/other.log" 2>&1 && fail "configured with another compiler"
mv "$config.kept" "$config"
tr -s ' \n' ' ' < "$work/other.log" | grep -q "Tyto was built with Borland 5 and this project uses" ||
  fail "another compiler: $(cat "$work/other.log")"

tyto=$prefix/bin/tyto
folder=$work/plugins/plugins
expect "lif" "$tyto" list layer
"$tyto" list layer | grep -q izhikevich && fail "found a plugin outside of its search path"
expect "izhikevich" "$tyto" list layer --plugin-path "$folder"
expect "spike_count" env TYTO_PLUGIN_PATH="$folder" "$tyto" list analysis
expect "rate of the recovery variable" "$tyto" describe izhikevich --plugin-path "$folder"
"$tyto" plugins --diagnose --plugin-path "$folder" > "$work/diagnosis" || fail "diagnosis: $(cat "$work/diagnosis")"
grep -q "spike_count 2.0" "$work/diagnosis" || fail "no version in the diagnosis: $(cat "$work/diagnosis")"
grep -q "izhikevich 0.3" "$work/diagnosis" || fail "no project version in the diagnosis: $(cat "$work/diagnosis")"

# Nothing of the machine that built it is in a manifest.
grep -rqF "$work" "$folder" --include=*.tyto.json && fail "a manifest holds an absolute path"
grep -q '"file": "izhikevich.cpp"' "$folder/izhikevich/izhikevich.tyto.json" || fail "source file is not relative"

expect "test: loss" "$tyto" run "$project/experiment.yaml" --plugin-path "$folder" --out "$work/results.h5"
[ -s "$work/results.h5" ] || fail "no results file"
expect "(4, 6)" "$python" - "$work/results.h5" << 'END'
import sys
import h5py

with h5py.File(sys.argv[1]) as file:
    spikes = file["analysis/spike_count/spikes"]
    assert (spikes[...] > 0).any(), "no neuron ever fired"
    print(spikes.shape)
END

# Files of weights are opened by a program of their own; without it that is said, and nothing else blamed.
cp "$project/experiment.yaml" "$work/again.yaml"
echo 'weights: {from: results.h5}' >> "$work/again.yaml"
expect "test: loss" "$tyto" run "$work/again.yaml" --plugin-path "$folder" --out "$work/again.h5"
mv "$prefix/lib/tyto/tyto-read" "$work/tyto-read"
"$tyto" validate "$work/again.yaml" --plugin-path "$folder" 2> "$work/errors" && fail "read weights without its reader"
grep -q "cannot start '.*/lib/tyto/tyto-read', which reads '.*results.h5': No such file" "$work/errors" || fail "errors: $(cat "$work/errors")"
mv "$work/tyto-read" "$prefix/lib/tyto/tyto-read"

# Without the folder, the experiment names what is missing.
"$tyto" validate "$project/experiment.yaml" 2> "$work/errors" && fail "validated without its plugins"
grep -q "experiment.yaml:[0-9]*:[0-9]*: error: .*izhikevich" "$work/errors" || fail "errors: $(cat "$work/errors")"

# A plugin installs like one of Tyto's own.
cmake --install "$work/plugins" --prefix "$prefix" > "$work/install.log" || fail "install: $(cat "$work/install.log")"
expect "izhikevich" "$tyto" list layer
echo "the plugins built outside of Tyto work"
