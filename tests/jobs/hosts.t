# hosts.t - a job on two hosts of which one vanishes ends soon, and goes on to the same bits. The hosts are network namespaces.
. "$ORW_ROOT/tests/tap.sh"

program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
command -v ip > /dev/null && command -v unshare > /dev/null || skip_all "ip and unshare are not both installed"
command -v h5diff > /dev/null || skip_all "h5diff (hdf5-tools) is not installed"
mpirun --version 2> /dev/null | grep -q 'Open MPI) 4' || skip_all "mpirun is not one of Open MPI 4"
here=orw-here-$$ there=orw-there-$$
ip netns add $here 2> /dev/null || skip_all "network namespaces cannot be made here"
end() {
    for space in $here $there; do
        # shellcheck disable=SC2046
        kill -9 $(ip netns pids $space 2> /dev/null) 2> /dev/null
        ip netns del $space 2> /dev/null
    done
}
trap end EXIT
trap 'exit 1' TERM INT
{ ip netns add $there && ip -n $here link add wire type veth peer name wire netns $there && ip -n $here addr add 10.213.77.1/24 dev wire &&
    ip -n $there addr add 10.213.77.2/24 dev wire; } 2> setup.log || skip_all "no wire between namespaces: $(head -n 1 setup.log)"
for space in $here $there; do
    ip -n $space link set lo up
    ip -n $space link set wire up
done

# What Open MPI calls to start its daemon on a host, as ssh would: agent HOST COMMAND.
cat > agent << END
#!/bin/sh
shift
exec ip netns exec $there unshare --uts sh -c 'hostname orw-there; exec sh -c "\$0"' "\$*"
END
cat > two-hosts << END
#!/bin/sh
exec ip netns exec $here unshare --uts sh -c 'hostname orw-here; exec "\$@"' sh \
    mpirun --host orw-here:1,10.213.77.2:1 --bind-to none --mca plm_rsh_agent "$PWD/agent" --mca mpi_yield_when_idle 1 --mca btl tcp,self \
    --mca btl_tcp_if_include 10.213.77.0/24 --mca oob_tcp_if_include 10.213.77.0/24 -n 2 "\$@"
END
chmod +x agent two-hosts
run ip netns exec $here unshare --uts sh -c 'hostname orw-here'
[ "$status" -eq 0 ] || skip_all "no host names of their own: $err"
tiny='--set pretrain.updates=4 --set classifier_a.updates=4 --set classifier_b.updates=4 --set pretrain.warmup=0 --set finetune.rounds=12
    --set checkpoint.rounds=1 --set evaluate.every=100 --set samples.every=0 --set sweep.orw=0.3 --set sweep.offline= --set sweep.seeds=1'
# shellcheck disable=SC2086
"$program" "$config" $tiny --out one > one.log 2>&1
is $? 0 "a run on one host"

# What reproduce.sh and jobs set, but in less time.
OMPI_MCA_oob_tcp_keepalive_time=1 OMPI_MCA_oob_tcp_keepalive_intvl=1 OMPI_MCA_oob_tcp_keepalive_probes=2
export OMPI_MCA_oob_tcp_keepalive_time OMPI_MCA_oob_tcp_keepalive_intvl OMPI_MCA_oob_tcp_keepalive_probes
# shellcheck disable=SC2086
./two-hosts "$program" "$config" $tiny --out two > two.log 2>&1 &
job=$!
run=two/target_image/runs/orw-alpha0.3-seed1
for _ in $(seq 600); do
    [ ! -e $run/checkpoint.h5 ] && kill -0 $job 2> /dev/null || break
    sleep 0.1
done
[ -e $run/checkpoint.h5 ] && kill -0 $job 2> /dev/null
report $? "two hosts work on the same" || sed 's/^/#   /' two.log
began=$(date +%s)
ip -n $there link set wire down
for _ in $(seq 600); do
    kill -0 $job 2> /dev/null || break
    sleep 0.1
done
kill -0 $job 2> /dev/null
is $? 1 "one vanishes: the job ends, after $(($(date +%s) - began)) s"
wait $job
[ $? -ne 0 ]
report $? "with a status that is not 0"
like "$(cat two.log)" "lost\|terminate\|died\|unable" "and says why"
# shellcheck disable=SC2086
"$program" "$config" $tiny --out two > more.log 2>&1
is $? 0 "the same command goes on"
is "$("$ORW_ROOT/scripts/same-results.sh" one two 2>&1)" "" "to the same bits"

for variable in time intvl probes; do
    unset OMPI_MCA_oob_tcp_keepalive_$variable
    set -- "$@" "$(bash -c ". '$ORW_ROOT/scripts/attend.sh'; env" | sed -n "s/^OMPI_MCA_oob_tcp_keepalive_$variable=//p")"
done
[ $(($1 + $2 * $3)) -le 30 ]
report $? "reproduce.sh and jobs miss a host within half a minute: $*"

done_testing
