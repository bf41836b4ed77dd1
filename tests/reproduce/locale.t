# locale.t - a decimal comma, another order of letters, another language change nothing: tables, figures and report are byte-equal
# under C, C.UTF-8 and a German locale that is made here, and what the entry points write has decimal points.
. "$ORW_ROOT/tests/tap.sh"
. "$ORW_ROOT/tests/reproduce/stub.sh"
command -v gnuplot > /dev/null || skip_all "gnuplot is not installed"
command -v localedef > /dev/null || skip_all "localedef is not installed"
mkdir locales
localedef -i de_DE -f UTF-8 "$PWD/locales/de_DE.UTF-8" > made 2>&1 || skip_all "no German locale can be made: $(head -n 1 made)"
LOCPATH=$PWD/locales export LOCPATH
unset LANG LANGUAGE LC_NUMERIC LC_CTYPE LC_COLLATE LC_MESSAGES LC_TIME
is "$(LC_ALL=de_DE.UTF-8 bash -c 'printf "%.1f" 0,9')" 0,9 "the German locale has a decimal comma" || done_testing

# A source tree of its own, with a tool that prints fixed tables and a driver that does nothing.
tree=$PWD/tree
mkdir -p "$tree/build/bin" "$tree/experiments/toy"
cp -r "$ORW_ROOT/reproduce.sh" "$ORW_ROOT/scripts" "$ORW_ROOT/analysis" "$tree"
: > "$tree/experiments/toy/smoke.conf"
cat > "$tree/build/bin/orw" <<'END'
#!/bin/sh
case "$1 $2 $3" in
    'export --band reward_mean') printf '# x mean sd min max half_width n\n0\t0.5\t0.01\t0.4\t0.6\t0.02\t3\n10\t0.9\t0.01\t0.8\t1\t0.02\t3\n' ;;
    'export --band'*) echo "orw: error: no such column" >&2; exit 2 ;;
    'export --provenance'*) printf 'data.train\tsprites:\303\244 sha256 00\ndata.bytes_mean\t1300.5\n'; cat "$3" ;;
    'grid '*) exit 2 ;;
    *) printf '# round update samples_scored reward_mean\n0\t0\t0\t-1.3\n1\t10\t64\t-0.9\n' ;;
esac
END
printf '#!/bin/sh\necho shards = 1\n' > "$tree/build/bin/toy"
printf '#!/bin/sh\nshift 2\nexec "$@"\n' > "$tree/launcher"
chmod +x "$tree/build/bin/orw" "$tree/build/bin/toy" "$tree/launcher"
for run in base orw-alpha0-seed1 orw-alpha0.05-seed1 orw-alpha0.3-seed1 orw-alpha0.3-seed10 orw-alpha0.3-seed2 offline-alpha0-seed1; do
    stub_run "results/compression/runs/$run"
done
built=$BUILD
unset BUILD # the default: build below the tree
in_locale() { # in_locale LOCALE STAGE
    LC_ALL=$1 MPIRUN=$tree/launcher "$tree/reproduce.sh" "$2" --profile smoke --out "$PWD/results" > "log.$1" 2>&1
}
all=yes
for locale in C C.UTF-8 de_DE.UTF-8; do
    rm -rf results/figures results/times.tsv
    in_locale $locale run && in_locale $locale figures || all="no, $locale: $(tail -n 1 "log.$locale")"
    mv results/times.tsv "times.$locale"
    mkdir "drawn.$locale"
    mv results/figures results/report.html results/claims.tsv "drawn.$locale"
    # When and how long are not the locale's.
    sed -i '/<h3>Time per stage/,/<\/table>/d' "drawn.$locale/report.html"
    rm "drawn.$locale/figures/stamp"
    (cd "drawn.$locale" && find . -type f | LC_ALL=C sort | xargs sha256sum) > "sums.$locale"
done
is "$all" yes "figures and report are made under every locale"
is "$(grep -c 'reward_vs_[a-z]*\.svg' sums.C)" 2 "figures of the reward among them"
for locale in C.UTF-8 de_DE.UTF-8; do
    is "$(diff sums.C sums.$locale | sed -n 's/^[<>] [0-9a-f]* *//p' | sort -u)" "" "$locale: tables, figures and report are those of C, byte for byte"
done
like "$(cat drawn.de_DE.UTF-8/figures/compression/reward_vs_update.svg)" "alpha = 0.05" "no curve is lost"
like "$(cat drawn.C/figures/compression/reward_vs_alpha.svg)" "sprites:$(printf '\303\244')" "letters beyond ASCII stay what they are"
unlike "$(cat times.de_DE.UTF-8)" "[0-9],[0-9]" "times.tsv has decimal points"
like "$(cat times.de_DE.UTF-8)" "figures.smoke.1.[0-9]*\.[0-9].done" "and its seconds are there"

# The scripts by themselves, too.
mv drawn.C/figures results
LC_ALL=de_DE.UTF-8 ORW=$tree/build/bin/orw "$tree/analysis/figures.sh" results smoke > log.by-hand 2>&1
LC_ALL=de_DE.UTF-8 PERL_UNICODE=SDA "$tree/analysis/report.pl" --out results --profile smoke
is "$(cmp results/claims.tsv drawn.C/claims.tsv 2>&1)" "" "the verdicts are the same where the scripts are called by hand"
like "$(grep '<h2>Compression' results/report.html)" "sprites:$(printf '\303\244')" "and letters stay what they are"

# Each of the programs that are called from there prints the same numbers everywhere.
for locale in C de_DE.UTF-8; do
    LC_ALL=$locale "$built/bin/target_image" "$ORW_ROOT/experiments/target_image/smoke.conf" --print-config > "config.$locale" 2>&1
done
like "$(cat config.C)" "[0-9]\.[0-9]" "a configuration holds numbers with a point"
is "$(cmp config.C config.de_DE.UTF-8 2>&1)" "" "and is the same under a German locale"

# Whatever is started by hand or by a scheduler fixes its locale itself.
missing=
for script in reproduce.sh analysis/figures.sh jobs/common.sh jobs/submit.sh data/fetch tests/run scripts/chaos.sh \
    scripts/same-results.sh scripts/update-readme.sh; do
    grep -q '^export LC_ALL=C' "$ORW_ROOT/$script" || missing="$missing $script"
done
is "$missing" "" "every entry point does"

done_testing
