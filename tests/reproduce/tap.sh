# tap.sh - TAP for shell tests. Sourced; sh, not bash.
# shellcheck shell=sh

tap_count=0
tap_failed=0

report() { # report STATUS NAME
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
    fi
}

is() { # is FOUND EXPECTED NAME
    if [ "$1" = "$2" ]; then
        report 0 "$3"
    else
        report 1 "$3"
        printf 'found:    %s\nexpected: %s\n' "$1" "$2" | sed 's/^/# /'
    fi
}

like() { # like FOUND PATTERN NAME
    if printf '%s\n' "$1" | grep -q -e "$2"; then
        report 0 "$3"
    else
        report 1 "$3"
        printf 'found:    %s\nexpected: %s\n' "$1" "$2" | sed 's/^/# /'
    fi
}

unlike() { # unlike FOUND PATTERN NAME
    if printf '%s\n' "$1" | grep -q -e "$2"; then
        report 1 "$3"
        printf 'found:      %s\nunexpected: %s\n' "$1" "$2" | sed 's/^/# /'
    else
        report 0 "$3"
    fi
}

exists() { # exists FILE NAME
    [ -e "$1" ]
    report $? "$2"
}

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

done_testing() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit
}
