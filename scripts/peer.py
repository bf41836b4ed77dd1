#!/usr/bin/env python3
"""peer.py - `orw bench` beside PyTorch on this machine: the same networks, in turn, and the ratio of their rates.

usage: scripts/peer.py [--cases REGEX] [--metrics forward,train] [--modes eager,compile] [--seconds S] [--turns N]
                       [--cores 1|2] [--precision f32|bf16] [--clock wall|cpu] [--orw build/bin/orw]

The peer is whatever PyTorch this python3 imports (python3 -m pip install torch torchcfm pot diffusers), at its best: each
of eager and torch.compile, each with and without channels_last, is tried, and the fastest counts. Attention is
scaled_dot_product_attention in our networks; TorchCFM's own U-Net is taken where torchcfm is installed, diffusers' SD3
transformer where diffusers is. With --cores 2 the peer may use two threads or two processes, and orw has two ranks.
--clock cpu compares processor time, the better judge on one core of a machine that others use as well.
Rows: case, metric, orw's and the peer's rate in images per second, ratio, the peer's best setting; separated by tabs."""
import argparse, os, re, statistics, subprocess, sys, tempfile, time

# name: batch, image (channels, height, width), channels, blocks, multipliers, attention at, groups, head width, fold
UNETS = {
    "unet-quick": (8, (1, 28, 28), 16, 1, (1, 1, 2), (4,), 8, -1, 1),
    "unet-standard": (8, (1, 28, 28), 48, 1, (1, 2), (2,), 16, -1, 2),
    "unet-mnist": (16, (1, 28, 28), 32, 1, (1, 2, 2), (1,), 32, -1, 1),
    "unet-cifar": (8, (3, 32, 32), 128, 2, (1, 2, 2, 2), (2,), 32, 64, 1),
    "unet-cifar-small": (16, (3, 32, 32), 32, 2, (1, 2, 2, 2), (2,), 32, 64, 1),
}
CASES = [*UNETS, "mmdit-small"]
LAYOUTS = "contiguous", "channels_last"


# ---- the peer's networks

def own_unet(nn, F, torch, image, channels, blocks, multipliers, attention, groups, head, fold):
    """TorchCFM's layers and shapes; ours are the number of groups and blocks of pixels as channels."""

    class Residual(nn.Module):
        def __init__(self, into, out):
            super().__init__()
            self.norm_in, self.conv_in = nn.GroupNorm(groups, into), nn.Conv2d(into, out, 3, padding=1)
            self.time = nn.Linear(4 * channels, out)
            self.norm_out, self.conv_out = nn.GroupNorm(groups, out), nn.Conv2d(out, out, 3, padding=1)
            self.skip = nn.Conv2d(into, out, 1) if into != out else nn.Identity()

        def forward(self, x, e):
            h = self.conv_in(F.silu(self.norm_in(x))) + self.time(e)[:, :, None, None]
            return self.skip(x) + self.conv_out(F.silu(self.norm_out(h)))

    class Attention(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.norm, self.qkv, self.out = nn.GroupNorm(groups, width), nn.Conv1d(width, 3 * width, 1), nn.Conv1d(width, width, 1)
            self.heads = 1 if head < 0 else width // head

        def forward(self, x, e):
            b, c, h, w = x.shape
            q, k, v = self.qkv(self.norm(x).flatten(2)).view(b, self.heads, 3, c // self.heads, h * w).transpose(3, 4).unbind(2)
            a = F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(b, c, h * w)
            return x + self.out(a).view(b, c, h, w)

    class Down(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.conv = nn.Conv2d(width, width, 3, 2, 1)

        def forward(self, x, e):
            return self.conv(x)

    class Up(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.conv = nn.Conv2d(width, width, 3, padding=1)

        def forward(self, x, e):
            return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            width, scale = channels * multipliers[0], fold
            seen = fold * fold * image[0]
            self.time = nn.Sequential(nn.Linear(channels, 4 * channels), nn.SiLU(), nn.Linear(4 * channels, 4 * channels))
            self.first, self.down, stack = nn.Conv2d(seen, width, 3, padding=1), nn.ModuleList(), [width]
            level = lambda into, out: [Residual(into, out)] + ([Attention(out)] if scale in attention else [])
            for i, m in enumerate(multipliers):
                for _ in range(blocks):
                    self.down.append(nn.ModuleList(level(width, m * channels)))
                    width = m * channels
                    stack.append(width)
                if i + 1 < len(multipliers):
                    self.down.append(nn.ModuleList([Down(width)]))
                    stack.append(width)
                    scale *= 2
            self.middle = nn.ModuleList([Residual(width, width), Attention(width), Residual(width, width)])
            self.up = nn.ModuleList()
            for i, m in reversed(list(enumerate(multipliers))):
                for j in range(blocks + 1):
                    modules = level(width + stack.pop(), m * channels)
                    width = m * channels
                    if i and j == blocks:
                        modules.append(Up(width))
                        scale //= 2
                    self.up.append(nn.ModuleList(modules))
            self.last = nn.Sequential(nn.GroupNorm(groups, width), nn.SiLU(), nn.Conv2d(width, seen, 3, padding=1))

        def forward(self, t, x):
            f = torch.exp(-9.210340372 * torch.arange(channels // 2) / (channels // 2))
            a = t[:, None] * f
            e = F.silu(self.time(torch.cat([a.cos(), a.sin()], -1)))
            x = self.first(F.pixel_unshuffle(x, fold) if fold > 1 else x)
            stack = [x]
            for modules in self.down:
                for m in modules:
                    x = m(x, e)
                stack.append(x)
            for m in self.middle:
                x = m(x, e)
            for modules in self.up:
                x = torch.cat([x, stack.pop()], 1)
                for m in modules:
                    x = m(x, e)
            x = self.last(x)
            return F.pixel_shuffle(x, fold) if fold > 1 else x

    return UNet()


def make_peer(case):
    """network(t, x), its batch and image, and whose network it is"""
    import torch, torch.nn as nn, torch.nn.functional as F
    if case == "mmdit-small":
        from diffusers import SD3Transformer2DModel
        net = SD3Transformer2DModel(sample_size=16, patch_size=2, in_channels=4, num_layers=4, attention_head_dim=32,
                                    num_attention_heads=4, joint_attention_dim=128, caption_projection_dim=128,
                                    pooled_projection_dim=128, out_channels=4, pos_embed_max_size=16, qk_norm="rms_norm")
        text, pooled = torch.randn(16, 8, 128), torch.randn(16, 128)

        class Call(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = net

            def forward(self, t, x):
                return self.net(x, encoder_hidden_states=text, pooled_projections=pooled, timestep=1000 * t, return_dict=False)[0]

        return Call(), 16, (4, 16, 16), "diffusers"
    batch, image, channels, blocks, multipliers, attention, groups, head, fold = UNETS[case]
    if groups == 32 and fold == 1:
        try:
            from torchcfm.models.unet.unet import UNetModelWrapper
            net = UNetModelWrapper(dim=image, num_channels=channels, num_res_blocks=blocks, channel_mult=list(multipliers),
                                   num_heads=4 if head > 0 else 1, num_head_channels=head,
                                   attention_resolutions=str(image[2] // attention[0]))
            return net, batch, image, "torchcfm"
        except ImportError:
            pass
    return own_unet(nn, F, torch, image, channels, blocks, multipliers, attention, groups, head, fold), batch, image, "own"


def serve(case, setting, metric, threads, precision, clock):
    """One network in a process of its own: a line "SECONDS" on stdin, a rate on stdout."""
    import torch
    mode, layout = setting.split("+")
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net, batch, image, whose = make_peer(case)
    for p in net.parameters():  # zero-initialised layers would spare the gradient's work nothing, but let it be real
        torch.nn.init.normal_(p, std=0.02) if p.abs().sum() == 0 else None
    x, t, u = torch.randn(batch, *image), torch.rand(batch), torch.randn(batch, *image)
    if layout == "channels_last":
        net, x = net.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(net.parameters(), 1e-4)
    run = torch.compile(net) if mode == "compile" else net
    half = lambda: torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")

    def train():
        with half():
            loss = ((run(t, x).float() - u) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def forward():
        with torch.inference_mode() if mode == "eager" else torch.no_grad(), half():
            run(t, x)

    body, now = (train if metric == "train" else forward), (time.process_time if clock == "cpu" else time.perf_counter)
    body(), body()
    print(f"ready {whose} {sum(p.numel() for p in net.parameters())}", flush=True)
    for line in sys.stdin:
        times, end = [], now() + float(line)
        while now() < end or len(times) < 3:
            began = now()
            body()
            times.append(now() - began)
        print(batch / statistics.median(times), flush=True)


# ---- turns

def refuse(why):
    print(f"peer.py: {why}", file=sys.stderr)
    sys.exit(2)


def why_it_died(text):
    """The line of a traceback that names the error; PyTorch adds advice after it."""
    lines = text.strip().splitlines() or ["no word"]
    return next((line for line in reversed(lines) if re.match(r"[\w.]*(Error|Exception|NotFound)\b", line)), lines[-1])


class Peer:
    """One or two processes with one setting."""

    def __init__(self, asked, case, setting, metric, processes, threads):
        command = [sys.executable, __file__, "--serve", case, "+".join(setting), metric, str(threads), asked.precision, asked.clock]
        self.name = "+".join(setting) + (f" {processes}x{threads}" if processes * threads > 1 else "")
        self.workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                        for _ in range(processes)]
        ready = [w.stdout.readline().split() for w in self.workers]
        self.whose = ready[0][1] if all(ready) else None
        self.why = "" if self.whose else why_it_died(self.workers[0].stderr.read())

    def rate(self, seconds):
        for w in self.workers:
            print(seconds, file=w.stdin, flush=True)
        return sum(float(w.stdout.readline()) for w in self.workers)

    def close(self):
        for w in self.workers:
            w.stdin.close()
            w.wait()


def our_rate(asked, case, metric):
    launch = [] if asked.cores == 1 else os.environ.get("MPIRUN", "mpirun --bind-to none").split() + ["-n", str(asked.cores)]
    command = [*launch, asked.orw, "bench", "--filter", f"^{case}/{metric}$", "--seconds", str(asked.seconds), "--clock", asked.clock,
               "--precision", asked.precision]
    out = subprocess.run(command, capture_output=True, text=True)
    for line in out.stdout.splitlines():
        fields = line.split("\t")
        if fields[:2] == [case, metric]:
            return asked.cores * float(fields[2])  # all ranks measure at once, rank 0 tells
    refuse(f"{' '.join(command)}: no rate, status {out.returncode}: {out.stderr.strip()}")


def compare(asked, case, metric):
    shapes = [(1, 1)] if asked.cores == 1 else [(1, asked.cores), (asked.cores, 1)]
    best = None
    for setting in [(mode, layout) for mode in asked.modes.split(",") for layout in LAYOUTS]:
        for processes, threads in shapes:
            peer = Peer(asked, case, setting, metric, processes, threads)
            if not peer.whose:
                print(f"# {case} {metric}: {peer.name} skipped: {peer.why}", flush=True)
                peer.close()
                continue
            rate = peer.rate(asked.seconds)
            print(f"# {case} {metric}: {peer.name} {rate:.4g} images/s ({peer.whose})", flush=True)
            if best and best[0] >= rate:
                peer.close()
            else:
                if best:
                    best[1].close()
                best = rate, peer
    if not best:
        return
    ours, theirs = [], []
    for _ in range(asked.turns):
        ours.append(our_rate(asked, case, metric))
        theirs.append(best[1].rate(asked.seconds))
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"{case}\t{metric}\t{a:.4g}\t{b:.4g}\t{a / b:.3g}\t{best[1].name} ({best[1].whose})", flush=True)
    best[1].close()


def main():
    if sys.argv[1:2] == ["--serve"]:
        case, setting, metric, threads, precision, clock = sys.argv[2:]
        return serve(case, setting, metric, int(threads), precision, clock)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS)
    parser.add_argument("--cases", default="")
    parser.add_argument("--metrics", default="forward,train")
    parser.add_argument("--modes", default="eager,compile")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--cores", type=int, default=1, choices=(1, 2))
    parser.add_argument("--precision", default="f32", choices=("f32", "bf16"))
    parser.add_argument("--clock", default="wall", choices=("wall", "cpu"))
    parser.add_argument("--orw", default=os.path.join(os.environ.get("BUILD", "build"), "bin", "orw"))
    asked = parser.parse_args()
    if asked.cores > 1 and asked.clock == "cpu":
        refuse("--clock cpu, expected --cores 1: threads share the work, not the time")
    if not os.access(asked.orw, os.X_OK):
        refuse(f"{asked.orw}: no such program, expected orw (make build), or --orw")
    try:
        import torch
    except ImportError as error:
        print(f"SKIP no PyTorch for {sys.executable}: {error} (python3 -m pip install torch torchcfm pot diffusers)")
        return
    print(f"# torch {torch.__version__}, {asked.cores} core{'s' * (asked.cores > 1)}, {asked.precision}, {asked.clock} time, "
          f"{asked.turns} turns of {asked.seconds:g} s\n# case\tmetric\torw\tpeer\tratio\tpeer's setting", flush=True)
    with tempfile.TemporaryDirectory() as cache:  # of its own: one that was interrupted has left half-written programs
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        for case in CASES:
            for metric in asked.metrics.split(","):
                if re.search(asked.cases, f"{case}/{metric}"):
                    compare(asked, case, metric)


if __name__ == "__main__":
    main()
