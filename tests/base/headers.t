#!/bin/sh
# headers.t - each public header stands alone, in C and in C++, without a warning; a C++ program links against the library.
. "$ORW_ROOT/tests/tap.sh"

# -I and -D as the library was built with; relative folders are the source tree's.
options=$(tr ' ' '\n' < "$BUILD/flags" | sed -n "s,^-I\([^/]\),-I$ORW_ROOT/\1,p; /^-I\//p; /^-D/p" | sort -u)
case $BUILD in "$ORW_ROOT"/*) ;; *) options="$options -I$BUILD/include" ;; esac
mpi=$(mpicc --showme:compile 2> /dev/null || true)
warnings='-Wall -Wextra -Wshadow -Werror -fsyntax-only'

for header in "$ORW_ROOT"/include/orw/*.h; do
    name=orw/$(basename "$header")
    printf '#include "%s"\n' "$name" > alone.c
    # shellcheck disable=SC2086
    run mpicc -std=gnu11 $warnings $options alone.c
    is "$status" 0 "$name compiles alone as C" || tap_show errors "$err"
done

if ! command -v g++ > /dev/null; then
    skip "C++: no g++ here"
    done_testing
    exit
fi
for header in "$ORW_ROOT"/include/orw/*.h; do
    name=orw/$(basename "$header")
    printf '#include "%s"\n' "$name" > alone.cc
    # shellcheck disable=SC2086
    run g++ -std=c++17 $warnings -DOMPI_SKIP_MPICXX -DMPICH_SKIP_MPICXX $options $mpi alone.cc
    is "$status" 0 "$name compiles alone as C++" || tap_show errors "$err"
done

cat > program.cc << 'END'
#include "orw/base.h"
int main() { return orw_edit_distance("flow", "glow") == 1 ? 0 : 1; }
END
# shellcheck disable=SC2086
run g++ -std=c++17 $options program.cc "$BUILD/liborw.a" -lgsl -lm -o program
[ "$status" -eq 0 ] && run ./program
is "$status" 0 "a C++ program calls the library" || tap_show errors "$err"
done_testing
