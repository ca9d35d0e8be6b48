#!/usr/bin/env bash
# Does on this machine what a BinderHub does with the committed files. See scripts/check_binder.sh --help.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

usage() {
  cat <<'TEXT'
Usage: scripts/check_binder.sh [FOLDER]

Copies the committed files into an empty folder, with a home, a Python environment and a local Maven repository of their
own, installs binder/requirements.txt, runs binder/postBuild, and then, without a network and as if the machine had 2 GB
of memory, runs the quickstart through binder/start. Prints what that took. Needs Linux, a JDK 17 where Debian and Ubuntu
put it, Maven, Python 3.10 or newer, and a network for the first part, which downloads some hundred MB.

  FOLDER  an empty or new folder, which is left for you to look at; by default a temporary one, which is removed

Exit status: 0 all went well, 1 something did not, 2 wrong arguments.
TEXT
}

case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) printf 'unknown option %s\n' "$1" >&2; exit 2 ;;
esac
if [ $# -gt 0 ]; then
  mkdir -p "$1"
  [ -z "$(ls -A "$1")" ] || { printf '%s is not empty\n' "$1" >&2; exit 2; }
  folder="$(cd "$1" && pwd)"
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi

export HOME="$folder/home" MEMORY_MB=2048
# Java asks the system for the user's home, not the environment; and takes a quarter or half of the memory it is told of.
export JAVA_TOOL_OPTIONS="-Duser.home=$HOME -XX:MaxRAM=${MEMORY_MB}m"
unset JAVA_HOME JJAVA_JVM_OPTS DJL_CACHE_DIR PYTHONPATH QALIBRE_QUICK QALIBRE_FULL MAVEN_OPTS
mkdir -p "$HOME" "$folder/clone"
git -C "$ROOT" archive HEAD | tar -x -C "$folder/clone"
cd "$folder/clone"

step() { printf '%5d s  %s\n' "$SECONDS" "$1"; }

step "Python environment"
python3 -m venv "$folder/python"
"$folder/python/bin/python" -m pip install --quiet -r binder/requirements.txt
step "binder/postBuild"
./binder/postBuild
step "the quickstart, without a network"
export PATH="$folder/python/bin:$PATH"
unshare --map-root-user --net --pid --fork --mount-proc bash -c '
  ip link set lo up
  peak=0
  ./binder/start python scripts/notebook.py notebooks/01-quickstart.ipynb --result &
  while kill -0 $! 2>/dev/null; do
    # Pages that several processes share are counted once.
    now=$(cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk "/^Pss:/ { kb += \$2 } END { print int(kb / 1024) }")
    [ "$now" -le $peak ] || peak=$now
    sleep 1
  done
  wait $! || exit 1
  echo "All processes together had at most $peak MB in memory; a Binder has $MEMORY_MB."
  [ $peak -le $MEMORY_MB ]'
step "done"
