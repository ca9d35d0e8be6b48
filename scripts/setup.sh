# Sourced by ./run and ./test, which have set ROOT: checks the machine, makes .venv, installs the library, sets the
# environment of kernel and tests. Written for bash 3.2, which is what macOS has.

VENV="$ROOT/.venv"
REQUIREMENTS="$ROOT/binder/requirements.txt"

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# ---- the machine --------------------------------------------------------------------------------------------------

java_home_of() { "$1" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p' || true; }

is_jdk17() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 1
  local major
  major=$("$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9][0-9]*\).*/\1/p')
  [ "${major:-0}" -ge 17 ]
}

# Puts a JDK first on PATH (where the kernel looks) and in JAVA_HOME (where Maven looks): the user's own if it is new
# enough, otherwise one from the usual places.
use_jdk() {
  local home
  for home in "${JAVA_HOME:-}" "$(java_home_of java)" /usr/lib/jvm/java-17-* /usr/lib/jvm/* \
    /opt/homebrew/opt/openjdk@17 /opt/homebrew/opt/openjdk /usr/local/opt/openjdk@17 /usr/local/opt/openjdk \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [ -n "$home" ] && is_jdk17 "$home"; then
      export JAVA_HOME="$home" PATH="$home/bin:$PATH"
      return 0
    fi
  done
  return 1
}

use_python() {
  for PYTHON in python3 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3; do
    "$PYTHON" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1 && return 0
  done
  return 1
}

# macOS draws with its own fonts; elsewhere Java throws without fontconfig and a font.
has_font() { [ "$(uname -s)" = Darwin ] || [ -n "$(fc-list 2>/dev/null || true)" ]; }

find_missing() {
  missing=() apt=()
  use_jdk || { missing+=("a JDK 17 or newer (with javac)"); apt+=("openjdk-17-jdk-headless"); }
  command -v mvn >/dev/null || { missing+=("Maven"); apt+=("maven"); }
  use_python || { missing+=("Python 3.10 or newer (with venv)"); apt+=("python3" "python3-venv"); }
  has_font || { missing+=("fontconfig and a font"); apt+=("fontconfig" "fonts-dejavu-core"); }
  [ ${#missing[@]} -eq 0 ]
}

is_debian() { [ -f /etc/debian_version ] && command -v apt-get >/dev/null; }

# Newer Debian releases have no JDK 17; their default JDK is newer and does as well.
prefer_available_jdk() {
  local i
  apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1 && return
  for i in "${!apt[@]}"; do
    [ "${apt[$i]}" != openjdk-17-jdk-headless ] || apt[$i]=default-jdk-headless
  done
}

how_to_install() {
  if is_debian; then
    prefer_available_jdk
    say "    sudo apt-get update && sudo apt-get install -y ${apt[*]}"
  elif command -v dnf >/dev/null; then
    say "    sudo dnf install -y java-21-openjdk-devel maven python3 fontconfig dejavu-sans-fonts"
  elif [ "$(uname -s)" = Darwin ]; then
    say "    brew install openjdk@17 maven python@3.12"
  else
    say "    (with your system's package manager)"
  fi
}

check_machine() {
  find_missing && return
  if is_debian && [ "$(id -u)" = 0 ]; then
    local log
    log=$(mktemp)
    apt-get update >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; fail "apt-get update failed."; }
    prefer_available_jdk
    say "Installing ${apt[*]} …"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${apt[@]}" >"$log" 2>&1 </dev/null ||
      { tail -n 20 "$log" >&2; rm -f "$log"; fail "apt-get could not install: ${apt[*]}"; }
    rm -f "$log"
    find_missing && return
  fi
  {
    say "This machine lacks:"
    printf '  - %s\n' "${missing[@]}"
    say "Install what is missing, then run this again:"
    how_to_install
  } >&2
  exit 1
}

# ---- the Python environment -----------------------------------------------------------------------------------------

# make_venv MODULE TIME: makes $VENV from $REQUIREMENTS, unless it is there and imports MODULE. The stamp is written last,
# so that an interrupted installation is started over.
make_venv() {
  local module=$1 time=$2 stamp="$VENV/.requirements"
  if cmp -s "$REQUIREMENTS" "$stamp" && "$VENV/bin/python" -c "import $module" 2>/dev/null; then return; fi
  say "Making the Python environment in ${VENV#"$ROOT/"} ($time) …"
  "$PYTHON" -m venv --clear "$VENV" || fail "Could not make $VENV with $PYTHON."
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r "$REQUIREMENTS" </dev/null ||
    fail "pip could not install ${REQUIREMENTS#"$ROOT/"} (see above); run this again when that is mended."
  cp "$REQUIREMENTS" "$stamp"
}

# Everything Jupyter, IPython and DJL would keep in the home directory is kept in .venv instead.
set_environment() {
  unset PYTHONHOME PYTHONPATH JUPYTER_PATH JUPYTER_CONFIG_PATH
  export JUPYTER_CONFIG_DIR="$VENV/jupyter/config" JUPYTER_DATA_DIR="$VENV/jupyter/data"
  export JUPYTER_RUNTIME_DIR="$VENV/jupyter/runtime" IPYTHONDIR="$VENV/jupyter/ipython"
  mkdir -p "$IPYTHONDIR" "$VENV/share/jupyter/lab/settings"
  # JupyterLab asks at every first start whether to fetch news; nothing is to go out that was not asked for.
  printf '%s\n' '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}' \
    > "$VENV/share/jupyter/lab/settings/overrides.json"
  export JUPYTER_PLATFORM_DIRS=0 DJL_CACHE_DIR="${DJL_CACHE_DIR:-$VENV/djl}"
  # Java names files in the locale's characters: in another than UTF-8 a folder with an umlaut is none.
  [ "$(uname -s)" = Darwin ] || [ "$(locale charmap 2>/dev/null)" = UTF-8 ] || export LC_ALL=C.UTF-8
  set_engine_environment
  set_kernel_options
}

# What the engine reads before it starts; docs/performance.md says what each is worth.
set_engine_environment() {
  # OpenMP's waiting threads spin by default, and two programs on few cores run many times slower. A short spin, some tens
  # of microseconds, spares a thread that is soon needed again being put to sleep.
  export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}" GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-1000}"
  # Large pages for large arrays, where the system has them: taking memory costs less.
  export THP_MEM_ALLOC_ENABLE="${THP_MEM_ALLOC_ENABLE:-1}"
  # DJL reports its use to its makers otherwise.
  export OPT_OUT_TRACKING=true
}

# Half of the memory for the heap: the arrays of the engine live outside it. The serial collector, since the heap holds a few
# large arrays: others let it grow to several times as much before they collect (docs/performance.md). The user's own options
# come last and win.
set_kernel_options() {
  local options="-XX:MaxRAMPercentage=50 -Djava.awt.headless=true -Dfile.encoding=UTF-8"
  # Java refuses two collectors.
  [[ ${JJAVA_JVM_OPTS:-} = *-XX:+Use*GC* ]] || options+=" -XX:+UseSerialGC"
  export JJAVA_JVM_OPTS="$options${JJAVA_JVM_OPTS:+ $JJAVA_JVM_OPTS}"
}

# ---- the library ----------------------------------------------------------------------------------------------------

fingerprint() { (cd "$ROOT" && find pom.xml .mvn src/main -type f -exec cksum {} + | LC_ALL=C sort | cksum); }

# maven_install LOG OPTION…: builds and installs, everything Maven says going to standard output and LOG, and notes what
# was installed, from which sources, and where.
maven_install() {
  local log=$1 sources jar
  shift
  sources=$(fingerprint)
  mkdir -p "$ROOT/target"
  rm -f "$ROOT/target/installed"
  (cd "$ROOT" && mvn -B -ntp "$@" install </dev/null) 2>&1 | tee "$log" || return 1
  jar=$(sed -n 's/^\[INFO\] Installing .*\.jar to \(.*\.jar\)$/\1/p' "$log" | head -n 1)
  [ -f "$jar" ] || return 0
  printf '%s\n' "$sources" "$jar" "$(cksum <"$jar")" "$(cksum <"${jar%.jar}.pom")" >"$ROOT/target/installed"
}

# True when what lies in the local Maven repository is what these sources gave; another clone may have replaced it.
is_installed() {
  local sources jar sum pom
  { read -r sources && read -r jar && read -r sum && read -r pom; } 2>/dev/null <"$ROOT/target/installed" || return 1
  [ -f "$jar" ] && [ "$sum" = "$(cksum <"$jar")" ] && [ "$pom" = "$(cksum <"${jar%.jar}.pom")" ] &&
    [ "$sources" = "$(fingerprint)" ]
}

# Neither tests nor formatting stand between a user and a notebook: ./test looks at both.
install_library() {
  if is_installed; then return; fi
  local log="$ROOT/target/install.log"
  say "Building and installing the library (the first time Maven downloads several hundred MB; see target/install.log) …"
  if ! maven_install "$log" -Dmaven.test.skip=true -Dspotless.check.skip=true >/dev/null; then
    grep -E '^\[(ERROR|FATAL)\] [^[TRF]' "$log" | head -n 30 >&2 || tail -n 30 "$log" >&2
    fail "The library could not be built; all that Maven said is in target/install.log."
  fi
}

# The benchmarks of src/jmh/java, beside what ships; their class path is in BENCH_CLASSPATH then.
build_benchmarks() {
  say "Building the benchmarks …"
  (cd "$ROOT" && mvn -B -ntp -q -Pbench -Dmaven.test.skip=true -Dspotless.check.skip=true compile \
    dependency:build-classpath -Dmdep.outputFile=target/bench/classpath.txt </dev/null) ||
    fail "The benchmarks could not be built."
  BENCH_CLASSPATH="$ROOT/target/bench/classes:$(cat "$ROOT/target/bench/classpath.txt")"
}

# A closed standard input would be handed to the first file or socket opened.
if ! { : <&0; } 2>/dev/null; then exec </dev/null; fi
