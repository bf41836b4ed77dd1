# places.t - where the tree and the results lie and who calls: links, odd names, another user, two at once, line ends of DOS.
. "$ORW_ROOT/tests/tap.sh"

unset BUILD
scratch=$PWD
tree="$PWD/it's a tree"
mkdir -p "$tree/data" "$tree/experiments/toy" "$tree/build/bin" "$tree/jobs"
cp -r "$ORW_ROOT/reproduce.sh" "$ORW_ROOT/scripts" "$ORW_ROOT/analysis" "$tree"
cp "$ORW_ROOT/jobs/"* "$tree/jobs"
cd "$tree" || exit 2
: > experiments/toy/smoke.conf
cat > build/bin/toy <<'END'
#!/bin/sh
case "$*" in *--print-config*) printf '[parallel]\nshards = 1\n'; exit ;; esac
mkdir -p "$3/toy"
echo result >> "$3/toy/run.h5"
END
printf '#!/bin/sh\nexit 2\n' > build/bin/orw
printf '#!/bin/sh\nshift 2\nexec "$@"\n' > "$scratch/launcher"
chmod +x build/bin/* "$scratch/launcher"
case $scratch in *' '*) skip_all "the scratch folder's name has blanks" ;; esac
MPIRUN=$scratch/launcher
export MPIRUN
reproduce() { ./reproduce.sh "$@" --profile smoke 2>&1; }

# where the tree is, and from where it is called
found=$(reproduce run figures)
is $? 0 "a tree with an apostrophe and blanks in its name: $(printf '%s' "$found" | tail -n 1)"
exists results/smoke/report.html "there is a report"
ln -s "$tree/reproduce.sh" "$scratch/link"
found=$(cd "$scratch" && ./link figures --profile smoke 2>&1)
is $? 0 "called by a link"
like "$found" "figures: up to date" "it is the same tree"
mkdir -p elsewhere/scripts elsewhere/analysis elsewhere/jobs elsewhere/tests
found=$(CDPATH=$PWD/elsewhere && export CDPATH && reproduce figures)
is $? 0 "CDPATH leads nowhere"
unlike "$found" elsewhere "and says nothing"
found=$(CDPATH=$PWD/elsewhere && export CDPATH && analysis/figures.sh results/smoke smoke 2>&1)
is $? 0 "nor in figures.sh: $(printf '%s' "$found" | head -n 1)"
found=$(cd "$scratch" && CDPATH=$tree/elsewhere:$tree && export CDPATH && sh "it's a tree/scripts/same-results.sh" "$tree/results" "$tree/results" 2>&1)
unlike "$found" "No such file" "nor in same-results.sh"

cp -r "$ORW_ROOT/src" "$ORW_ROOT/include" "$ORW_ROOT/Makefile" .
run make BUILD=one one/obj/src/base/provenance.o
is "$status" 0 "and it can be built there: $(printf '%s' "$err" | head -n 1)"
rm -r src include one Makefile

# what the results' folder is called
for stage in run figures clean; do
    fails "out: found ''" "--out '' for $stage" ./reproduce.sh $stage --profile smoke --out ''
    fails "out: found ''" "--out= for $stage" ./reproduce.sh $stage --profile smoke --out=
    fails "out: found a line break" "a line break in --out for $stage" ./reproduce.sh $stage --profile smoke --out 'a
b'
done
fails "out: found ''" "submit.sh --out ''" jobs/submit.sh smoke --out ''
fails "out: found a line break" "a line break for submit.sh" jobs/submit.sh smoke --out 'a
b'
out="$scratch/it's & <here>"
found=$(reproduce run figures --out "$out")
is $? 0 "results with odd characters in their name: $(printf '%s' "$found" | tail -n 1)"
exists "$out/report.html" "there is a report"

# results behind links
mkdir -p "$scratch/disk"
ln -s "$scratch/disk" linked
reproduce run figures --out linked > /dev/null
like "$(reproduce figures --out linked)" "figures: up to date" "results behind a link are up to date"
reproduce run --out linked > /dev/null
like "$(reproduce figures --out linked)" "figures: done" "until something new is there"
mv "$scratch/disk/toy" "$scratch/toy"
ln -s "$scratch/toy" "$scratch/disk/toy"
reproduce figures --out linked > /dev/null
found=$(reproduce run --out linked)
like "$found" "run/toy: done" "an experiment's folder behind a link: a run that changed something"
like "$(reproduce figures --out linked)" "figures: done" "draws again"

# two who draw at once
cp -r . ../copy && cd ../copy || exit 2
cat > analysis/figures.sh <<'END'
#!/bin/sh
rm -rf "$1/figures"
mkdir -p "$1/figures"
echo drawn >> ../drawings
sleep 1
echo picture > "$1/figures/one.svg"
END
chmod +x analysis/figures.sh
./reproduce.sh figures --profile smoke > ../first 2>&1 &
first=$!
./reproduce.sh figures --profile smoke > ../second 2>&1
is $? 0 "two draw at once: one of them"
wait $first
is $? 0 "and the other one"
is "$(wc -l < ../drawings)" 1 "it is drawn once"
like "$(cat ../first ../second)" "others draw in .*waiting" "one waits for the other"
cd "$tree" || exit 2

# an installation of another user
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups env HOME="$scratch/home" "$@"; }
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null && chmod -R a+rX "$scratch" && mkdir "$scratch/home" && chown 65534 "$scratch/home" &&
    nobody test -x "$tree/build/bin/orw" && ! nobody test -w "$tree/build"; then
    cp "$ORW_ROOT/Makefile" .
    sed -i 's/^stage_setup() {/&\n    return 0/; s/^stage_data() {/&\n    return 0/' reproduce.sh
    run nobody ./reproduce.sh --profile smoke --out "$scratch/home/mine"
    is "$status" 0 "another user than the one who built it: $err"
    like "$out" "build: as its owner built it" "builds nothing"
    exists "$scratch/home/mine/report.html" "and has results"
    rm -rf results
    fails "out: .*results/smoke' cannot be written" "where results cannot be written" nobody ./reproduce.sh --profile smoke
    rm build/bin/orw
    run nobody ./reproduce.sh build
    is "$status" 2 "where nothing was built"
    like "$err" "build: cannot be written, expected .*BUILD=DIR" "it is said how to build"
else
    skip "not root, or the scratch folder is not for others"
fi

# settings of the caller's own
if command -v gnuplot > /dev/null; then
    mkdir -p "$scratch/settings" drawn data
    echo 'set title "of their own"' > "$scratch/settings/.gnuplot"
    printf 'set terminal svg\nset output output\nplot x\n' > line.gp
    HOME=$scratch/settings bash -c 'root=$PWD figures=$PWD/drawn data=$PWD/data out=$PWD; . analysis/lib.sh; draw "$PWD/line.gp" line t c C1 ""' > said 2>&1
    is "$(grep -c '<svg' drawn/line.svg) $(grep -c 'of their own' drawn/line.svg)" "1 0" "a .gnuplot of the caller has no part in a figure: $(cat said)"
else
    skip "gnuplot is not installed"
fi

# line ends of DOS
sed 's/$/\r/' "$ORW_ROOT/jobs/site.conf" > jobs/site.conf
mkdir fake
for program in sbatch squeue sinfo scancel; do printf '#!/bin/sh\n' > fake/$program; done
chmod +x fake/*
printf '#!/bin/sh\ncase "$*" in *--print-config*) printf "[parallel]\\nshards = 1\\n" ;; *--complete*) exit 3 ;; esac\n' > build/bin/toy
run env PATH="$PWD/fake:$PATH" jobs/submit.sh smoke --dry-run
is "$status" 0 "a site.conf with line ends of DOS: $err"
unlike "$out" "$(printf '\r')" "has the values of one without"
if command -v git > /dev/null && [ -e "$ORW_ROOT/.git" ]; then
    cd "$ORW_ROOT" || exit 2
    if git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
        is "$(git ls-files --eol reproduce.sh scripts jobs tests analysis data/SHA256SUMS src experiments | grep -v -e 'attr/text=auto eol=lf' -e 'attr/text eol=lf' -e 'attr/-text' | head -n 3)" "" \
            "text is checked out with LF everywhere"
        is "$(git ls-files --eol | awk '$1 ~ /crlf|mixed/ && $3 != "attr/-text"' | head -n 3)" "" "no text has CR in it"
    else
        skip "git may not read this tree"
        skip "git may not read this tree"
    fi
else
    skip "no git, or no clone"
    skip "no git, or no clone"
fi

done_testing
