# signals.t - SIGTERM and SIGUSR1 at any moment end reproduce.sh with status 75 where something is left to do, with 0 where nothing is;
# jobs/common.sh likewise (tests/jobs/submit.t). The driver and the launcher are stand-ins.
. "$ORW_ROOT/tests/tap.sh"

unset BUILD
tree=$PWD/tree
mkdir -p "$tree/data" "$tree/experiments/toy" "$tree/build/bin"
cp -r "$ORW_ROOT/reproduce.sh" "$ORW_ROOT/scripts" "$ORW_ROOT/analysis" "$tree"
cd "$tree" || exit 2
case $tree in *' '*) skip_all "the scratch folder's name has blanks" ;; esac
: > experiments/toy/smoke.conf

# The driver, which works in steps of a tenth of a second, saves after each and stops there when it was asked to.
cat > build/bin/toy <<'END'
#!/bin/sh
case "$*" in *--print-config*) printf '[parallel]\nshards = 1\n'; exit ;; esac
case "$*" in *--complete*) [ "$(cat "$3/toy/step" 2> /dev/null)" = 20 ] || exit 3; exit ;; esac
trap 'asked=yes' USR1
mkdir -p "$3/toy"
step=$(cat "$3/toy/step" 2> /dev/null || echo 0)
: > begun
while [ "$step" -lt 20 ]; do
    sleep 0.1
    step=$((step + 1))
    echo $step > "$3/toy/step"
    if [ -n "$asked" ]; then exit 75; fi
done
END
# A launcher that loses signals at first, then dies of them, then passes them on, like Open MPI's.
cat > launcher <<'END'
#!/bin/sh
shift 2
trap '' USR1
sleep "$(cat deaf)"
trap - USR1
sleep "$(cat weak)"
trap 'kill -USR1 $child 2> /dev/null' USR1
"$@" &
child=$!
while :; do
    wait $child
    status=$?
    kill -0 $child 2> /dev/null || break
done
exit $status
END
chmod +x build/bin/toy launcher
MPIRUN=$tree/launcher
export MPIRUN
begin() { # begin STAGE...: reproduce.sh, in the background; its process is $victim
    rm -f begun said
    ./reproduce.sh "$@" --profile smoke > said 2>&1 &
    victim=$!
}
until_said() { for _ in $(seq 100); do grep -q "$1" said 2> /dev/null && return; sleep 0.05; done; }
ended() { # ended STATUS NAME
    wait $victim
    is $? "$1" "$2" || sed 's/^/#   /' said
}

for signal in TERM USR1; do
    # while it works
    rm -rf results
    echo 0 | tee deaf > weak
    begin run
    for _ in $(seq 100); do [ -e begun ] && break; sleep 0.05; done
    kill -$signal $victim
    ended 75 "SIG$signal while the driver works"
    like "$(cat said)" "^reproduce.sh: stopped; the same command goes on" "and that is said"
    [ "$(cat results/smoke/toy/step)" -lt 20 ]
    report $? "it stopped at the end of a step"

    # when the launcher is deaf
    rm -rf results
    echo 1 > deaf
    begin run
    until_said '^== run/toy'
    sleep 0.2
    kill -$signal $victim
    ended 75 "SIG$signal while the launcher starts and loses it"
    [ "$(cat results/smoke/toy/step 2> /dev/null || echo 0)" -lt 20 ]
    report $? "it was sent again"

    # when the launcher dies of it
    rm -rf results
    echo 0 > deaf
    echo 1 > weak
    begin run
    until_said '^== run/toy'
    sleep 0.2
    kill -$signal $victim
    ended 75 "SIG$signal while the launcher starts and dies of it"

    # at no moment in particular
    echo 0 > weak
    odd=
    for moment in 0.03 0.06 0.09 0.12 0.15 0.18 0.22 0.26 0.3; do
        rm -rf results
        begin run
        sleep $moment
        until [ ! -d /proc/$victim ] || grep -q SigCgt /proc/$victim/status; do sleep 0.01; done
        # From its first lines on the shell has handlers: bit 9 is USR1, bit 14 TERM.
        while [ -d /proc/$victim ] && [ $((0x$(sed -n 's/^SigCgt:.*\(.\{4\}\)$/\1/p' /proc/$victim/status) & 0x200)) -eq 0 ]; do sleep 0.01; done
        kill -$signal $victim
        wait $victim
        status=$?
        [ $status -eq 75 ] || odd="$odd $moment:$status"
    done
    is "$odd" "" "SIG$signal at moments from its start on"
done

# when all is done
rm -rf results
echo 20 > twenty
mkdir -p results/smoke/toy && cp twenty results/smoke/toy/step
cat > last <<'END'
#!/bin/sh
shift 2
kill -s TERM "$(cat pid)"
END
chmod +x last
(MPIRUN=$tree/last sh -c 'echo $$ > pid; exec ./reproduce.sh run --profile smoke' > said 2>&1)
is "$?" 0 "a signal when the last of it is complete: nothing is left to do"
(MPIRUN=$tree/last sh -c 'echo $$ > pid; exec ./reproduce.sh run data --profile smoke' > said 2>&1)
is "$?" 75 "another stage is left"

# figures, build and check: ended at once, with all that they started
mkdir -p results/smoke
printf '#!/bin/sh\necho $$ > drawing\nsleep 20\n' > build/bin/orw
chmod +x build/bin/orw
printf '.PHONY: build check\nbuild check:\n\t@echo $$$$ > drawing; sleep 20\n' > Makefile
sed -i 's/^stage_setup() {/&\n    return 0/' reproduce.sh
cp build/bin/orw analysis/figures.sh
for stage in figures build check; do
    rm -f drawing
    begin $stage
    for _ in $(seq 100); do [ -s drawing ] && break; sleep 0.05; done
    kill -TERM $victim
    ended 75 "SIGTERM in $stage"
    for _ in $(seq 40); do [ -d "/proc/$(cat drawing)" ] || break; sleep 0.05; done
    [ ! -d "/proc/$(cat drawing)" ]
    report $? "and its processes are gone"
done

done_testing
