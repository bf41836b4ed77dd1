# shellcheck shell=sh disable=SC2034
# cluster.sh - a SLURM of one node, for one test: cluster_start, cluster_stop. Everything of it lies below its own directory: programs
# (where the system has none, Debian's packages are unpacked there, not installed), configuration, state, key, sockets; its ports
# are free ones, its processes are children of the test and are ended by their pids. A SLURM of the system is neither used nor touched.

cluster_packages='slurmctld slurmd slurm-client munge'
cluster_pids=''
cluster_watcher=''
cluster_why='' # it cannot start

# cluster_find NAME: the program's path, on the system or among what was unpacked. Debian's own names end in -wlm.
cluster_find() {
    for cluster_folder in "$cluster_unpacked/usr/bin" "$cluster_unpacked/usr/sbin" /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin; do
        for cluster_name in "$1" "$1-wlm"; do
            if [ -f "$cluster_folder/$cluster_name" ] && [ -x "$cluster_folder/$cluster_name" ]; then
                echo "$cluster_folder/$cluster_name"
                return 0
            fi
        done
    done
    return 1
}

cluster_complete() {
    for cluster_program in slurmctld slurmd slurmstepd sbatch squeue scontrol scancel srun sinfo munged; do
        cluster_find $cluster_program > /dev/null || return 1
    done
}

# cluster_get: finds the programs or unpacks them below $BUILD, where the next test finds them. On failure $cluster_why.
cluster_get() {
    cluster_unpacked=$BUILD/slurm
    cluster_complete && return 0
    cluster_why="SLURM and munge are not installed, and there is no apt-get to fetch them"
    command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null || return 1
    mkdir -p packages || return 1
    if ! cluster_download; then
        # Lists of packages of its own, where the system's are missing or old.
        mkdir -p lists/partial
        cluster_apt="-o Dir::State::Lists=$PWD/lists -o APT::Sandbox::User=root"
        # shellcheck disable=SC2086
        timeout 60 apt-get -q $cluster_apt update > apt.log 2>&1
        cluster_why="SLURM and munge are not installed, and apt-get cannot fetch them: $(grep -h '^[EW]:' apt.log download.log | head -n 1)"
        cluster_download || return 1
    fi
    mkdir -p "$cluster_unpacked.new" || return 1
    for cluster_package in packages/*.deb; do
        dpkg-deb -x "$cluster_package" "$cluster_unpacked.new" || return 1
    done
    rm -rf packages "$cluster_unpacked"
    mv "$cluster_unpacked.new" "$cluster_unpacked"
    cluster_complete
}

cluster_download() {
    # shellcheck disable=SC2086
    cluster_names=$(apt-get ${cluster_apt:-} -s install --no-install-recommends $cluster_packages 2> download.log | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    [ -n "$cluster_names" ] || return 1
    # shellcheck disable=SC2086
    (cd packages && timeout 60 apt-get -q ${cluster_apt:-} download $cluster_names >> ../download.log 2>&1)
}

cluster_ports() { # two free ones
    perl -MIO::Socket::INET -e '
        my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "0.0.0.0", LocalPort => 0) or die } 1 .. 2;
        print join(" ", map { $_->sockport } @sockets), "\n"'
}

# cluster_run NAME COMMAND...: in the background, its pid remembered.
cluster_run() {
    cluster_log=$1.log
    shift
    "$@" > "$cluster_log" 2>&1 &
    cluster_pids="$! $cluster_pids"
}

# cluster_start CPUS: in the working directory, cluster/; sets PATH, SLURM_CONF and $cluster_node. On failure $cluster_why.
cluster_start() {
    cluster_get || return 1
    mkdir -p cluster/state cluster/spool cluster/bin
    chmod 700 cluster
    for cluster_program in sbatch squeue scontrol scancel srun sinfo slurmctld slurmd slurmstepd munged; do
        ln -sf "$(cluster_find $cluster_program)" cluster/bin/$cluster_program
    done
    PATH=$PWD/cluster/bin:$PATH
    cluster_libraries=$(find "$cluster_unpacked" /usr/lib /usr/local/lib /usr/lib64 -name auth_munge.so -print -quit 2> /dev/null)
    cluster_plugins=$(dirname "$cluster_libraries")
    LD_LIBRARY_PATH=$cluster_plugins:$(find "$cluster_unpacked" -name 'liblua*.so.*' -printf '%h\n' -quit 2> /dev/null)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    SLURM_CONF=$PWD/cluster/slurm.conf
    export PATH LD_LIBRARY_PATH SLURM_CONF
    cluster_node=$(hostname -s)
    # shellcheck disable=SC2046
    cluster_configure "$1" $(cluster_ports) || return 1
    head -c 1024 /dev/urandom > cluster/munge.key
    chmod 600 cluster/munge.key
    cluster_run cluster/munged munged --foreground --force --num-threads=2 --key-file="$PWD/cluster/munge.key" --socket="$PWD/cluster/munge" \
        --pid-file="$PWD/cluster/munged.pid" --log-file="$PWD/cluster/munge.log" --seed-file="$PWD/cluster/munge.seed"
    cluster_wait test -S cluster/munge || { cluster_why="munged does not start: $(tail -n 1 cluster/munged.log)"; return 1; }
    cluster_run cluster/slurmctld slurmctld -D -c
    cluster_run cluster/slurmd slurmd -D -c -N "$cluster_node" -d "$PWD/cluster/bin/slurmstepd"
    cluster_watch
    cluster_wait cluster_idle && return 0
    cluster_why="SLURM's daemons do not start: $(cat cluster/slurmctld.log cluster/slurmd.log | grep -i -E 'error|fatal' | head -n 1)"
    return 1
}

cluster_configure() { # cluster_configure CPUS PORT PORT
    if [ $# -ne 3 ]; then
        cluster_why="no free ports"
        return 1
    fi
    cat > "$SLURM_CONF" << END
ClusterName=orw-test
SlurmctldHost=$cluster_node(127.0.0.1)
SlurmctldPort=$2
SlurmdPort=$3
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$PWD/cluster/munge,cred_expire=2
PluginDir=$cluster_plugins
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
StateSaveLocation=$PWD/cluster/state
SlurmdSpoolDir=$PWD/cluster/spool
SlurmctldPidFile=$PWD/cluster/slurmctld.pid
SlurmdPidFile=$PWD/cluster/slurmd.pid
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=1,sched_min_interval=100000
ReturnToService=2
KillWait=2
MailProg=$(command -v true)
NodeName=$cluster_node NodeAddr=127.0.0.1 CPUs=$1
PartitionName=main Nodes=$cluster_node Default=YES MaxTime=INFINITE State=UP
PartitionName=other Nodes=$cluster_node MaxTime=INFINITE State=UP
END
}

# Stops the cluster where the test cannot do so any more, having been killed.
cluster_watch() {
    (
        trap - EXIT
        while kill -0 $$ 2> /dev/null; do sleep 1; done
        cluster_watcher=''
        cluster_stop
    ) > /dev/null 2>&1 &
    cluster_watcher=$!
}

cluster_idle() { [ "$(sinfo -h -p main -o %T 2> /dev/null)" = idle ]; }

# cluster_wait COMMAND...: until it succeeds, ten seconds at most.
cluster_wait() {
    for _ in $(seq 100); do
        "$@" && return 0
        sleep 0.1
    done
    return 1
}

# Processes of jobs, and what starts them: SLURM_CONF in their environment is ours.
cluster_members() {
    for cluster_process in /proc/[0-9]*; do
        if tr '\0' '\n' 2> /dev/null < "$cluster_process/environ" | grep -q -x -F "SLURM_CONF=$SLURM_CONF"; then
            echo "${cluster_process#/proc/}"
        fi
    done 2> /dev/null
}

# What is still queued is cancelled first, so that no job outlives the cluster.
cluster_stop() {
    if [ -n "$cluster_pids" ]; then
        for cluster_partition in main other; do timeout 5 scancel --partition=$cluster_partition > /dev/null 2>&1; done
        for _ in $(seq 25); do
            [ -n "$(timeout 5 squeue -h 2> /dev/null)" ] || break
            sleep 0.2
        done
    fi
    # shellcheck disable=SC2086
    [ -z "$cluster_watcher$cluster_pids" ] || kill $cluster_watcher $cluster_pids 2> /dev/null
    for cluster_pid in $cluster_pids; do
        for _ in $(seq 30); do
            kill -0 "$cluster_pid" 2> /dev/null || break
            sleep 0.1
        done
        kill -9 "$cluster_pid" 2> /dev/null
        wait "$cluster_pid" 2> /dev/null
    done
    # Where scancel could not do it any more, for instance because the test's folder is gone already.
    # shellcheck disable=SC2046
    [ -z "$cluster_pids" ] || kill -9 $(cluster_members) 2> /dev/null
    cluster_watcher=''
    cluster_pids=''
}
