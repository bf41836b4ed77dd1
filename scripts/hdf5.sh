#!/bin/sh
# hdf5.sh --cflags | --libs - the compiler's flags for a parallel HDF5: from pkg-config, or where no module of it has one (.pc files came late
# to HDF5) from its own compiler wrapper h5pcc. Prints nothing, with status 1, where there is none. The Makefile and needs.sh ask.
set -u
PKG=${PKG:-pkg-config}
CC=$(command -v "${CC:-mpicc}" || echo cc)

is_parallel() { # is_parallel FLAGS
    # shellcheck disable=SC2086
    printf '#include <H5pubconf.h>\n#ifndef H5_HAVE_PARALLEL\n#error serial\n#endif\n' |
        "$CC" $1 -fsyntax-only -x c - 2> /dev/null
}

links() { # links FLAGS
    # shellcheck disable=SC2086
    printf 'int H5open(void);\nint main(void) { return H5open(); }\n' | "$CC" -o /dev/null -x c - -x none $1 2> /dev/null
}

# of_wrapper PATTERN: the words of what h5pcc would call that match.
of_wrapper() {
    { h5pcc -shlib -show || h5pcc -show; } 2> /dev/null | tr -s ' ' '\n' | grep -E -e "$1" | tr '\n' ' '
}

for module in hdf5-openmpi hdf5; do
    if $PKG --exists $module 2> /dev/null && is_parallel "$($PKG --cflags $module)"; then exec $PKG "$1" $module; fi
done
command -v h5pcc > /dev/null || exit 1
cflags=$(of_wrapper '^-[ID]')
is_parallel "$cflags" || exit 1
case $1 in
    --cflags) echo "$cflags" ;;
    --libs) # a shared library knows what it needs, and the wrapper's list asks for what only its builder has
        libs=$(of_wrapper '^-L|^-Wl,|^-lhdf5$|/libhdf5\.(a|so)$')
        links "$libs" || libs=$(of_wrapper '^-[Ll]|^-Wl,|^-pthread$|\.(a|so)$')
        echo "$libs" ;;
esac
