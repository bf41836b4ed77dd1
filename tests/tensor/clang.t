# clang.t - the kernels are built by clang, too, with its sanitizers watching.
. "$ORW_ROOT/tests/tap.sh"

echo 'int main(void) { return 0; }' > probe.c
clang -fsanitize=address,undefined -o probe probe.c 2> /dev/null || skip_all "no clang with sanitizers"

isas=portable
[ "$(uname -m)" = x86_64 ] && isas='portable avx2 avx512'
for isa in $isas; do
    OMPI_CC=clang MPICH_CC=clang run make -C "$ORW_ROOT" BUILD="$PWD/build" SANITIZE=1 CFLAGS_EXTRA=-Werror \
        "$PWD/build/obj/src/tensor/kernels_$isa.o"
    is "$status $err" "0 " "kernels for $isa"
done
OMPI_CC=clang MPICH_CC=clang run make -C "$ORW_ROOT" BUILD="$PWD/build" SANITIZE=1 CFLAGS_EXTRA=-Werror \
    "$PWD/build/obj/src/flow/assignment_loops.o"
is "$status $err" "0 " "the assignment's loops"
done_testing
