# reward.t - orw reward: what a loop will meet in a reward, and the status 1 of one that is of no use.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
tab=$(printf '\t')
cp "$ORW_ROOT/tests/reward/child.pl" child.pl
chmod +x child.pl
row() { awk -F "$tab" -v name="$1" -v column="${2:-2}" '$1 == name { print $column }' tap.out; }
near() { # near FOUND EXPECTED NAME: within a millionth
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; m = b < 0 ? -b : b; exit !(a != "" && d < 1e-6 * (m + 1e-3) && -d < 1e-6 * (m + 1e-3)) }'
    report $? "$3" || tap_show found "$1" expected "$2"
}

run "$orw" reward "brightness + -0.5*jpeg_size" --dataset mnist:test --count 100
is "$status$err" 0 "a sum of two"
is "$(head -n 1 tap.out)" "# measure${tab}reward${tab}part_brightness${tab}part_jpeg_size" "a column for the reward and for each part"
cp tap.out told
"$orw" score --reward "brightness + -0.5*jpeg_size" --dataset mnist:test > scores
# The images are spread evenly over the 10,000.
awk 'NR > 1 && $1 % 100 == 0' scores > chosen
summary() { # mean sd minimum maximum and effective samples at tau of a column of numbers
    awk -v c="$1" -v tau="$2" '{ x[n++] = $c; s += $c } END { m = s / n; a = x[0]; b = a
        for (i = 0; i < n; i++) { q += (x[i] - m) ^ 2; if (x[i] < a) a = x[i]; if (x[i] > b) b = x[i] }
        for (i = 0; i < n; i++) { w = exp(tau * x[i]); u += w; v += w * w }
        printf "%.9g %.9g %.9g %.9g %.9g", m, sqrt(q / (n - 1)), a, b, u * u / v }' chosen
}
for column in 2 3 4; do
    # shellcheck disable=SC2046
    set -- $(summary $column 5)
    for name in mean sd minimum maximum; do
        near "$(row $name $column)" "$1" "column $column: $name"
        shift
    done
done
# shellcheck disable=SC2046
set -- $(summary 2 5)
awk -v tau=5 -v expected="$5" '$1 == tau && NF == 3 { d = $2 / expected - 1; good = d < 1e-4 && d > -1e-4 && ($3 / $2 - 0.01) ^ 2 < 1e-10 } END { exit !good }' told
report $? "effective samples at tau = 5 are (sum w)^2 / sum w^2: $5"
is "$(row not_finite)$(row repeat_difference)$(row batch_difference)" 000 "finite, repeatable, a function of each image alone"
is "$(row images)" 100 "so many images"
like "$(row milliseconds_per_image)" '^[0-9.e-]*$' "and the time"
is "$(awk '/^# tau/ { go = 1; next } go && last != "" && $2 > last + 1e-9 { bad = 1 } go { last = $2; n++ } END { print n bad }' told)" 10 "ten taus, of which larger ones leave fewer samples"

bad() { # bad MODE ROW PATTERN NAME
    run "$orw" reward "command:./child.pl $1" --dataset mnist:test --count 40
    [ "$status" -eq 1 ] && [ "$(row "$2")" != 0 ] && printf '%s\n' "$err" | grep -q -e "$3"
    report $? "$4" || tap_show status "$status" out "$out" err "$err"
}
bad nan not_finite "^warning: reward: .* images have no finite one" "NaN is told, status 1"
bad drift repeat_difference "another one the second time" "a reward that is not the same again"
bad crowd batch_difference "alone, or in another order, than among others" "one that looks at how many there are"
run "$orw" reward "0*brightness" --dataset mnist:test --count 10
is "$status" 0 "a constant reward is one: $err"
is "$(awk '/^# tau/ { go = 1; next } go { print $2 }' tap.out | sort -u)" 10 "under which all samples count"
fails "orw reward: --dataset is missing" "no data set" "$orw" reward brightness
fails "arguments are missing" "no reward" "$orw" reward --dataset mnist:test
fails "reward: unknown reward 'brightnes', the nearest one is 'brightness'" "an unknown one" "$orw" reward brightnes --dataset mnist:test
fails "reward: command:./child.pl die1: it ended with status" "a command that fails" sh -c "exec '$orw' reward 'command:./child.pl die1' --dataset mnist:test 2>&1 >/dev/null | grep '^orw: error' >&2; exit 2"
done_testing
