# stages.t - reproduce.sh in a source tree of its own, with a driver, a tool and a launcher that only note how they were called:
# what each stage does, and that it does nothing the second time.
. "$ORW_ROOT/tests/tap.sh"

unset BUILD # the default: build below the tree
tree="$PWD/a tree"
mkdir -p "$tree/data" "$tree/experiments/toy" "$tree/build/bin" bin
cp -r "$ORW_ROOT/reproduce.sh" "$ORW_ROOT/scripts" "$ORW_ROOT/analysis" "$tree"
cd "$tree" || exit 2
reproduce() { ./reproduce.sh "$@" 2>&1; }

# data
echo digits > data/one.gz
(cd data && sha256sum one.gz > SHA256SUMS)
found=$(reproduce data)
is $? 0 "data as listed passes"
like "$found" "1 files as listed" "and says how many files"
reproduce data > /dev/null
is $? 0 "and passes again"
echo more >> data/one.gz
found=$(reproduce data)
is $? 2 "changed data stop with status 2"
like "$found" "^reproduce.sh: .*one.gz" "and name the file"
rm data/one.gz
found=$(reproduce data)
is $? 2 "missing data stop with status 2"
like "$found" "^reproduce.sh: .*one.gz" "and name the file"
rm data/SHA256SUMS
found=$(reproduce data)
is $? 2 "a missing list of checksums stops with status 2"
like "$found" "data/SHA256SUMS: missing" "and names it"

# run
cat > build/bin/toy <<'END'
#!/bin/sh
case "$*" in *--print-config*) printf '[parallel]\nshards = 1\n'; exit ;; esac
echo "$RANKS $*" >> calls
[ ! -f broken ] || exit 2
case "$*" in *--complete*) [ -f "$3/toy/run.h5" ]; exit ;; esac
[ ! -f worked ] || exit 1 # something that it checks does not hold
trap '' USR1 # as the drivers, which go on to the end of their round
[ ! -f late ] || kill -s TERM "$(cat late)"
mkdir -p "$3/toy"
[ -f "$3/toy/run.h5" ] || echo result > "$3/toy/run.h5"
END
cat > ../bin/launcher <<'END'
#!/bin/sh
shift
RANKS=$1 export RANKS
shift
exec "$@"
END
chmod +x build/bin/toy ../bin/launcher
MPIRUN=$(cd ../bin && pwd)/launcher
case $MPIRUN in *' '*) skip_all "the scratch folder's name has blanks" ;; esac
export MPIRUN
found=$(reproduce run --profile smoke)
is $? 2 "a profile that no experiment has stops with status 2"
like "$found" "experiments/\*/smoke.conf" "and says what was looked for"
: > experiments/toy/smoke.conf
found=$(reproduce run --profile smoke)
is $? 0 "run calls the driver"
is "$(cat calls)" "1 experiments/toy/smoke.conf --out $tree/results/smoke" "with the profile, --out, and no more ranks than shards"
like "$found" "^== run/toy: done" "and says that it did something"
found=$(reproduce run --profile smoke --np 3 --only toy)
like "$(tail -n 1 calls)" "^1 " "--np asks for more ranks than there are shards: no process is started that would have none"
like "$found" "^run/toy: on 1 ranks, as many as it has shards" "and that is said"
sed -i 's/shards = 1/shards = 8/' build/bin/toy
reproduce run --profile smoke --np 3 --only toy > /dev/null
like "$(tail -n 1 calls)" "^3 " "--np reaches the launcher as it is"
unset OMP_NUM_THREADS
reproduce run --profile smoke --only toy > /dev/null
cores=$(tail -n 1 calls)
OMP_NUM_THREADS=1 reproduce run --profile smoke --only toy > /dev/null
is "$(tail -n 1 calls)" "$cores" "OMP_NUM_THREADS says nothing on ranks"
found=$(reproduce run --profile smoke --np 3 --only toy)
like "$found" "^== run/toy: up to date" "a second call changes nothing and says so"
(cd .. && "$tree/reproduce.sh" run --profile smoke --out there > /dev/null 2>&1)
exists ../there/toy/run.h5 "--out is relative to where the caller stands"
: > broken
reproduce run --profile smoke > /dev/null
is $? 2 "a driver that fails passes its status on"
like "$(tail -n 1 results/smoke/times.tsv)" "run/toy.*stopped" "times.tsv notes the failure"
like "$(cat results/smoke/times.tsv)" "run/toy.smoke.1.[0-9.]*.done" "and what the first call took"
rm broken
: > worked
found=$(reproduce run --profile smoke)
is $? 0 "a driver whose checks fail has done its work"
like "$found" "toy: a check failed" "and says so"
found=$(reproduce run --profile smoke --out nothing)
is $? 1 "status 1 with nothing to show for it is a failure"
like "$found" "^reproduce.sh: build/bin/toy failed" "and named"
rm worked
mkdir -p experiments/toys && cp experiments/toy/smoke.conf experiments/toys && cp build/bin/toy build/bin/toys
(sh -c 'echo $$ > late; exec ./reproduce.sh run --profile smoke --out stopped' > said 2>&1)
is $? 75 "a signal that comes when an experiment is done stops the next one"
like "$(cat said)" "run/toy: done" "and what was done is said"
is "$(grep -c toys said)" 0 "nothing else was begun"
rm -r late experiments/toys build/bin/toys
printf 'run/toy\tsmoke\t7200\t0\n' >> scripts/expected-times.tsv
like "$(reproduce run --profile smoke)" "^profile smoke on .* ranks: about 2.0 h in all" "at the start it says what all of it takes"

# Open MPI's own launcher
if mpirun --version 2> /dev/null | grep -q 'Open MPI'; then
    cp build/bin/toy toy.kept
    cat > build/bin/toy <<'END'
#!/bin/sh
case "$*" in *--print-config*) printf '[parallel]\nshards = 2\n'; exit ;; esac
env > "environment.$OMPI_COMM_WORLD_RANK"
if [ -f dies ]; then
    [ "$OMPI_COMM_WORLD_RANK" = 0 ] || kill -9 $$
    sleep 20
fi
[ "$OMPI_COMM_WORLD_RANK" = 1 ] || echo "orw: error: some.key: found this, expected that" >&2
exit 2
END
    found=$(unset MPIRUN SLURM_JOB_ID PBS_JOBID LSB_JOBID && reproduce run --profile smoke --np 2)
    is $? 2 "under mpirun the driver's status is ours"
    is "$(printf '%s\n' "$found" | grep -v '^==' | grep -v '^profile')" "orw: error: some.key: found this, expected that" "its line stands alone"
    is "$(grep -c -x -e OMPI_MCA_mpi_yield_when_idle=1 -e 'OMPI_MCA_oob_tcp_keepalive_time=[1-9][0-9]*' environment.0)" 2 \
        "ranks that wait give way, and a host that vanishes is missed"
    (unset MPIRUN && OMPI_MCA_mpi_yield_when_idle=0 SLURM_JOB_ID=1 reproduce run --profile smoke --np 2 > /dev/null)
    is "$(grep -c yield_when_idle=1 environment.0)" 0 "they do not where the caller says so"
    : > dies
    found=$(unset MPIRUN && reproduce run --profile smoke --np 2)
    like "$found" "rank 1 .*signal 9" "what mpirun says of a rank that died stays"
    rm dies
    mv toy.kept build/bin/toy
else
    for _ in 1 2 3 4 5; do skip "mpirun is not Open MPI's"; done
fi

rm build/bin/toy
found=$(reproduce run --profile smoke)
is $? 2 "a driver that is not built stops with status 2"
like "$found" "build/bin/toy: missing, expected it built" "and says what to do"

# figures
printf '#!/bin/sh\nexit 2\n' > build/bin/orw
chmod +x build/bin/orw
found=$(reproduce figures --profile smoke)
is $? 0 "figures without any of their inputs is no error"
exists results/smoke/report.html "there is a report"
exists results/smoke/claims.tsv "and claims.tsv"
like "$found" "^report: $tree/results/smoke/report.html" "it says where the report is"
like "$(reproduce figures --profile smoke)" "figures: up to date" "a second call draws nothing"
rm results/smoke/claims.tsv
like "$(reproduce figures --profile smoke)" "figures: done" "a missing output is made again"
echo other > results/smoke/toy/run.h5
like "$(reproduce figures --profile smoke)" "figures: done" "a changed run file draws again"
found=$(reproduce figures --profile paper)
is $? 2 "figures of a profile that never ran stop with status 2"
like "$found" "results/paper: missing" "and name the folder"

# clean
printf 'clean:\n\trm -rf build\n' > Makefile
reproduce clean --profile smoke > /dev/null
is "$(ls -d build results/smoke/figures results/smoke/report.html 2> /dev/null)" "" "clean removes what was built and drawn"
exists results/smoke/toy/run.h5 "and keeps run files"

# clean --replaced
mkdir -p results/smoke/toy/runs/a results/smoke/toy/runs/a.replaced-1/samples results/smoke/toy/base.replaced-12 results/smoke/toy/a.replaced-x
mkdir -p "results/smoke/other one/runs/b.replaced-2" build
found=$(reproduce clean --replaced --profile smoke --only other)
is $? 2 "an experiment that there is not"
found=$(reproduce clean --replaced --profile smoke --only toy)
is $? 0 "clean --replaced"
like "$found" "^removed .*/toy/runs/a.replaced-1 (.*)" "lists what it removes"
is "$(find results/smoke -name '*.replaced-*' | sort | paste -sd ' ' -)" \
    "results/smoke/other one/runs/b.replaced-2 results/smoke/toy/a.replaced-x" "and removes what was moved aside, of one experiment"
mkdir -p experiments/other results/smoke/other/runs/c.replaced-3
: > experiments/other/main.c
found=$(reproduce clean --replaced --profile smoke)
is "$(find results/smoke -name '*.replaced-[0-9]*')" "results/smoke/other one/runs/b.replaced-2" "or of all, and nothing that is none's"
[ ! -e "results/smoke/other one/.lock" ]
report $? "where it leaves no lock either"
mkdir -p nothing
found=$(reproduce clean --replaced --out nothing)
is "$? $found" "0 0 results of other settings removed from $PWD/nothing" "in an empty folder there is none"
exists results/smoke/toy/run.h5 "results stay"
exists build "and so does what was built"
mkdir results/smoke/toy/base.replaced-1
flock results/smoke/toy/.lock -c './reproduce.sh clean --replaced --profile smoke' > said 2>&1
is $? 2 "not while a program is at work there"
like "$(cat said)" "toy/*: a program is at work there" "which is said"
exists results/smoke/toy/base.replaced-1 "and nothing is removed"
found=$(reproduce run --replaced --profile smoke)
is $? 2 "--replaced belongs to clean"

done_testing
