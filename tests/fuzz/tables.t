# tables.t - rubbish tables for the Perl that judges and reports; COUNT and SEED by hand: tables.pl.
. "$ORW_ROOT/tests/tap.sh"

run perl "$ORW_ROOT/tests/fuzz/tables.pl" "$ORW_ROOT" 200 1
is "$status $err" "0 " "tables.pl ends well" || tap_show stdout "$out"
unlike "$out" '^table' "200 rubbish tables: each is read or left out, none makes a reader die or gets its markup into the page"
done_testing
