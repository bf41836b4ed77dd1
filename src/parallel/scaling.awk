# scaling.awk - the cost model of SCALING.md: awk -f src/parallel/scaling.awk [-v NAME=VALUE ...] /dev/null prints its tables from the
# inputs below, all measured on one machine but those of the network. Put yours in their place: `orw bench` measures them.

function input(name, value) { return name == "" ? value : name }

# Seconds of one sum of P floats on n ranks, m of them on a node and next to each other.
function reduction(n, m, within, across) {
    if (n == 1) return copy
    if (m > n) m = n
    within = (1 - 1 / m) * 8 * P / memory_rate
    across = (1 / m - 1 / n) * 8 * P * m / network_rate
    return within + across + 2 * log(n) / log(2) * slabs * (n > m ? network_latency : memory_latency)
}

# One update of a rank with `shards` shards of one sample: its own passes, then what every rank does alike.
function passes(shards, reference) { return shards * (train_fixed + train_sample + add + (reference ? forward : 0)) }
function alike() { return adam + average }

# Seconds of an update (and, tuning, of the round around it) on n ranks with `shards` shards each; its parts in part[].
function seconds(n, shards) {
    part[1] = tuning ? shards * steps * forward : 0
    part[2] = passes(shards, tuning)
    part[3] = reduction(n, per_node)
    part[4] = alike()
    part[5] = vectors * 4 * P / disk_rate / every
    return part[1] + part[2] + part[3] + part[4] + part[5]
}

# Efficiency: against one rank with the same batch, or, where the batch grows with the ranks, with its own sample.
function table(title, weak, n, one, total) {
    printf "\n%s\n\n| ranks | batch | sampling | passes | reduction | alike | checkpoint | seconds | efficiency |\n", title
    print "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    one = seconds(1, weak ? 1 : 64)
    for (n = 1; n <= (weak ? 1024 : 64); n *= (weak && n >= 64 ? 16 : weak ? 8 : 4)) {
        total = seconds(n, weak ? 1 : 64 / n)
        printf "| %d | %d | %.3g | %.3g | %.3g | %.3g | %.3g | %.3g | %.0f %% |\n", n, weak ? n : 64, part[1], part[2], part[3],
            part[4], part[5], total, 100 * one / total / (weak ? 1 : n)
    }
}

function cifar() {
    P = 35746307
    forward = 0.102; train_sample = 0.217; train_fixed = 0.140; adam = 0.144; average = 0.0145; add = 0.0205; copy = 0.012
}

function mnist() {
    P = 1075361
    forward = 0.00722; train_sample = 0.0182; train_fixed = 0.0060; adam = 0.0039; average = 0.0004; add = 0.0004; copy = 0.0001
}

function network(title) {
    slabs = int((P + 4194303) / 4194304)
    tuning = 1; vectors = 6; every = 25
    table(title ", fine-tuning: one round of 64 samples, one update", 0)
    table(title ", fine-tuning: one round of a sample per rank, one update", 1)
    tuning = 0; vectors = 4; every = 250
    table(title ", pre-training: one update of 64 images", 0)
    table(title ", pre-training: one update of an image per rank", 1)
}

BEGIN {
    steps = input(steps, 99)                          # solver steps per sample, Euler
    per_node = input(per_node, 32)                    # ranks on a node, a power of two
    memory_latency = input(memory_latency, 0.55e-6)   # s per message between two ranks of a node
    memory_rate = input(memory_rate, 3.4e9)           # bytes/s of one rank sending, adding included
    network_latency = input(network_latency, 2e-6)    # s; assumed
    network_rate = input(network_rate, 12.5e9)        # bytes/s of one node; assumed: 100 Gbit/s
    disk_rate = input(disk_rate, 106e6)               # bytes/s of one file, synced
    cifar(); network("CIFAR-10 U-Net, 35,746,307 parameters")
    mnist(); network("MNIST U-Net, 1,075,361 parameters")
}
