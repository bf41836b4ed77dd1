# setup.t - what `reproduce.sh setup` does where something is missing: with apt it installs that and nothing else, without it lists it.
. "$ORW_ROOT/tests/tap.sh"

mkdir bin
# Only these commands exist for reproduce.sh: what it needs itself, and all that it looks for except h5dump.
for command in bash sh env sed awk cut paste sort dirname basename date find grep head tail id sleep cat rm ln touch make cc gcc \
    pkg-config mpicc mpirun gnuplot perl prove; do
    path=$(command -v $command) || continue
    ln -s "$path" bin/$command
done
setup() { PATH=$PWD/bin bash "$ORW_ROOT/reproduce.sh" setup < /dev/null 2>&1; }

for command in make cc pkg-config mpicc mpirun gnuplot perl prove; do
    [ -e bin/$command ] || skip_all "$command is not installed"
done
ln -s /bin/true bin/h5dump
found=$(setup)
is $? 0 "with everything there setup succeeds" 
like "$found" "everything needed is there" "and says so"
like "$found" "^== setup: up to date" "and has done nothing"
rm bin/h5dump

found=$(setup)
is $? 2 "without apt-get a missing program stops with status 2"
like "$found" "^reproduce.sh: missing: h5dump; expected them installed or loaded" "and is listed"
rm bin/mpicc
like "$(setup)" "^reproduce.sh: missing: mpicc h5dump;" "so are two"
ln -s "$(command -v mpicc)" bin/mpicc

cat > bin/apt-get <<END
#!/bin/sh
echo "\$*" >> "$PWD/calls"
case "\$*" in
    *update*) [ -e "$PWD/hiccup" ] || { touch "$PWD/hiccup"; exit 100; } ;;
    *install*) [ -e "$PWD/useless" ] || ln -s /bin/true "$PWD/bin/h5dump" ;;
esac
END
chmod +x bin/apt-get
if [ "$(id -u)" = 0 ]; then
    found=$(setup)
    is $? 0 "as root apt-get installs what is missing, without a terminal too"
    is "$(grep -c update calls)" 2 "a failed update is tried once more"
    is "$(grep install calls)" "-q install -y --no-install-recommends hdf5-tools" "only the missing package is installed"
    rm bin/h5dump
    touch useless
    found=$(setup)
    is $? 2 "an installation that does not help stops with status 2"
    like "$found" "still missing after installation: h5dump" "and says what is missing"
else
    found=$(setup)
    is $? 2 "without root or sudo setup stops with status 2"
    like "$found" "apt-get install hdf5-tools" "and says what root would have to do"
fi

done_testing
