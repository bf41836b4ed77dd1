# dist.t - the tarball: everything that is in the repository, and nothing of git is needed to build it.
. "$ORW_ROOT/tests/tap.sh"
command -v git > /dev/null || skip_all "git is not installed"
git -C "$ORW_ROOT" rev-parse HEAD > /dev/null 2>&1 || skip_all "the sources are not a repository"
mkdir build
run make -s -C "$ORW_ROOT" dist BUILD="$PWD/build"
is "$status" 0 "make dist: $err"
tar xzf "$out"
tree=$(basename "$out" .tar.gz)
is "$(cd "$tree" && find . -type f | sed 's,^\./,,' | LC_ALL=C sort)" "$(git -C "$ORW_ROOT" ls-tree -r --name-only HEAD | LC_ALL=C sort)" "all that was committed"

# Without git: a folder of links to what else there is.
mkdir bin
IFS=:
for folder in $PATH; do ln -s "$folder"/* bin/ 2> /dev/null; done
unset IFS
rm bin/git
make=$(command -v make)
run env PATH="$PWD/bin" "$make" -C "$tree" -n BUILD=build build
is "$status" 0 "make knows how to build all of it: $(tail -n 1 tap.err)"
run env PATH="$PWD/bin" "$make" -s -C "$tree" BUILD=build build/obj/src/base/provenance.o
is "$status" 0 "and builds what asks for the commit: $(tail -n 1 tap.err)"
like "$(cat "$tree/build/include/orw_build.h")" "ORW_COMMIT \"$(git -C "$ORW_ROOT" rev-parse --short=12 HEAD)\"" "which it knows"
is "$(sed -n '/ORW_LIBRARY/p' "$tree/build/include/orw_build.h" | wc -c | tr -d ' ')" 39 "while the sources have their digest"
done_testing
