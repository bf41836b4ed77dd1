# describe_build.t - what scripts/describe-build.sh says of a tree: its commit, and the digests of the sources.
. "$ORW_ROOT/tests/tap.sh"
command -v git > /dev/null || skip_all "git is not installed"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
unset GIT_DIR GIT_WORK_TREE
describe="$ORW_ROOT/scripts/describe-build.sh"
tree() { # tree DIR: a small tree of our shape
    mkdir -p "$1/src/base" "$1/src/cli" "$1/include/orw" "$1/experiments/one" "$1/experiments/two" "$1/tests/base"
    for file in src/base/provenance.c src/cli/main.c include/orw/base.h experiments/one/main.c experiments/two/main.c tests/base/test_a.c \
        Makefile README.md experiments/one/README.md; do echo "$file" > "$1/$file"; done
}
value() { # value DIR NAME: of one definition
    (cd "$1" && "$describe" -O2 2> said) | sed -n "s/^#define $2 \"\\(.*\\)\"$/\\1/p"
}
sources() { (cd "$1" && "$describe" -O2 2> /dev/null) | tr '{' '\n' | sed -n "s/^\"$2\", \"\\(.*\\)\"}.*/\\1/p"; }

# ---- the commit
tree "a tree's"
is "$(value "a tree's" ORW_COMMIT)" unknown "a tree that is no repository's: unknown"
is "$(cat "a tree's/said")" "" "which is a release, and nothing is said"
is "$(value "a tree's" ORW_SOURCE)" "$PWD/a tree's" "an apostrophe in the path is as good as any other"
tree outer
rm -rf outer/.git
(cd outer && git init -q . && git add . && git commit -qm one)
head=$(cd outer && git describe --always --abbrev=12)
is "$(value outer ORW_COMMIT)" "$head" "a repository: its commit"
tree outer/inner
is "$(value outer/inner ORW_COMMIT)" unknown "a copy inside another repository has not that one's commit"
(cd outer && git add inner && git commit -qm two)
is "$(value outer/inner ORW_COMMIT)" unknown "even where that one keeps it"
mkdir other
(cd other && git init -q . && echo x > x && git add x && git commit -qm one)
tree other
is "$(value other ORW_COMMIT)" unknown "nor has one that lies in another's root"
head=$(cd outer && git describe --always --abbrev=12)
mkdir outer/src/new
echo new > outer/src/new/new.c
is "$(value outer ORW_COMMIT)" "$head-dirty" "sources that are not in the repository make it dirty"
rm -r outer/src/new
echo more >> outer/README.md
is "$(value outer ORW_COMMIT)" "$head-dirty" "so does what is changed"
(cd outer && git checkout -q README.md)
GIT_TEST_ASSUME_DIFFERENT_OWNER=1
export GIT_TEST_ASSUME_DIFFERENT_OWNER
is "$(value outer ORW_COMMIT)" unknown "another user's repository: unknown"
like "$(cat outer/said)" "^note: the commit is not recorded: .*ownership" "and it is said why"
unset GIT_TEST_ASSUME_DIFFERENT_OWNER

# ---- the sources
one=$(sources outer one) two=$(sources outer two) library=$(value outer ORW_LIBRARY)
is "${#one} ${#two} ${#library}" "16 16 16" "every program has a digest, and the library"
[ "$one" != "$two" ] && [ "$one" != "$library" ]
report $? "each its own"
for quiet in README.md tests/base/test_a.c experiments/one/README.md src/cli/main.c; do echo more >> outer/$quiet; done
is "$(sources outer one) $(value outer ORW_LIBRARY)" "$one $library" "documents, tests and tools do not count"
is "$(sources "a tree's" one)" "$one" "the same tree elsewhere has the same digest"
echo more >> outer/experiments/two/main.c
is "$(sources outer one)" "$one" "another experiment's code does not count"
[ "$(sources outer two)" != "$two" ]
report $? "its own does"
for loud in src/base/provenance.c include/orw/base.h Makefile; do
    cp outer/$loud kept
    echo more >> outer/$loud
    [ "$(sources outer one)" != "$one" ] && [ "$(value outer ORW_LIBRARY)" != "$library" ]
    report $? "$loud does"
    cp kept outer/$loud
done
mv outer/src/base/provenance.c outer/src/base/kept.c
echo provenance > outer/src/base/provenance.c
before=$(sources outer one)
mv outer/src/base/kept.c outer/src/base/other.c
[ "$(sources outer one)" != "$before" ]
report $? "and so do names"
done_testing
