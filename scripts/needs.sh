# needs.sh - what the suite needs from the machine, how to see whether it is there, and how to get it. Sourced by reproduce.sh.
# shellcheck shell=bash

# KIND NAME PACKAGE: KIND says how to look for NAME; PACKAGE is Debian's (elsewhere NAME says what to install or load).
needs_list() {
    cat <<'END'
command  make                build-essential
command  cc                  build-essential
command  pkg-config          pkg-config
command  mpicc               libopenmpi-dev
command  mpirun              openmpi-bin
hdf5     parallel-HDF5       libhdf5-openmpi-dev
command  h5dump              hdf5-tools
module   openblas            libopenblas-dev
module   gsl                 libgsl-dev
module   libpng              libpng-dev
module   libjpeg             libjpeg-dev
module   jansson             libjansson-dev
module   libxxhash           libxxhash-dev
module   openssl             libssl-dev
module   zlib                zlib1g-dev
header   ini.h               libinih-dev
header   Random123/philox.h  librandom123-dev
command  gnuplot             gnuplot-nox
command  perl                perl
command  prove               perl
fonts    DejaVu              fonts-dejavu-core
END
}

needs_compiles() { # a C text on standard input
    local compiler
    for compiler in mpicc cc; do
        if command -v "$compiler" > /dev/null; then
            "$compiler" -fsyntax-only -x c - 2> /dev/null
            return
        fi
    done
    return 1
}

needs_met() { # needs_met KIND NAME
    case $1 in
        command) command -v "$2" > /dev/null ;;
        module) pkg-config --exists "$2" 2> /dev/null ;;
        header) printf '#include <stdio.h>\n#include <stdint.h>\n#include <%s>\n' "$2" | needs_compiles ;;
        hdf5) scripts/hdf5.sh --cflags > /dev/null ;;
        fonts) [ -n "$(find /usr/share/fonts /usr/local/share/fonts -iname "$2*.ttf" -print -quit 2> /dev/null)" ] ;;
    esac
}

# Prints "NAME PACKAGE" of what is missing.
needs_missing() {
    local kind name package
    needs_list | while read -r kind name package; do
        needs_met "$kind" "$name" || printf '%s %s\n' "$name" "$package"
    done
}

needs_apt() { # needs_apt SUDO ARGUMENT...: one retry, because mirrors hiccup
    local sudo=$1
    shift
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" || {
        printf 'apt-get %s failed; once more\n' "$1"
        sleep 3
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
    }
}

# Installs what is missing and nothing else; where it may not, lists it and exits with status 2.
needs_install() { # needs_install yes|no
    local missing names packages sudo='' answer
    missing=$(needs_missing)
    if [ -z "$missing" ]; then
        printf 'everything needed is there\n'
        # shellcheck disable=SC2034
        outcome="up to date"
        return
    fi
    names=$(printf '%s\n' "$missing" | cut -d ' ' -f 1 | paste -sd ' ')
    packages=$(printf '%s\n' "$missing" | cut -d ' ' -f 2 | sort -u | paste -sd ' ')
    command -v apt-get > /dev/null || die "missing: $names; expected them installed or loaded (module load ...)"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo > /dev/null || die "missing: $names; expected root or sudo for: apt-get install $packages"
        sudo=sudo
        if [ ! -t 0 ]; then
            sudo="sudo -n"
            $sudo true 2> /dev/null || die "missing: $names; run as root: apt-get install $packages"
        fi
    fi
    printf 'missing: %s\n' "$names"
    if [ "$1" = no ] && [ -t 0 ]; then
        read -r -p "apt-get install $packages? [Y/n] " answer
        case $answer in '' | [yY]*) ;; *) die "missing: $names; expected apt-get install $packages" ;; esac
    fi
    needs_apt "$sudo" update || die "apt-get update failed, expected to install: $packages"
    # shellcheck disable=SC2086
    needs_apt "$sudo" install -y --no-install-recommends $packages || die "apt-get install failed for: $packages"
    missing=$(needs_missing | cut -d ' ' -f 1 | paste -sd ' ')
    [ -z "$missing" ] || die "still missing after installation: $missing"
}
