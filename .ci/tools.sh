# shellcheck shell=bash disable=SC2154
# What ./fanfare, ./verify and e2e/run share: finding a JDK and Maven, installing what is missing, building, choosing
# JVM flags. Sourced; $top is the checkout.

jar=$top/cli/target/fanfare.jar

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# Sets $major to the version of the Java in a directory, 0 when there is none there. Reads a file, since asking java takes 50 ms.
java_version() {
  local line
  major=0
  [[ -x $1/bin/java ]] || return 0
  if [[ -r $1/release ]]; then
    while IFS= read -r line; do
      [[ $line == JAVA_VERSION=* ]] && major=${line#JAVA_VERSION=}
    done <"$1/release"
  else
    major=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version \("[^"]*"\).*/\1/p')
  fi
  major=${major//\"/}
  major=${major%%[!0-9]*}
  major=${major:-0}
}

# Sets $java_home and $major to a Java 17 or later that has the program named: java to run, javac to build.
find_java() {
  local program=$1 home on_path
  on_path=$(command -v "$program" || true)
  [[ -z $on_path ]] || on_path=$(readlink -f "$on_path")
  for home in "${JAVA_HOME:-}" "${on_path%/bin/*}" /usr/lib/jvm/*; do
    [[ -n $home && -x $home/bin/$program ]] || continue
    java_version "$home"
    if ((major >= 17)); then
      java_home=$home
      return 0
    fi
  done
  return 1
}

# Debian 13 has no JDK 17; what it calls its default is later.
jdk_package() {
  local ID='' VERSION_ID=''
  [[ -r /etc/os-release ]] && . /etc/os-release
  if [[ $ID == debian && ${VERSION_ID%%.*} -ge 13 ]]; then
    echo default-jdk-headless
  else
    echo openjdk-17-jdk-headless
  fi
}

# Installs Debian packages: prints the command, then runs it; where that is not allowed, prints it and exits.
install_packages() {
  local command="apt-get update && apt-get install -y $*" log policy=/usr/sbin/policy-rc.d made='' installed
  if ! command -v apt-get >/dev/null; then
    die "fanfare: missing here; install the equivalent of these Debian packages, then try again: $*"
  fi
  if ((EUID != 0)); then
    die "fanfare: missing here; run this, then try again: sudo sh -c '$command'"
  fi
  say "installing what is missing: $command"
  log=$(mktemp)
  if [[ ! -e $policy ]]; then # so that a package's own service is not started
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=$policy
  fi
  DEBIAN_FRONTEND=noninteractive sh -c "$command" >"$log" 2>&1 </dev/null && installed=true || installed=false
  [[ -z $made ]] || rm -f "$made"
  if ! $installed; then
    tail -n 15 "$log" >&2
    die "fanfare: the installation failed (its last lines are above, all of it in $log); without a network, install by other means: $*"
  fi
  rm -f "$log"
}

have() {
  [[ -n $(PATH=$PATH:/usr/sbin:/usr/local/sbin type -P "$1") ]]
}

# Installs what the tests drive and is missing: a part that cannot run is a failure, never a skip. CHROMIUM and FIREFOX name browsers
# that are elsewhere.
need_test_tools() {
  local missing=() program
  have node || missing+=(nodejs)
  have chromium || [[ -n ${CHROMIUM:-} ]] || missing+=(chromium)
  have firefox-esr || [[ -n ${FIREFOX:-} ]] || missing+=(firefox-esr)
  for program in npm nginx prometheus haproxy caddy python3 curl strace redis-server openssl; do # each in the package of its name
    have "$program" || missing+=("$program")
  done
  if ((${#missing[@]})); then
    install_packages --no-install-recommends "${missing[@]}"
  fi
}

# Sets $java_home and $maven, installing a JDK and Maven when there is no JDK. With a JDK, ./mvnw does for Maven.
need_build_tools() {
  if ! find_java javac; then
    local packages
    packages=$(jdk_package)
    command -v mvn >/dev/null || packages+=" maven"
    # shellcheck disable=SC2086 # two words, two packages
    install_packages $packages
    find_java javac || die "fanfare: no JDK 17 or later in JAVA_HOME, PATH or /usr/lib/jvm, even after installing $packages"
  fi
  export JAVA_HOME=$java_home
  maven=$(command -v mvn || echo "$top/mvnw")
}

# True when fanfare.jar is there and no source is newer. A removed file counts: its directory is newer.
jar_is_fresh() {
  [[ -f $jar ]] && [[ -z $(find "$top"/pom.xml "$top"/*/pom.xml "$top"/*/src/main "$top"/web/client/*.js -newer "$jar" -print -quit) ]]
}

# Makes fanfare.jar, quietly, unless another process just did.
build() {
  local log=$top/target/build.log
  need_build_tools
  mkdir -p "$top/target"
  exec 9>"$top/target/build.lock"
  ! command -v flock >/dev/null || flock 9
  if ! jar_is_fresh; then
    if [[ -f $jar ]]; then
      say "building Fanfare (its sources have changed)…"
    else
      say "building Fanfare (first run, about a minute)…"
    fi
    (cd "$top" && exec "$maven" -q -B -pl cli -am -DskipTests package) >"$log" 2>&1 9>&- </dev/null &
    trap 'kill $! 2>/dev/null; exit 143' HUP INT TERM # who stops this stops Maven
    if ! wait $!; then
      grep -v '^\s*at ' "$log" | tail -n 30 >&2
      die "fanfare: the build failed; its last lines are above, all of it is in $log"
    fi
    trap - HUP INT TERM
  fi
  exec 9>&-
}

# A quarter of the memory this process may use, for buffers outside the heap; the heap takes half, the kernel's buffers need the rest.
direct_memory() {
  local key kilobytes rest limit=''
  while read -r key kilobytes rest; do
    [[ $key == MemTotal: ]] && break
  done 2>/dev/null </proc/meminfo || kilobytes=$((4 << 20))
  if [[ -r /sys/fs/cgroup/memory.max ]] && read -r limit </sys/fs/cgroup/memory.max && [[ $limit == [0-9]* ]]; then
    ((limit >> 10 < kilobytes)) && kilobytes=$((limit >> 10))
  fi
  flags+=("-XX:MaxDirectMemorySize=$((kilobytes / 4))k")
}

# G1, but for a single CPU: there its concurrent threads and its barriers are work taken from the event loop. What a young collection
# finds alive is history or a connection and stays, so it is moved out at once, and the young generation is small: short pauses. The
# optimizing compiler would also compete with the event loop, for what its code gains only much later; docs/decisions/ has figures.
choose_collector() {
  if (($(nproc 2>/dev/null || echo 2) > 1)); then
    flags+=(-XX:+UseG1GC)
  else
    flags+=(-XX:+UseSerialGC -Xmn32m -XX:MaxTenuringThreshold=1 -XX:TieredStopAtLevel=1)
  fi
}

# Sets $flags to the JVM flags for a command on this Java. An unknown flag stops the JVM, so each goes only where it is known.
choose_flags() {
  local command=$1 options=" ${FANFARE_JAVA_OPTS:-} "
  flags=(-XX:+ExitOnOutOfMemoryError -Dio.netty.leakDetection.level=disabled -Xshare:auto -Xlog:cds=off -Xlog:cds+dynamic=off)
  if ((major >= 24)); then
    flags+=(-Xlog:aot=off --sun-misc-unsafe-memory-access=allow)
  fi
  if ((major >= 25)); then
    flags+=(-XX:+UseCompactObjectHeaders)
  fi
  case $command in
    publish | tail) flags+=(-XX:TieredStopAtLevel=1 -XX:MaxRAMPercentage=25) ;;
    *)
      flags+=(-XX:MaxRAMPercentage=50)
      direct_memory
      ;;
  esac
  [[ $options == *" -XX:+Use"*"GC "* ]] || choose_collector
  # shellcheck disable=SC2206 # words of a command line
  flags+=(${FANFARE_JAVA_OPTS:-})
}

# Sets $archive to the class-data archive of this jar and Java, and makes it when there is none: now ("true"), or beside what comes.
need_archive() {
  archive=$top/cli/target/fanfare-$major.jsa
  [[ $archive -nt $jar ]] && return 0
  rm -f "$archive"
  choose_flags serve
  if [[ $1 == true ]]; then
    (train) >/dev/null 2>&1 || true
  else
    # an orphan at once, so that it is no child of the node
    ( (train) >/dev/null 2>&1 </dev/null & )
  fi
}

# Makes the archive by running a node until it is ready; a start with it takes half the time. Whatever goes wrong here costs only that
# time. The archive appears whole (a rename). One at a time, and with none of the settings that are meant for the real node.
train() {
  local new=$archive.$BASHPID out=$archive.$BASHPID.out pid variable
  set +e
  exec 8>"${archive%.jsa}.lock"
  ! command -v flock || flock -n 8 || return
  for variable in "${!FANFARE_@}"; do unset "$variable"; done
  "$java_home/bin/java" "${flags[@]}" "-XX:ArchiveClassesAtExit=$new" -jar "$jar" serve --data "$archive.$BASHPID.data" --port 0 --drain.delay 0s >"$out" </dev/null &
  pid=$!
  wait_until 10 eval "[[ -s \$out ]] || ! kill -0 $pid"
  kill -TERM "$pid"
  wait_until 20 eval "! kill -0 $pid"
  kill -KILL "$pid"
  [[ -s $new ]] && mv -f "$new" "$archive"
  rm -rf "$new" "$out" "$archive.$BASHPID.data"
}

# Waits for a command to be true, for so many seconds at most.
wait_until() {
  local i
  for ((i = 0; i < $1 * 10; i++)); do
    "${@:2}" && return
    sleep 0.1
  done
}
