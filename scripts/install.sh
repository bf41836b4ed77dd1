#!/bin/sh
# install.sh DESTDIR PREFIX DRIVER... - installs what stands in $BUILD, and makes nothing: the second half of `make install`, which says what
# everything was built with (CC, CFLAGS, LIBS, VERSION, SHARED). Only what the source comes with goes along, no downloaded data.
set -eu
export LC_ALL=C
unset CDPATH
[ $# -ge 2 ] || { echo "install.sh: found $# arguments, expected DESTDIR PREFIX DRIVER..." >&2; exit 2; }
case $2 in /*) ;; *) echo "install.sh: PREFIX: found '$2', expected a path that begins with /" >&2; exit 2 ;; esac
root=$1$2
shift 2
[ -x "$BUILD/bin/orw" ] || { echo "install.sh: $BUILD/bin/orw: not found, expected what \`make build\` makes" >&2; exit 2; }
umask 022
share=$root/share
orw=$BUILD/bin/orw

mkdir -p "$root/bin" "$root/lib/pkgconfig" "$root/include/orw" "$share/man/man1" "$share/bash-completion/completions" "$share/orw/data"
install -m 755 "$orw" "$root/bin"
for driver in "$@"; do install -m 755 "$BUILD/bin/$driver" "$root/bin"; done
install -m 644 "$BUILD/liborw.a" "$root/lib"
if [ "${SHARED:-no}" = yes ]; then
    install -m 755 "$BUILD/shared/liborw.so.0" "$root/lib"
    ln -sf liborw.so.0 "$root/lib/liborw.so"
fi
install -m 644 include/orw/*.h "$root/include/orw"

# MPI's flags are what its compiler wrapper would add: a program is built by any compiler.
mpi() { "$CC" -show | tr -s ' ' '\n' | sed 1d | grep -E -e "$1" | tr '\n' ' '; }
sed -e "s|@VERSION@|$VERSION|; s|@CFLAGS@|$CFLAGS $(mpi '^-[ID]')|; s|@LIBS@|$LIBS $(mpi '^-L|^-l|^-Wl,')|" scripts/orw.pc.in \
    > "$root/lib/pkgconfig/orw.pc"

cp -R analysis examples "$share/orw"
for part in data/*; do case $part in */cifar10 | *.partial) ;; *) cp -R "$part" "$share/orw/data" ;; esac; done
install -m 644 CITATION.cff LICENSE README.md "$share/orw"
for profile in experiments/*/*.conf; do
    mkdir -p "$share/orw/${profile%/*}"
    install -m 644 "$profile" "$share/orw/$profile"
done

# Pages and completion are what the programs say of themselves.
man() { page=$1; shift; scripts/man.sh "$VERSION" "$@" > "$share/man/man1/$page.1"; }
man orw "online reward-weighted fine-tuning of flow matching" "$orw"
"$orw" --help | sed -n 's/^  \([a-z][a-z-]*\)  *\(.*\)/\1 \2/p' | while read -r command title; do
    man "orw-$command" "$title" "$orw" "$command"
done
for driver in "$@"; do man "$driver" "$("$BUILD/bin/$driver" --help | sed -n '1s/^[^-]*- //p')" "$BUILD/bin/$driver"; done
completions=$share/bash-completion/completions
scripts/completion.sh "$BUILD/bin" "$@" > "$completions/orw"
for driver in "$@"; do ln -sf orw "$completions/$driver"; done # bash looks for the command's name
echo "installed in $root"
