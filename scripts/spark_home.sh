#!/usr/bin/env bash
# Makes a SPARK_HOME, with which a standalone cluster runs on this machine, and prints its folder: PyPI's pyspark is one.
# Usage: scripts/spark_home.sh
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VERSION=4.0.1
HOME_FOLDER="$ROOT/.spark/$VERSION"

if [ ! -f "$HOME_FOLDER/.done" ]; then
  . "$ROOT/scripts/setup.sh"
  use_python || fail "This machine lacks Python 3.10 or newer (with venv)."
  say "Making a Spark $VERSION in ${HOME_FOLDER#"$ROOT/"} (430 MB, some minutes) …" >&2
  rm -rf "$HOME_FOLDER"
  "$PYTHON" -m venv "$HOME_FOLDER" || fail "Could not make $HOME_FOLDER with $PYTHON."
  "$HOME_FOLDER/bin/python" -m pip install --quiet --disable-pip-version-check "pyspark==$VERSION" </dev/null >&2 ||
    fail "pip could not install pyspark $VERSION (see above)."
  touch "$HOME_FOLDER/.done"
fi
"$HOME_FOLDER/bin/python" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))'
