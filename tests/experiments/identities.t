# identities.t - every key of every driver counts: what is changed is made again, unless the key says that it is incidental.
. "$ORW_ROOT/tests/tap.sh"

# another: from a driver's table of keys (--markdown) the words --set KEY=VALUE, a line each, with a valid value that is not $1's (its
# configuration).
another() {
    "$program" "$config" --print-config > was.ini
    "$program" --markdown | perl -ne '
        BEGIN {
            open my $ini, "<", "was.ini" or die;
            while (<$ini>) { if (/^\[(.*)\]/) { $section = $1 } elsif (/^(\S+) = ?(.*)/) { $was{defined $section ? "$section.$1" : $1} = $2 } }
        }
        s/\\\|/\0/g;
        my ($key, $type) = /^\| `(\S+)` \| (.*?) \| / or next;
        my $was = $was{$key} // die "$key is not in the configuration";
        my ($low, $high) = $type =~ /in \[(\S+), (\S+)\]/;
        my $new;
        if ($type =~ /^true or false/) { $new = $was eq "true" ? "false" : "true" }
        elsif ($type =~ /^one of (.*)/) { ($new) = grep { $_ ne $was } split /\0/, $1 }
        elsif ($type =~ /^comma-separated (decimal|finite)/) { $new = $was eq $low ? $high : $low }
        elsif ($type =~ /^comma-separated|^text/) { $new = $was eq "other" ? "another" : "other" }
        elsif ($type =~ /^a decimal/) { $new = $was < $high ? $was + 1 : $was - 1 }
        elsif ($type =~ /^a finite/) { $new = $was == $low ? $high : $low }
        print "--set\n$key=", $new // die("$key: no other value of \"$type\""), "\n";'
}

# What may be incidental, and what a run may know only through its parents' digests: nothing joins them by oversight.
allowed=' checkpoint.updates checkpoint.rounds checkpoint.keep data.directory theory.tests theory.seeds variants.methods
    reward.timeout '
parents=' model pretrain classifier_a classifier_b class_encoder detector judge dual_encoder preference data sprites prompts lora
    theory points minimiser mixture coupling tilts scenes.seed scenes.count scenes.objects scenes.cubes scenes.noise
    scenes.held_out scenes.held_out_seed sd3 '
for main in "$ORW_ROOT"/experiments/*/main.c; do
    name=$(basename "$(dirname "$main")")
    program=$BUILD/bin/$name
    config=$ORW_ROOT/experiments/$name/smoke.conf
    [ -f "$config" ] || config=$ORW_ROOT/experiments/$name/example.conf # of no profile
    run "$program" "$config" --identities
    is "$status$err" 0 "$name: --identities"
    printf '%s\n' "$out" | sort > before
    another > words
    # The values of our tables have no blanks.
    # shellcheck disable=SC2046
    "$program" "$config" $(cat words) --identities | sort > after
    is "$(wc -l < after)" "$(wc -l < before)" "$name: all keys can have another value"
    is "$(cut -f 2- before | sed 's/ =.*//' | sort -u)" "$(sed -n 's/=.*//p' words | sort)" \
        "$name: every key decides some result or says that it decides none"
    is "$(comm -12 before after)" "" "$name: and is seen in the identity of all results that it decides"
    is "$(sed -n 's/^incidental.\([^ ]*\) =.*/\1/p' before | while read -r key; do
        case "$allowed" in *[[:space:]]"$key"[[:space:]]*) continue ;; esac
        case $key in sweep.* | also.* | *.init) ;; *) echo "$key" ;; esac
    done)" "" "$name: only those that are meant to are incidental"
    awk -F '\t' '$1 == "evaluate|finetune" { print $2 }' before > run
    is "$(grep -v '^incidental' before | cut -f 2- | grep -v -x -F -f run | sed 's/ =.*//' | sort -u | while read -r key; do
        case "$parents" in *[[:space:]]"$key"[[:space:]]* | *[[:space:]]"${key%%.*}"[[:space:]]*) ;; *) echo "$key" ;; esac
    done)" "" "$name: a run depends on all the others"
    is "$(sed -n 's/^data.\([^.]*\)\..*/\1/p' before | grep -v -x -e data -e sprites -e parallel -e sd3)" "" "$name: the data's digest stands for the data's keys"
    is "$(cut -f 2- before | sed 's/ =.*//' | sort | uniq -c | awk -v name="$name" '$2 == "parallel.shards" && $1 < 3')" "" \
        "$name: what says nothing counts everywhere"
done

# ---- a complete run, whole
program=$BUILD/bin/target_image
config=$ORW_ROOT/experiments/target_image/smoke.conf
tiny='--set pretrain.updates=4 --set pretrain.batch=8 --set classifier_a.updates=4 --set classifier_b.updates=4 --set finetune.rounds=2
    --set finetune.batch=8 --set evaluate.count=8 --set sweep.orw=0 --set sweep.offline= --set solver.steps=2'
result=out/target_image/runs/orw-alpha0-seed1
once() {
    # shellcheck disable=SC2086
    run "$program" "$config" $tiny --out out "$@"
}
moved() { find out -name '*.replaced-*' | sort | paste -sd ' ' -; }
once
is "$status" 0 "a run"
"$BUILD/bin/orw" info $result/policy.h5 > info.txt
for pair in "base/model.h5 base" "classifier_a/model.h5 classifier_a" "runs/base/policy.h5 evaluate" \
    "runs/orw-alpha0-seed1/policy.h5 evaluate|finetune"; do
    # shellcheck disable=SC2086
    "$program" "$config" $tiny --identities | awk -F '\t' -v stages="${pair#* }" '$1 == stages { print $2 }' \
        | sed 's/^run.method = none/run.method = orw/; s/^run.seed = 0/run.seed = 1/' > expected
    "$BUILD/bin/orw" export --provenance "out/target_image/${pair% *}" | sed -n 's/^identity\t//p' | sed 's/\\n/\n/g' > found
    is "$(grep -c . expected):$(grep -F -x -v -f found expected)" "$(grep -c . expected):" "${pair% *} has the identity of ${pair#* }"
done
once --set policies.every=1
is "$status" 0 "the same with policies.every = 1"
exists $result/policies/round-000001.h5 "is made again and keeps the policies"
is "$(moved)" "$result.replaced-1" "beside the other one, and nothing else is made again"
once --set policies.every=1 --set raft.keep=0.5
is "$status $err" "2 orw: error: raft.keep: found 0.5, but no run is of raft; expected sweep.raft to list its alphas" "a key that no run reads is refused"
once --set policies.every=1 --set raft.keep=0.5 --set sweep.raft=
exists $result.replaced-2 "a key that another method reads counts as any other"
before=$(find out -name '*.h5' -exec sha256sum {} + | sort)
once --set policies.every=1 --set raft.keep=0.5 --set sweep.raft= --set checkpoint.rounds=1 --set sweep.seeds=1
is "$(find out -name '*.h5' -exec sha256sum {} + | sort)" "$before" "an incidental key does not"
once --set classifier_b.seed=5
is "$(find out -name '*.replaced-1' | sort | paste -sd ' ' -)" \
    "out/target_image/classifier_b.replaced-1 out/target_image/runs/base.replaced-1 $result.replaced-1" "a key of the judge counts for it and all that it saw"

# The pictures are seen through their digest.
program=$BUILD/bin/compression
config=$ORW_ROOT/experiments/compression/smoke.conf
for seed in 1 2; do
    run "$program" "$config" --stage base --set pretrain.updates=1 --set data.set=sprites --set sprites.count=32 --set sprites.seed=$seed --out pictures
done
exists pictures/compression/base.replaced-1 "other pictures, another model"
fails "unknown key 'classifier_a.updates'" "keys of a classifier that there is not are refused" "$program" "$config" --set classifier_a.updates=3
done_testing
