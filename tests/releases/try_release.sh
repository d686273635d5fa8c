#!/bin/bash
# Tries the README's commands on a bare system of a named Debian release, as somebody would who has just installed it.
# usage: try_release.sh RELEASE [--only root,user,package,hashes] [--folder FOLDER] [--ccache]
#
#   root      clones the commit (HEAD) into the bare system and runs ./tyto run and ./tyto test as root
#   user      the same as a user who may use sudo, from an archive of the commit without .git
#   package   installs Tyto, takes the sources away, and builds and runs the plugins of tests/out_of_tree against it
#   hashes    prints where the hashes of same_bits.py are kept, to be compared with those of other releases
#
# With --ccache what has been compiled for one is not compiled again for the next; times of the first are as without.
#
# Each begins with a system of its own, which debootstrap made with the package source, certificates and pip settings of
# this machine. Needs root, and Debian's package debootstrap. Ends with a line for each step: what ran, how long, how it
# ended; exits with 1 if one failed. To be run whenever dependencies or the build change; docs/dependencies.md keeps what
# came out.
set -euo pipefail
fail() { echo "try_release: $*" >&2; exit 2; }

project=$(cd "$(dirname "$0")/../.." && pwd)
release=${1:-}
ccache=
[[ $release =~ ^[a-z]+$ ]] || fail "usage: try_release.sh RELEASE [--only root,user,package,hashes] [--folder FOLDER]"
shift
only=root,user,package,hashes
folder=/var/tmp/tyto_releases
while [ $# -gt 0 ]; do
  case $1 in
    --only) only=$2 && shift ;;
    --folder) folder=$2 && shift ;;
    --ccache) ccache=--ccache ;;
    *) fail "unknown option '$1'" ;;
  esac
  shift
done
[ "$(id -u)" -eq 0 ] || fail "making a system needs root"
command -v debootstrap > /dev/null || fail "debootstrap is missing: apt-get install debootstrap"
for word in ${only//,/ }; do
  [[ $word =~ ^(root|user|package|hashes)$ ]] || fail "--only takes root, user, package and hashes, not '$word'"
done
mkdir -p "$folder"

# All mounts are in a namespace of their own, so that nothing is left of them whatever happens.
if [ -z "${TYTO_RELEASE_NAMESPACE:-}" ]; then
  TYTO_RELEASE_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$release" --only "$only" --folder "$folder" $ccache
fi

source_of_packages() {
  apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "main" && $3 !~ /security/ { print $3; exit }'
}

make_bare() {
  local bare=$folder/$release.bare
  [ -e "$bare/.made" ] && return
  rm -rf "$bare"
  local source
  source=$(source_of_packages)
  [ -n "$source" ] || fail "apt knows no source of Debian packages here"
  echo "making a bare system of $release"
  debootstrap --variant=minbase --include=ca-certificates,sudo "$release" "$bare" "$source" > "$folder/$release.debootstrap.log" 2>&1 ||
    fail "debootstrap failed: $(tail -n 5 "$folder/$release.debootstrap.log")"
  cp /etc/ssl/certs/ca-certificates.crt "$bare/etc/ssl/certs/ca-certificates.crt"
  [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$bare/etc/pip.conf"
  find /etc/apt/apt.conf.d -iname '*proxy*' -exec cp {} "$bare/etc/apt/apt.conf.d/" \;
  chroot "$bare" useradd --create-home --shell /bin/bash tester
  echo 'tester ALL=(ALL) NOPASSWD: ALL' > "$bare/etc/sudoers.d/tester"
  touch "$bare/.made"
}

# A copy of the bare system, with the devices that programs expect.
make_system() { # make_system NAME
  system=$folder/$release.$1
  rm -rf --one-file-system "$system"
  cp -a --reflink=auto "$folder/$release.bare" "$system"
  cp /etc/resolv.conf "$system/etc/resolv.conf"
  mount -t proc proc "$system/proc"
  mount --rbind /dev "$system/dev"
  # The same place for all, as compilers keep it in what they make.
  mkdir "$system/srv/tyto"
  [ -n "$ccache" ] || return 0
  mkdir -p "$folder/$release.ccache" "$system/srv/ccache"
  chmod 777 "$folder/$release.ccache"
  mount --bind "$folder/$release.ccache" "$system/srv/ccache"
  inside "apt-get update -qq && apt-get install -y -qq --no-install-recommends ccache" > "$folder/$release.ccache.log" 2>&1
}
drop_system() {
  umount -l "$system/srv/ccache" 2> /dev/null || true
  umount -l "$system/proc" "$system/dev" 2> /dev/null || true
  rm -rf --one-file-system "$system"
}

settings=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb
  CCACHE_DIR=/srv/ccache CCACHE_UMASK=000 SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt)
for name in http_proxy https_proxy no_proxy PIP_INDEX_URL PIP_DEFAULT_TIMEOUT; do
  [ -z "${!name:-}" ] || settings+=("$name=${!name}")
done
inside() { chroot "$system" env -i "${settings[@]}" bash -c "$1"; }
as_user() { chroot "$system" env -i "${settings[@]}" HOME=/home/tester setpriv --reuid tester --regid tester --init-groups bash -c "$1"; }

summary=()
failed=0
step() { # step TITLE COMMAND...
  local title=$1 log=$folder/$release.${1//[^a-z]/_}.log start=$SECONDS state=ok
  shift
  "$@" > "$log" 2>&1 || { state="FAILED ($log)"; failed=1; tail -n 15 "$log"; }
  summary+=("$(printf '%-10s %-44s %3d min %02d s  %s' "$release" "$title" $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)) "$state")")
  echo "${summary[-1]}"
  grep -E '[0-9]+% tests passed' "$log" || true
  [ "$state" = ok ]
}

clone() { git -c safe.directory='*' clone -q "$project" "$system/srv/tyto"; }
archive() {
  git -C "$project" -c safe.directory='*' archive HEAD | tar -x -C "$system/srv/tyto"
  chroot "$system" chown -R tester: /srv/tyto
}
versions() {
  inside "dpkg-query -W -f '\${Package} \${Version}\n' g++ cmake libc6 libboost-dev libeigen3-dev libfmt-dev libhdf5-dev libhwy-dev libmuparser-dev libyaml-cpp-dev libceres-dev python3 2>/dev/null" |
    awk '{ printf "%s%s %s", (NR > 1 ? ", " : "  with "), $1, $2 } END { print "" }' || true # not all are there
}

package() {
  inside "cd /srv/tyto && cmake --install build/release --prefix /opt/tyto && mv tests/out_of_tree /root/plugins && rm -rf /srv/tyto/*" &&
    inside "cmake -S /root/plugins -B /root/plugins/build -G Ninja -DCMAKE_PREFIX_PATH=/opt/tyto && cmake --build /root/plugins/build" &&
    inside "cd /root && /opt/tyto/bin/tyto run plugins/experiment.yaml --plugin-path plugins/build/plugins --out plugins.h5 && /opt/tyto/bin/tyto run /opt/tyto/share/tyto/experiments/itd_basic.yaml"
}

wants() { [[ ,$only, == *,$1,* ]]; }

make_bare
if wants root || wants package || wants hashes; then
  make_system root
  clone
  step "root: ./tyto run experiments/itd_basic.yaml" inside "cd /srv/tyto && ./tyto run experiments/itd_basic.yaml" && versions
  if wants root; then step "root: ./tyto test" inside "cd /srv/tyto && ./tyto test" || true; fi
  if wants hashes; then
    step "hashes of same data sets" inside "cd /srv/tyto && { [ -x build/venv/bin/python ] || { apt-get install -y -qq python3-venv && python3 -m venv build/venv && build/venv/bin/pip install -q -r tests/requirements.txt; }; } && build/venv/bin/python tests/end_to_end/same_bits.py build/release/bin/tyto > hashes.json" &&
      cp "$system/srv/tyto/hashes.json" "$folder/$release.hashes.json" && echo "hashes: $folder/$release.hashes.json"
  fi
  if wants package; then step "package: installed, plugins out of tree" package || true; fi
  drop_system
fi
if wants user; then
  make_system user
  archive
  step "user: ./tyto run experiments/itd_basic.yaml" as_user "cd /srv/tyto && ./tyto run experiments/itd_basic.yaml" &&
    step "user: ./tyto test" as_user "cd /srv/tyto && ./tyto test" || true
  drop_system
fi
echo
printf '%s\n' "${summary[@]}"
exit $failed
