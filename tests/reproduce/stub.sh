# stub.sh - folders of runs for a tool that only prints: its run file is the run.* provenance, which `cat` shows.
stub_run() { # stub_run .../SETTING-alphaA-seedS, or .../base
    mkdir -p "$1/samples"
    : > "$1/policy.h5"
    : > "$1/run.h5"
    case ${1##*/} in
        *-alpha*-seed*)
            stub_rest=${1##*-alpha}
            stub_name=${1##*/}
            printf 'run.setting\t%s\nrun.alpha\t%s\nrun.seed\t%s\n' "${stub_name%-alpha*}" "${stub_rest%%-seed*}" "${stub_rest##*-seed}" > "$1/run.h5"
            ;;
    esac
}
