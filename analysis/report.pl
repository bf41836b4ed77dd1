#!/usr/bin/env perl
# report.pl --out OUT [--profile NAME] [--published DIR|none] - OUT/report.html (one self-contained file) and OUT/claims.tsv, from what
# figures.sh left in OUT/figures. It computes nothing but the verdicts; every number comes from a table that `orw export` printed. DIR
# holds the published evidence (default results/published beside analysis/): verdicts on claims are its, numbers stand beside its.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/perl";
use Orw::Compare qw(published_profiles published_claims agreement COLUMNS);
use Orw::Experiments qw(experiments);
use Orw::Page qw(markup element table unfold verdict show range data_image page spark strip);
use Orw::Runs qw(listed_runs provenance_of);
use Orw::Tables qw(read_table read_list read_pairs read_provenance column number last_of);
use Orw::Text qw(escape printable quoted warning warnings_of);
use Orw::Convergence;
use Orw::Verdicts;
use theory::claims;

my ($out, $profile, $published) = ('', 'unnamed', "$FindBin::Bin/../results/published");
while (@ARGV) {
    my $option = shift @ARGV;
    fail("$option: found no value, expected one") if $option =~ /^--(out|profile|published)$/ && !@ARGV;
    if    ($option eq '--out')       { $out       = shift @ARGV }
    elsif ($option eq '--profile')   { $profile   = shift @ARGV }
    elsif ($option eq '--published') { $published = shift @ARGV }
    else { fail("unknown argument $option: expected --out OUT [--profile NAME] [--published DIR|none]") }
}
fail("--out: found '$out', expected a folder that figures.sh has filled") unless $out ne '' && -d "$out/figures";
fail("--published: found '$published', expected a folder or none") unless $published eq 'none' || -d $published || $published =~ m{/\.\./};

my @claims = @{ tsv("$FindBin::Bin/paper/claims.tsv") };
my %text = map { $_->[0] => $_->[2] } @claims;
my %paper;
for my $value (@{ tsv("$FindBin::Bin/paper/values.tsv") }) {
    my ($claim, $quantity, $setting, $number, $from) = @$value;
    $paper{"$claim|$quantity|$setting"} = $number;
}

# What was published: for verdicts the best profile, for numbers that of the same name.
my ($evidence) = $published eq 'none' ? () : published_profiles($published);
my $judged_there = defined $evidence ? published_claims("$published/$evidence/claims.tsv") : {};
my $theirs = defined $evidence && -f "$published/$profile/claims.tsv" ? published_claims("$published/$profile/claims.tsv") : {};

my @sweeps = sweeps();
my $theory = theory::claims::judge("$out/figures/data/theory");
my @rows = ((map { @{ $_->{judged}{rows} } } @sweeps), @{ $theory->{rows} });
my @untested = untested(@rows);
push @rows, @untested;
compare($_) for @rows;
my $page = html();
print STDERR "report.pl: warning: $_\n" for warnings_of();
replace("$out/claims.tsv", claims_tsv(@rows));
replace("$out/report.html", $page);
exit 0;

# A claim that no run here speaks of is said to be one.
sub untested {
    my %told = map { $_->{claim} => 1 } grep { $_->{quantity} eq 'the whole claim' } @_;
    return map { { claim => $_->[0], quantity => 'the whole claim', setting => 'all', n => 0, verdict => 'not tested', dataset => '-',
            reason => 'no run in these results tests it' } } grep { !$told{ $_->[0] } } @claims;
}

sub fail { print STDERR 'report.pl: ' . printable($_[0]) . "\n"; exit 2 }

sub tsv {
    my ($path) = @_;
    open my $file, '<:raw', $path or fail("$path: $!, expected the paper's values");
    return [ map { chomp; [ split /\t/, $_, -1 ] } grep { !/^#/ && /\S/ } <$file> ];
}

# The experiments that are sweeps of runs, as far as they were run: where their tables are, their verdicts, what their runs share.
sub sweeps {
    my @all = experiments();
    my @run = grep { -d "$out/figures/data/$_->{name}" } @all;
    @run = ($all[0]) unless @run;
    for my $sweep (@run) {
        $sweep->{data} = "$out/figures/data/$sweep->{name}";
        $sweep->{provenance} = [ provenance($sweep->{data}) ];
        $sweep->{dataset} = 'unknown data set';
        for my $pair (@{ $sweep->{provenance} }) { $sweep->{dataset} = $1 if $pair->[0] eq 'data.train' && $pair->[1] =~ /^(\S+)/ }
        $sweep->{judged} = $sweep->{judge}->($sweep->{data}, \%paper);
        $_->{dataset} //= $sweep->{dataset} for @{ $sweep->{judged}{rows} };
    }
    return @run;
}

# The published number beside a row, and whether they agree.
sub compare {
    my ($row) = @_;
    my $other = $theirs->{ join '|', @$row{qw(claim quantity setting dataset)} };
    $row->{published} = $other;
    $row->{agreement} = $other && $row->{quantity} ne 'the whole claim' ? agreement($row, $other) : '-';
}

# Readers see the old file or the new one.
sub replace {
    my ($path, $content) = @_;
    open my $file, '>:raw', "$path.partial" or fail("$path: $!, expected to write it");
    print {$file} $content;
    close $file or fail("$path: $!, expected to write it");
    rename "$path.partial", $path or fail("$path: $!, expected to write it");
}

sub claims_tsv {
    my @lines = ('# ' . join("\t", COLUMNS) . "\n");
    for my $row (@_) {
        my $other = $row->{published} || {};
        my @cells = (map({ show($row->{$_}) } qw(claim quantity setting paper ours low high)), $row->{n} // 0, @$row{qw(verdict dataset)},
            $profile, map({ show($other->{$_}) } qw(ours low high)), $row->{agreement});
        tr/\x00-\x1f\x7f/ / for @cells;
        push @lines, join("\t", @cells) . "\n";
    }
    return join '', @lines;
}

# What was run: [key, value] where all runs agree, and what they have where they do not.
sub provenance {
    my ($data) = @_;
    my (%values, @keys);
    for my $run (listed_runs($data)) {
        for my $pair (provenance_of($data, $run)) {
            my ($key, $value) = @$pair;
            next if $key =~ /^run\.(method|alpha|seed|name)$/;
            push @keys, $key unless $values{$key};
            $values{$key}{$value}++;
        }
    }
    return map { [ $_, join ' | ', sort keys %{ $values{$_} } ] } @keys;
}

# ---------------------------------------------------------------- html

sub html {
    my @parts;
    push @parts, [ $_->{name}, $_->{title}, section_sweep($_) ] for @sweeps;
    push @parts, section_theory();
    push @parts, section_untested();
    push @parts, section_run();
    push @parts, [ 'rules', 'How verdicts are made', section_rules() ];
    return page("Reproduction report, profile $profile", summary(), '<nav>',
        (map { '<a href="#' . escape($_->[0]) . '">' . escape($_->[1]) . "</a>\n" } @parts), "</nav>\n",
        map { '<section id="' . escape($_->[0]) . '">' . join('', @$_[ 2 .. $#$_ ]) . "</section>\n" } @parts);
}

# What was run, on what, how long, and what came out.
sub summary {
    my (%count, %cpu);
    for my $sweep (@sweeps) {
        $count{runs} += grep { $_->{complete} } listed_runs($sweep->{data});
        for my $pair (@{ $sweep->{provenance} }) { $cpu{$_} = 1 for $pair->[0] eq 'cpu' ? split / \| /, $pair->[1] : () }
    }
    my $seconds = 0;
    $seconds += $_->[1] for times_of_stages();
    my %agree;
    $agree{ $_->{agreement} }++ for @rows;
    my @html = ("<p>Fan et al., <i>Online Reward-Weighted Fine-Tuning of Flow Matching with Wasserstein Regularization</i>, ICLR 2025 ",
        "(<a href=\"https://arxiv.org/abs/2502.06061\">arXiv 2502.06061</a>), claim by claim.</p>\n",
        element('p', "$count{runs} complete runs", (map { " on $_" } sort keys %cpu), $seconds ? sprintf(', %s in all', duration($seconds)) : '',
            '. Numbers are means over seeds at the last evaluation, with 95 % t intervals.'));
    push @html, defined $evidence
        ? element('p', "Verdicts are those of the published evidence (results/published/$evidence); what these runs alone would say stands beside them. ",
            $agree{agrees} || $agree{differs} ? sprintf('Of their numbers %d agree with the published ones of this profile, %d differ.', $agree{agrees} // 0, $agree{differs} // 0)
            : 'No numbers of this profile are published.')
        : element('p', 'Verdicts are of these runs alone: no published evidence was found beside the source.');
    return (@html, mixed_code(), risen_alone());
}

sub duration { my ($s) = @_; return $s < 90 ? sprintf '%.0f s', $s : $s < 5400 ? sprintf '%.0f min', $s / 60 : sprintf '%.1f h', $s / 3600 }

# A claim: what is said, the verdict, a curve, samples; its numbers unfold.
sub claim_line {
    my ($whole, $curve, $sheets, @lines) = @_;
    my $there = $judged_there->{ join '|', @$whole{qw(claim quantity setting dataset)} };
    my @verdicts = defined $evidence
        ? (${ verdict($there ? $there->{verdict} : 'not published') }, '<div class=say>', 'here: ' . escape("$whole->{verdict}"), '</div>')
        : (${ verdict($whole->{verdict}) }, '<div class=say>', escape($whole->{reason}), '</div>');
    my @numbers = table([ 'quantity', 'setting', 'paper', 'ours', 'interval', 'n', 'verdict', 'published', 'interval', '', 'why' ],
        map { [ @$_{qw(quantity setting)}, show($_->{paper}), show($_->{ours}), range($_), $_->{n}, verdict($_->{verdict}),
                $_->{published} ? (show($_->{published}{ours}), range($_->{published})) : ('-', '-'), verdict($_->{agreement}), $_->{reason} ] } @lines);
    return '<div class=claim id="' . escape(($whole->{dataset} =~ /^(\w[\w.:-]*)\z/ ? "$1-" : '') . $whole->{claim}) . '"><div class=head><strong>' . escape($whole->{claim}) . '</strong><span>'
        . escape($text{ $whole->{claim} }) . '</span><div>' . join('', @verdicts) . '</div><div>' . ($curve // '') . "</div><div class=pair>$sheets</div></div>\n"
        . (@lines ? unfold(scalar(@lines) . ' numbers' . told_agreement(@lines), @numbers) : '') . "</div>\n";
}

sub told_agreement {
    my %count;
    $count{ $_->{agreement} }++ for @_;
    return join '', map { $count{$_} ? ", $count{$_} " . ($_ eq 'agrees' ? 'agree with' : 'differ from') . ' the published' : () } qw(agrees differs);
}

sub claim_lines {
    my ($sweep) = @_;
    my @html;
    for my $whole (grep { $_->{quantity} eq 'the whole claim' } @{ $sweep->{judged}{rows} }) {
        my @lines = grep { $_->{claim} eq $whole->{claim} && $_ != $whole } @{ $sweep->{judged}{rows} };
        my $curve = $sweep->{curve}{ $whole->{claim} };
        my @sheets = @{ $sweep->{sheets}{ $whole->{claim} } || [ 'grid-base', last_sheet($sweep->{name}) ] };
        push @html, claim_line($whole, $curve && spark($sweep->{data}, $curve), join('', map { small_sheet($sweep->{name}, $_) } @sheets), @lines);
    }
    return @html;
}

# The sheet of the largest alpha of the method itself.
sub last_sheet {
    my ($experiment) = @_;
    my @sheets = sort { grid_order($a) <=> grid_order($b) } grep { /^grid-(?:orw-)?alpha/ } about_names($experiment);
    return @sheets ? $sheets[-1] : 'none';
}

sub small_sheet {
    my ($experiment, $name) = @_;
    my %about = map { @$_ } read_pairs("$out/figures/$experiment/$name.about");
    return data_image("$out/figures/$experiment/small/$name.png", $about{title} // $name);
}

# The digests of the sources by which the runs of one experiment, and the models that they are made from, were computed.
sub codes {
    my ($data) = @_;
    my %codes;
    for my $file (grep { -e } glob("$data/runs/*/provenance.tsv"), "$data/provenance.tsv") {
        my $own = 'unknown';
        for my $pair (read_provenance($file)) {
            my ($key, $value) = @$pair;
            $own = $value if $key eq 'sources';
            $codes{$value} = 1 if $key =~ /^sources\./;
            if ($key eq 'changes') { $codes{$1} = 1 while $value =~ /\bsources = (\w+), now/g }
        }
        $codes{$own} = 1;
    }
    return sort keys %codes;
}

sub mixed_code {
    my @html;
    for my $name ((map { $_->{name} } @sweeps), 'theory') {
        my @codes = codes("$out/figures/data/$name");
        push @html, "<p>" . ${ verdict('suspect') } . " $name: these results were made by " . @codes . ' states of the code, sources '
            . escape(join ', ', @codes) . ": what differs between them may be the code's doing. <code>--strict</code> refuses to go "
            . "on so, another <code>--out</code> makes all of it again.</p>\n" if @codes > 1;
    }
    return @html;
}

# Runs whose reward has risen while the spread halved or a reward of evaluate.rewards fell: the loop has marked their last evaluation.
sub risen_alone {
    my @html;
    for my $name (map { $_->{name} } @sweeps) {
        my @runs;
        for my $file (glob "$out/figures/data/$name/runs/*/evaluation.tsv") {
            my $suspect = last_of(read_table($file), 'suspect');
            push @runs, $file =~ m{([^/]*)/evaluation\.tsv\z} if $suspect;
        }
        push @html, '<p>' . ${ verdict('suspect') } . " $name: the reward rose alone in " . escape(join ', ', @runs) . ': since the base model '
            . "the samples' spread has halved, or a reward that nothing is trained on (<code>evaluate.rewards</code>) has fallen.</p>\n"
            if @runs;
    }
    return @html;
}

# One experiment: its claims, its page, and folded what stands beside.
sub section_sweep {
    my ($sweep) = @_;
    my @html = element('h2', "$sweep->{title} - $sweep->{dataset}");
    push @html, claim_lines($sweep);
    push @html, figures_of($sweep);
    my @checks = @{ $sweep->{judged}{checks} };
    push @html, unfold('Beside the claims: ' . @checks . ' checks', element('p class=quiet', $sweep->{beside}), table([ 'check', 'value', 'interval', 'n', '', '' ],
        map { [ $_->{what}, show($_->{ours}), range($_), $_->{n}, verdict($_->{verdict}), $_->{reason} ] } @checks)) if @checks;
    push @html, section_base($sweep);
    push @html, unfold('What was run', run_of_sweep($sweep));
    return @html;
}

sub figures_of {
    my ($sweep) = @_;
    my $experiment = $sweep->{name};
    my %place = map { $sweep->{figures}[$_] => $_ } 0 .. $#{ $sweep->{figures} };
    my @names = about_names($experiment);
    my @pages = map { figure($experiment, $_, "$_.svg") } grep { /^page-/ } @names;
    my @drawn = map { figure($experiment, $_, "$_.svg") } sort { ($place{$a} // 99) <=> ($place{$b} // 99) || $a cmp $b } grep { !/^(grid|page)-/ } @names;
    my @grids = map { figure($experiment, $_, "$_.png") } sort { grid_order($a) <=> grid_order($b) || $a cmp $b } grep { /^grid-/ } @names;
    my @health = map { figure($experiment, "health/$_", "health/$_.svg") } first_seeds($sweep);
    return "<p>No figures: no complete run was found.</p>\n" unless @pages || @drawn || @grids;
    return (@pages, (@drawn ? unfold('Figures, one by one: ' . @drawn, @drawn) : ()),
        (@grids ? unfold('Samples: ' . @grids . ' sheets', "<div class=grids>\n", @grids, "</div>\n") : ()),
        (@health ? unfold('How training went: a page per setting, its first seed; of the others in figures/' . $experiment . '/health', @health) : ()));
}

# A run per setting.
sub first_seeds {
    my ($sweep) = @_;
    my %first;
    for my $run (grep { -f "$out/figures/$sweep->{name}/health/$_->{name}.about" } listed_runs($sweep->{data})) {
        my $place = \$first{"$run->{method}|$run->{alpha}"};
        $$place = $run if !$$place || $run->{seed} < $$place->{seed};
    }
    return sort map { $_->{name} } values %first;
}

# The data, the base model, then by alpha.
sub grid_order { my ($name) = @_; return $name eq 'grid-data' ? -2 : $name eq 'grid-base' ? -1 : $name =~ /alpha([\d.e+-]+)\z/ ? number($1) // 1e9 : 1e9 }

sub about_names {
    my ($experiment) = @_;
    opendir my $folder, "$out/figures/$experiment" or return;
    return map { /^([\w.+-]+)\.about\z/ } sort readdir $folder;
}

# The theory experiment: its figures, every check with its numbers, and what was expected.
sub section_theory {
    my $verdicts = read_table("$out/figures/data/theory/verdicts.tsv") or return;
    my %words = map { @$_ } read_provenance("$out/figures/data/theory/provenance.tsv");
    my %order = (finite_support => 1, gaussians => 2, minimiser => 3, bound_vs_alpha => 4, bound_vs_round => 5, trade => 6, coupling => 7);
    my ($whole) = grep { $_->{quantity} eq 'the whole claim' } @{ $theory->{rows} };
    my @html = ("<h2>Theory against closed forms</h2>\n");
    push @html, claim_line($whole, strip(column($verdicts, 'holds')), '', grep { $_ != $whole } @{ $theory->{rows} }) if $whole;
    push @html, "<p class=quiet>Small fields trained by the same loop, held against what ",
        "perfect learning would give. A check holds when measured and expected differ by at most four standard errors and the ",
        "allowance, which a control run with w = 1 at the same budget sets; a bound must not be exceeded. ",
        "<code>experiments/theory/README.md</code> has the rules.</p>\n";
    my @figures = map { figure('theory', $_, "$_.svg") } sort { ($order{$a} // 99) <=> ($order{$b} // 99) || $a cmp $b } about_names('theory');
    push @html, unfold('Figures: ' . @figures, @figures) if @figures;
    push @html, unfold('Checks: ' . @{ $verdicts->{rows} }, table([ 'check', 'expected', 'measured', 'standard error', 'allowance', '' ], map {
        my %of;
        @of{ @{ $verdicts->{names} } } = @$_;
        [ $words{ sprintf 'verdict.%03d', number($of{row}) // 0 } // $of{row}, show($of{expected}), show($of{measured}),
            show($of{standard_error}), show($of{allowance}), verdict(number($of{holds}) ? 'holds' : 'fails') ]
    } @{ $verdicts->{rows} }));
    return [ 'theory', 'Theory', @html ];
}

sub section_untested {
    return unless @untested;
    return [ 'untested', 'Not tested here', "<h2>Not tested by these runs</h2>\n", map { claim_line($_, undef, '') } @untested ];
}

sub figure {
    my ($experiment, $name, $file) = @_;
    my (%about, @sources);
    for my $pair (read_pairs("$out/figures/$experiment/$name.about")) {
        if ($pair->[0] eq 'source') { push @sources, $pair->[1] } else { $about{ $pair->[0] } = $pair->[1] }
    }
    my $image = data_image("$out/figures/$experiment/$file", $about{title} // $name) or return '';
    my ($title, $caption, $claims) = map { escape($_) } @about{qw(title caption claims)};
    my $class = $name =~ /^page-/ ? ' class=page' : '';
    return "<figure$class id=\"" . escape("$experiment-$name") . "\">$image\n<figcaption>$title. $caption." . ($claims ? " For $claims." : '')
        . '<details><summary>drawn from ' . @sources . ' run files, by</summary><code>analysis/figures.sh ' . escape("results/$profile $profile $experiment/$name")
        . '</code><br>' . join('<br>', map { escape($_) } @sources) . "</details></figcaption></figure>\n";
}

sub section_base {
    my ($sweep) = @_;
    my @rows;
    for my $name (sort keys %{ $sweep->{classifiers} }) {
        my $accuracy = last_of(read_table("$sweep->{data}/$name/evaluation.tsv"), 'accuracy');
        push @rows, [ $sweep->{classifiers}{$name}, 'accuracy on the test part', show($accuracy) ] if defined $accuracy;
    }
    my $loss = read_table("$sweep->{data}/base/metrics.tsv");
    push @rows, [ 'base model', 'loss at the end of pre-training', show(last_of($loss, 'loss')) ] if $loss;
    my $evaluation = read_table("$sweep->{data}/base/evaluation.tsv");
    for my $name ($evaluation ? @{ $evaluation->{names} } : ()) {
        next if $name =~ /^(round|update|samples_scored|count|digit\d)$/;
        push @rows, [ 'base model', $name, show(last_of($evaluation, $name)) ];
    }
    return @rows ? unfold('Base model and classifiers', table([ 'what', 'quantity', 'value' ], @rows)) : "<p>No run file of the base model was found.</p>\n";
}

sub section_run {
    my @stages = stages(); # what cannot be read in them is known then
    my @html = (unread(), @stages);
    return @html ? [ 'run', 'Time', "<h2>What was run</h2>\n", @html ] : ();
}

# What was found and does not count, by figures.sh and here: known when all else has been read.
sub unread {
    my @lines = ((map { skipped_by_figures($_->{data}) } @sweeps), warnings_of());
    return () unless @lines;
    return "<h3>Not read</h3>\n<p>These do not count, neither in figures nor in verdicts.</p>\n<ul>\n"
        . join('', map { element('li', $_) } @lines) . "</ul>\n";
}

sub skipped_by_figures {
    my ($data) = @_;
    open my $file, '<:raw', "$data/skipped.txt" or return;
    return map { chomp; $_ } <$file>;
}

sub run_of_sweep {
    my ($sweep) = @_;
    my @runs = listed_runs($sweep->{data});
    my @complete = grep { $_->{complete} } @runs;
    my @html = element('p', scalar(@runs) . ' runs, of which ' . @complete . ' are complete; only those count.');
    my @short = grep { $_->[0] ne 'configuration' } @{ $sweep->{provenance} };
    push @html, table([ 'provenance', 'value, over all runs' ], @short) if @short;
    push @html, phases($sweep, @complete);
    for my $pair (grep { $_->[0] eq 'configuration' } @runs ? provenance_of($sweep->{data}, $runs[0]) : ()) {
        push @html, unfold('configuration of the first run', element('pre', $pair->[1]));
    }
    return @html;
}

# [stage, seconds, calls, ranks]: wall time per stage over all calls that did something.
sub times_of_stages {
    my $table = read_list("$out/times.tsv", qw(when stage profile ranks seconds outcome)) or return;
    my (%seconds, %calls, %ranks, @order);
    for my $row (@{ $table->{rows} }) {
        my (undef, $stage, undef, $ranks, $seconds, $outcome) = @$row;
        if (my ($bad) = grep { !defined number($_) } $ranks, $seconds) {
            warning('times.tsv: ' . quoted($bad) . ' is no number: that row is not counted');
            next;
        }
        next if $outcome eq 'up to date' || $stage =~ /^(clean|check|verify)$/;
        push @order, $stage unless $calls{$stage}++;
        $seconds{$stage} += $seconds;
        $ranks{$stage}{$ranks} = 1;
    }
    return map { [ $_, $seconds{$_}, $calls{$_}, join(', ', sort { $a <=> $b } keys %{ $ranks{$_} }) ] } @order;
}

sub stages {
    my @stages = times_of_stages() or return ();
    return "<h3>Time per stage</h3>\n"
        . table([ 'stage', 'seconds', 'calls that did something', 'ranks' ], map { [ $_->[0], sprintf('%.1f', $_->[1]), @$_[ 2, 3 ] ] } @stages);
}

# Seconds per phase of the loop, over complete runs. A run's table counts since its process began: a number that falls is a new process.
sub phases {
    my ($sweep, @runs) = @_;
    my (%seconds, @order);
    for my $run (@runs) {
        my $timing = read_table("$sweep->{data}/runs/$run->{name}/timing.tsv") or next;
        for my $phase (grep { !/^(round|update)$/ } @{ $timing->{names} }) {
            push @order, $phase unless defined $seconds{$phase};
            my $before = 0;
            for my $now (map { $_ // 0 } column($timing, $phase)) {
                $seconds{$phase} += $now >= $before ? $now - $before : $now;
                $before = $now;
            }
        }
    }
    return () unless @order;
    return "<h4>Time per phase of fine-tuning</h4>\n"
        . table([ 'phase', 'seconds, all runs' ], map { [ $_, sprintf('%.1f', $seconds{$_}) ] } @order);
}

sub section_rules {
    return <<"END";
<h2>How verdicts are made</h2>
<p><i>Reproduced</i> needs at least $Orw::Verdicts::SEEDS seeds and a 95 % interval that supports the statement as a whole;
<i>partly</i> means that the mean supports it and the interval does not, or that only part of it holds; <i>not reproduced</i> that the
mean speaks against it; <i>suspect</i> that the number holds, at least in part, on samples that have lost what makes them images: the
judge's confidence by more than $Orw::Verdicts::CONFIDENCE_LOST, nearness to real images, or most of the spread; <i>not tested</i> that fewer seeds are there. Near the optimum means a reward of at least
$target_image::claims::NEAR_OPTIMUM, from at most $target_image::claims::BASE_AT_MOST; a collapse means one digit with at least
$target_image::claims::ONE_DIGIT of the samples. Near 0 means at most $compression::claims::NEAR_NOTHING of what alpha = 0 shows; at the floor at
most $compression::claims::AT_FLOOR of the base model's bytes above it; trailing slightly, with more than $steering::claims::SLIGHTLY of the
rise of alpha = 0; converged that the smoothed reward changes by less than
$Orw::Convergence::THRESHOLD of the base model's standard deviation over the last $Orw::Convergence::WINDOW of the updates. A number <i>agrees</i> with the published one if they differ
by no more than the root of the sum of the squares of the half widths of their 95 % intervals; a single run may be off by as much as single
published runs are; else it <i>differs</i>. The paper's values were read off plots (about &plusmn;0.01) after more updates of larger models:
other profiles than <code>paper</code> show them for orientation. A verdict holds for its data set and its profile. <code>analysis/README.md</code> has
the rules in full, <code>claims.tsv</code> these tables for machines, <code>figures/data</code> every number behind the figures.</p>
END
}
