# outside.t - an installed copy: programs that find their data wherever they are moved, man pages, completion, and someone else's program that
# builds with pkg-config alone and fine-tunes a toy model with its own reward. Installs what is built; nothing else is built here.
. "$ORW_ROOT/tests/tap.sh"
command -v pkg-config > /dev/null || skip_all "pkg-config is not installed"
unset ORW_DATA
shared=no
[ ! -e "$BUILD/shared/liborw.so.0" ] || shared=yes

run make -s -C "$ORW_ROOT" install-built BUILD="$BUILD" PREFIX=/opt/orw DESTDIR="$PWD/a stage" SHARED=$shared
is "$status" 0 "make install: $(tail -n 1 tap.err)"
mkdir moved && mv "a stage/opt/orw" moved/orw
orw=$PWD/moved/orw
share=$orw/share/orw
(cd "$ORW_ROOT" && BUILD=$BUILD scripts/install.sh "$OLDPWD/" here) 2> said
is "$? $(cat said)" "2 install.sh: PREFIX: found 'here', expected a path that begins with /" "a relative PREFIX is refused"
(cd "$ORW_ROOT" && BUILD=/nowhere scripts/install.sh "$OLDPWD/none" /usr) 2> said
is "$? $(cat said)" "2 install.sh: /nowhere/bin/orw: not found, expected what \`make build\` makes" "and so is a folder in which nothing was built"
[ ! -e here ] && [ ! -e none ]
report $? "with nothing written"

# ---- data: the sources' folder is out of sight by what is changed in the copy
run "$orw/bin/orw" grid mnist:test sheet.png --count 4
is "$status" 0 "an installed program finds its data: $err"
mv "$share/data/mnist" "$share/data/away"
fails "$share/data/mnist" "which are its own" "$orw/bin/orw" grid mnist:test sheet.png --count 4
mv "$share/data/away" "$share/data/mnist"
ln -s "$orw/bin/orw" link
run ./link grid mnist:test sheet.png --count 4
is "$status" 0 "through a link as well"
is "$(cd "$share" && ls experiments/*/*.conf)" "$(cd "$ORW_ROOT" && ls experiments/*/*.conf)" "all profiles"
is "$(cd "$share/data/models" && ls)" "$(cd "$ORW_ROOT/data/models" && ls)" "the models that come with the source"
run "$orw/bin/finetune" "$share/experiments/finetune/smoke.conf" --print-config
is "$status" 0 "a driver reads its profile"

# ---- what programs say of themselves
for program in "$orw"/bin/*; do
    page=$orw/share/man/man1/$(basename "$program").1
    like "$(cat "$page")" '^usage: .*\(CONFIG\|COMMAND\)' "a man page of $(basename "$program")"
done
for command in $("$orw/bin/orw" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p'); do
    [ -s "$orw/share/man/man1/orw-$command.1" ] || break
done
report $? "and of every command"
like "$(cat "$orw/share/man/man1/finetune.1")" 'weight.tau' "a driver's with its keys"
if command -v groff > /dev/null; then
    is "$(groff -man -ww -Tutf8 "$orw"/share/man/man1/*.1 2>&1 > pages)" "" "groff has nothing to say against them"
    like "$(cat pages)" "--count N" "nor has it lost an option"
else
    skip "groff is not installed"
    skip "groff is not installed"
fi
completed() { # completed FUNCTION WORD...: the last one's completions
    bash -c '. "$1"; shift; f=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "$f"; printf "%s\n" "${COMPREPLY[@]}"' - \
        "$orw/share/bash-completion/completions/orw" "$@"
}
is "$(completed _orw orw gr)" grid "completion of commands"
is "$(completed _orw orw grid --col)" --columns "of their options"
is "$(completed _orw_finetune finetune x.conf --set weight.t)" weight.tau= "of keys"
is "$(completed _orw_finetune finetune x.conf --ext)" --extend "and of a driver's options"

# ---- a program outside of the tree
cp "$ORW_ROOT/tests/install/toy.c" .
[ "$(wc -l < toy.c)" -le 80 ]
report $? "a program of at most 80 lines"
PKG_CONFIG_PATH=$orw/lib/pkgconfig
export PKG_CONFIG_PATH
is "$(pkg-config --modversion orw)" "$(sed -n 's/^version: *//p' "$ORW_ROOT/CITATION.cff")" "pkg-config knows the version"
sanitize=$(grep -o -e '-fsanitize=[a-z,]*' "$BUILD/flags" 2> /dev/null | head -n 1)
# shellcheck disable=SC2046,SC2086
cc -std=c11 -Wall -Wextra -Werror $sanitize -o toy toy.c $(pkg-config --cflags --libs orw) > cc.log 2>&1
report $? "builds with what pkg-config says: $(tail -n 1 cc.log)" || tap_show cc "$(cat cc.log)"
LD_LIBRARY_PATH=$orw/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
run ./toy result
is "$status" 0 "and runs: $(tail -n 1 tap.err)"
"$orw/bin/orw" export result/run.h5 evaluation > evaluation.tsv
awk -F '\t' '/^#/ { for (i = 1; i <= NF; i++) if ($i ~ /reward_mean/) c = i; next } !n++ { first = $c } { last = $c } END { exit !(c && last > first + 0.5) }' evaluation.tsv
report $? "its reward rises" || tap_show evaluation "$(cat evaluation.tsv)"
mkdir -p results/finetune/runs/toy
cp result/run.h5 results/finetune/runs/toy
if command -v gnuplot > /dev/null; then
    run env -u ORW "$share/analysis/figures.sh" results smoke
    is "$status" 0 "the analysis runs where it is installed: $(tail -n 1 tap.err)"
    like "$(cat results/figures/data/finetune/skipped.txt)" "expected run.setting" "with the tool that was installed beside it"
else
    skip "gnuplot is not installed"
    skip "gnuplot is not installed"
fi
if [ $shared = yes ]; then
    like "$(ldd ./toy)" "liborw.so.0 => $orw/lib" "with the shared library"
else
    skip "the shared library is not built: make shared BUILD=$BUILD"
fi
done_testing
