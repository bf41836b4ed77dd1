#!/bin/sh
# rooms.sh - holds the includes of the sources against the order of the rooms: a room may use those before it, and of another
# room only what include/orw offers. Prints what does not hold; exit status 1. CONTRIBUTING.md states the rule.
set -eu
cd "$(dirname "$0")/.."
git ls-files -z 'src/*.[ch]' 'include/orw/*.h' 'experiments/*.[ch]' | xargs -0 grep -H '^#include "' | awk -F: '
    BEGIN {
        rooms = split("base parallel data tensor model store flow reward method metric fit reader loop program cli experiments", order, " ")
        for (i = 1; i <= rooms; i++) place[order[i]] = i
        # Headers that are not named after their room.
        split("scene data place store frechet metric features metric wasserstein metric metrics metric sections fit reward_plugin reward", pairs, " ")
        for (i = 1; pairs[i]; i += 2) room_of[pairs[i]] = pairs[i + 1]
    }
    function header(name) { sub(/^orw\//, "", name); sub(/\.h$/, "", name); return name in room_of ? room_of[name] : name }
    function bad(why) { printf "%s includes %s: %s\n", $1, what, why; failed = 1 }
    {
        split($1, part, "/")
        from = part[1] == "src" ? part[2] : part[1] == "include" ? header(part[3]) : "experiments"
        what = $2
        gsub(/^#include "|"$/, "", what)
        if (what == "orw_build.h") next
        if (what !~ /^orw\//) {
            if (what ~ /\// && !(what ~ /^\.\.\/[^\/]*$/ && part[4] != "")) bad("private to another room")
            next
        }
        to = header(what)
        if (!(from in place)) bad("room " from " has no place in the order")
        else if (!(to in place)) bad("no room has this header")
        else if (place[to] > place[from]) bad("room " to " comes after " from)
    }
    END { exit failed }'
