# layout.t - the report in a real browser: nothing is wider than the screen at 400 and at 1,400 pixels, folded and unfolded.
. "$ORW_ROOT/tests/tap.sh"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip_all "no Chromium is installed"

# A world with long words wherever words come from.
long=$(printf 'x%.0s' $(seq 200))
data=out/figures/data/target_image
mkdir -p "$data/runs/orw-alpha0-seed1" out/figures/target_image
printf '# name\tmethod\talpha\tseed\tcomplete\norw-alpha0-seed1\torw\t0\t1\tyes\n' > "$data/runs.tsv"
printf 'data.train\t%s sha256 00\ncpu\t%s\nflags\t-std %s\nconfiguration\t[a]\\nb = %s\\n\n' "$long" "$long" "$long" "$long" > "$data/runs/orw-alpha0-seed1/provenance.tsv"
printf '# round\tupdate\treward_mean\tjudge_confidence\n0\t0\t0.4\t0.9\n9\t9\t0.9\t0.9\n' > "$data/runs/orw-alpha0-seed1/evaluation.tsv"
printf '0\t0.1\n9\t0.9\n' > "$data/curve.tsv"
printf "files=' curve.tsv'\nstyles=' 1'\nbase='0.3'\n" > "$data/reward_vs_update.gp"
for name in page-alpha reward_vs_update; do
    printf '<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="500"><rect width="2000" height="500"/></svg>' > "out/figures/target_image/$name.svg"
    printf 'title\tA %s\ncaption\t%s\nclaims\tC1\nsource\truns/%s.h5\n' "$long" "$long" "$long" > "out/figures/target_image/$name.about"
done
"$ORW_ROOT/analysis/report.pl" --out out --profile quick --published none
cat > frame.html <<'END_PAGE'
<body><script>
function measure(width, open) { return new Promise(done => {
    const frame = document.createElement("iframe");
    frame.style.width = width + "px"; frame.style.height = "900px"; frame.src = "out/report.html";
    frame.onload = () => { const d = frame.contentDocument;
        if (open) d.querySelectorAll("details").forEach(e => e.open = true);
        done(width + (open ? " unfolded " : " folded ") + (d.documentElement.scrollWidth <= d.documentElement.clientWidth ? "fits" : "is " + d.documentElement.scrollWidth)
            + " " + d.querySelectorAll("svg.spark polyline").length + " curves"); };
    document.body.append(frame); }) }
(async () => { const told = []; for (const w of [400, 1400]) for (const open of [false, true]) told.push(await measure(w, open));
    document.body.innerHTML = "<pre>" + told.join("\n") + "</pre>"; })();
</script></body>
END_PAGE
HOME=$PWD timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --allow-file-access-from-files --user-data-dir="$PWD/profile" \
    --virtual-time-budget=20000 --dump-dom "file://$PWD/frame.html" > dom 2> browser.err
is "$(sed -n 's/.*<pre>//; s/<\/pre>.*//; /^[14]/p' dom)" "400 folded fits 2 curves
400 unfolded fits 2 curves
1400 folded fits 2 curves
1400 unfolded fits 2 curves" "nothing is wider than the screen, and the curve is there"

done_testing
