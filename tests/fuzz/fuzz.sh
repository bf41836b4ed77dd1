#!/bin/sh
# fuzz.sh [NAME...] - builds the harnesses with clang and runs each, or those named, under libFuzzer. `make fuzz` calls it.
#   FUZZ_SECONDS   for each (default 60)
#   FUZZ_KEEP      folder for what is found (default $BUILD/fuzz/found): NAME/ grows over calls, NAME-crash-* and the like are inputs
#                  that broke something
#   FUZZ_OPTIONS   more of libFuzzer's options
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${BUILD:-build}/fuzz
seconds=${FUZZ_SECONDS:-60}
keep=${FUZZ_KEEP:-$build/found}
here=tests/fuzz

skip() { echo "make fuzz: SKIP: $1"; exit 0; }

mkdir -p "$build" "$keep" || exit 2
command -v clang > /dev/null || skip "clang: not found, expected it with its runtime (Debian: clang and libclang-rt-14-dev)"
echo 'int LLVMFuzzerTestOneInput(const char *data, long size) { return data != 0 && size < 0; }' |
    clang -fsanitize=fuzzer,address,undefined -x c -o "$build/probe" - 2> /dev/null ||
    skip "clang has no libFuzzer with sanitizers, expected its runtime (Debian: libclang-rt-14-dev)"

# The compiler behind mpicc, as Open MPI and MPICH let it be chosen.
export OMPI_CC=clang MPICH_CC=clang
${MAKE:-make} BUILD="$build" FUZZER=1 fuzzers || exit 2

# The names are ours and hold no blanks.
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $(cd $here && for f in test_*.c; do f=${f#test_}; echo "${f%.c}"; done)
for name in "$@"; do
    [ -f "$here/test_$name.c" ] || { echo "make fuzz: $name: no harness has such a name" >&2; exit 2; }
done

memory=/dev/shm
[ -w $memory ] || memory=${TMPDIR:-/tmp}
ORW_TEST_TMP=$(mktemp -d "$memory/orw-fuzz.XXXXXX") || exit 2
export ORW_TEST_TMP
trap 'rm -rf "$ORW_TEST_TMP"' EXIT
trap 'exit 130' INT TERM HUP
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_stack_use_after_return=0"
export LSAN_OPTIONS="${LSAN_OPTIONS:+$LSAN_OPTIONS:}suppressions=$PWD/tests/sanitizer.supp:print_suppressions=0"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}print_stacktrace=1"

failed=
for name in "$@"; do
    mkdir -p "$keep/$name"
    dictionary=
    [ -f "$here/$name.dict" ] && dictionary=-dict=$here/$name.dict
    # shellcheck disable=SC2086
    "$build/tests/fuzz/test_$name" -max_total_time="$seconds" -malloc_limit_mb=256 -rss_limit_mb=1024 -timeout=20 -max_len=16384 \
        -print_final_stats=1 -artifact_prefix="$keep/$name-" $dictionary ${FUZZ_OPTIONS:-} "$keep/$name" "$here/corpus/$name" \
        > "$keep/$name.log" 2>&1
    status=$?
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$keep/$name.log") executions, status $status"
    [ $status -eq 0 ] || { tail -n 40 "$keep/$name.log"; failed="$failed $name"; }
done
[ -z "$failed" ] || { echo "make fuzz: failed:$failed (inputs and logs: $keep)" >&2; exit 2; }
