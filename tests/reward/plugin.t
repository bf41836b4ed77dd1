# plugin.t - plugin:FILE.so: the example, captions and numbers as a plugin sees them, and what is refused.
. "$ORW_ROOT/tests/tap.sh"
orw=$BUILD/bin/orw
command -v cc > /dev/null || skip_all "no C compiler cc"
build() { # build NAME, from standard input
    cat > "$1.c"
    cc -std=c99 -Wall -Wextra -Werror -shared -fPIC -I "$ORW_ROOT/include" -o "$1.so" "$1.c"
}
build bright < "$ORW_ROOT/examples/reward_plugin.c"
report $? "the example is built against the header alone, as C99, without a warning"
[ "$(wc -l < "$ORW_ROOT/examples/reward_plugin.c")" -lt 30 ]
report $? "it has fewer than 30 lines"
run "$orw" score --reward brightness --dataset mnist:test --count 70
cp tap.out expected
run "$orw" score --reward plugin:bright.so --dataset mnist:test --count 70
is "$status" 0 "it scores: $err"
cmp tap.out expected
report $? "as the suite's own reward"
run "$orw" score --reward "plugin:./bright.so + 0*plugin:bright.so" --dataset mnist:test --count 1
like "$out" "part_bright.part_bright_2" "columns are named after the file"

build tell << 'END'
#include <stdio.h>
#include <string.h>
#include "orw/reward_plugin.h"
static char mine[] = "state";
static void *begin(void) { return mine; }
static void end(void *state) { fprintf(stderr, "closed %d\n", state == mine); }
static int score(void *state, const orw_plugin_images *images, float *reward) {
    for (int i = 0; i < images->count; i++)
        reward[i] = (float)images->index[i] + 1000.0f * (images->captions ? strlen(images->captions[i]) : 0) + (state == mine ? 0 : -1e6f);
    return images->height == 32 && images->width == 32 && images->channels == 3 ? 0 : 7;
}
const orw_plugin_reward orw_plugin = {ORW_REWARD_PLUGIN_VERSION, score, begin, end};
END
run "$orw" score --reward plugin:tell.so --dataset sprites:1:70
is "$status$(printf '%s' "$err" | sort -u)" "0closed 1" "open and close are called, with the state"
is "$(awk 'NR > 1 { i = $2 % 1000; n = int($2 / 1000); if (i != NR - 2 || n < length("an image of a cat")) print }' tap.out)" "" "each image with its number and caption"
fails "^orw: error: --reward: plugin:./tell.so: its score returned 7, expected 0" "a plugin that fails" \
    sh -c "'$orw' score --reward plugin:tell.so --dataset mnist:test 2>&1 >/dev/null | grep error >&2; exit 2"

refuse() { # refuse FILE PATTERN NAME
    fails "$2" "$3" "$orw" score --reward "plugin:$1" --dataset mnist:test --count 1
}
sed 's/\.version = ORW_REWARD_PLUGIN_VERSION/.version = 2/' "$ORW_ROOT/examples/reward_plugin.c" | build newer
refuse newer.so "^orw: error: --reward: plugin:./newer.so: of version 2, expected 1 and a function score$" "another version"
echo 'int other;' | build other
refuse other.so "plugin:./other.so: has no 'orw_plugin', expected one (orw/reward_plugin.h)" "a library that is no plugin"
echo text > text.so
refuse text.so "plugin:./text.so: cannot be loaded: .*" "a file that is no library"
refuse nowhere.so "./nowhere.so: No such file or directory, expected a file" "a file that is not there"
refuse . "./.: is no regular file, expected one" "a folder"
refuse libc.so.6 "libc.so.6: No such file" "the system's libraries are not searched"
done_testing
