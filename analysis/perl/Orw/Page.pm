package Orw::Page;

# Markup of the report. Whatever is written between tags is text and is escaped; only a reference stands for markup made here.

use strict;
use warnings;
use Exporter 'import';
use MIME::Base64 'encode_base64';
use Orw::Tables qw(read_table column number);
use Orw::Text qw(escape);
our @EXPORT_OK = qw(markup element table unfold verdict show range data_image page spark strip);

sub markup { my ($content) = @_; return ref $content ? $$content : escape($content) }
sub element { my ($tag, @content) = @_; return "<$tag>" . join('', map { markup($_) } @content) . '</' . $tag =~ s/ .*//r . ">\n" }
sub cells { my ($tag, @cells) = @_; return '<tr>' . join('', map { "<$tag>" . markup($_) . "</$tag>" } @cells) . "</tr>\n" }
sub table {
    my ($head, @rows) = @_;
    return "<div class=wide tabindex=0><table>\n" . cells('th', @$head) . join('', map { cells('td', @$_) } @rows) . "</table></div>\n";
}
sub unfold { my ($summary, @html) = @_; return '<details><summary>' . markup($summary) . "</summary>\n" . join('', @html) . "</details>\n" }

sub verdict {
    my ($verdict) = @_;
    (my $class = $verdict) =~ s/\W+/-/g;
    return \("<span class=\"verdict v-$class\">" . escape($verdict) . '</span>');
}

# Numbers shortly, text as it is.
sub show {
    my ($value) = @_;
    return '-' unless defined $value && $value ne '';
    return defined number($value) ? sprintf('%.4g', $value) : $value;
}
sub range { my ($row) = @_; return defined $row->{low} && $row->{low} ne '-' ? show($row->{low}) . ' to ' . show($row->{high}) : '-' }

# An image inside of the page; nothing where there is none. Images of a folded part are decoded when it is unfolded.
sub data_image {
    my ($path, $alt, $class) = @_;
    open my $file, '<:raw', $path or return '';
    my $bytes = do { local $/; <$file> };
    my $type = $path =~ /\.svg\z/ ? 'image/svg+xml' : 'image/png';
    return "<img loading=lazy decoding=async" . ($class ? " class=$class" : '') . ' alt="' . escape($alt) . "\" src=\"data:$type;base64,"
        . encode_base64($bytes, '') . '">';
}

# ---------------------------------------------------------------- small curves

my @COLOURS = map { "#$_" } qw(D55E00 0072B2 009E73 CC79A7 E69F00 56B4E9); # as common.gp
my @DASHES = ('', '5 3', '1 2', '6 2 1 2', '2 2');

# spark(FOLDER, NAME): the curves of a figure drawn before, FOLDER/NAME.gp, in 150 by 44 pixels; undef where it has none.
sub spark {
    my ($folder, $name) = @_;
    open my $script, '<:raw', "$folder/$name.gp" or return undef;
    my %set = map { /^(\w+)='(.*)'$/ ? ($1 => $2) : () } <$script>;
    my @styles = split ' ', $set{styles} // '';
    my @curves;
    for my $file (grep { /^[\w.+-]+\.tsv\z/ } split ' ', $set{files} // '') {
        my $style = @styles ? shift @styles : @curves + 1;
        push @curves, [ $style, points("$folder/$file") ];
    }
    @curves = grep { @$_ > 2 } @curves;
    return undef unless @curves;
    my $base = number($set{base} // '');
    my @x = map { $_->[0] } map { @$_[ 1 .. $#$_ ] } @curves;
    my @y = ((map { $_->[1] } map { @$_[ 1 .. $#$_ ] } @curves), grep { defined } $base);
    my ($left, $right, $low, $high) = (least(@x), -least(map { -$_ } @x), least(@y), -least(map { -$_ } @y));
    $right = $left + 1 if $right <= $left;
    ($low, $high) = ($low - 0.5, $high + 0.5) if $high <= $low;
    my $at = sub { sprintf '%.1f,%.1f', 2 + 146 * ($_[0] - $left) / ($right - $left), 42 - 40 * ($_[1] - $low) / ($high - $low) };
    my $svg = '<svg class=spark viewBox="0 0 150 44" role=img aria-label="curves, see the figure ' . escape($name) . '">';
    $svg .= line('#888', '3 3', 1, $at->($left, $base), $at->($right, $base)) if defined $base;
    for my $curve (@curves) {
        my ($style, @points) = @$curve;
        my $colour = $style == 101 ? 'currentColor' : $style == 102 ? '#888' : $COLOURS[ ($style - 1) % 6 ];
        $svg .= line($colour, $style > 100 ? '' : $DASHES[ ($style - 1) % 5 ], 1.6, map { $at->(@$_) } @points);
    }
    return "$svg</svg>";
}

sub line { my ($colour, $dash, $width, @points) = @_; return "<polyline fill=none stroke=\"$colour\" stroke-width=$width" . ($dash ? " stroke-dasharray=\"$dash\"" : '') . " points=\"@points\"/>" }
sub least { my $least; for (@_) { $least = $_ if !defined $least || $_ < $least } return $least }

# The first two columns, as far as both are numbers; a table of alphas has no names.
sub points {
    my ($file) = @_;
    open my $table, '<:raw', $file or return ();
    my @points;
    while (my $line = <$table>) {
        my ($x, $y) = map { number($_) } (split /[\t\n]/, $line)[ 0, 1 ];
        push @points, [ $x, $y ] if $line !~ /^#/ && defined $x && defined $y;
    }
    return @points;
}

# Checks that hold and that fail, a mark each.
sub strip {
    my (@holds) = @_;
    return undef unless @holds;
    my $step = 146 / @holds;
    return '<svg class=spark viewBox="0 0 150 44" role=img aria-label="checks that hold and that fail">'
        . join('', map { sprintf '<rect x=%.2f y=%d width=%.2f height=20 fill="%s"/>', 2 + $_ * $step, $holds[$_] ? 4 : 20, 0.8 * $step,
            $holds[$_] ? '#00775a' : '#b34700' } 0 .. $#holds) . '</svg>';
}

# ---------------------------------------------------------------- the page

sub page {
    my ($title, @body) = @_;
    return <<"END";
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@{[ escape($title) ]}</title>
<style>
@{[ style() ]}</style>
</head>
<body>
<h1>@{[ escape($title) ]}</h1>
@{[ join '', @body ]}<script>addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(d => d.open = true))</script>
</body>
</html>
END
}

sub style {
    return <<'END';
:root { color-scheme: light dark; --text: #1b1b1b; --page: #fdfdfc; --line: #d5d5d0; --quiet: #5c5c5c; --card: #fff }
@media (prefers-color-scheme: dark) { :root { --text: #e4e4e0; --page: #191a1b; --line: #3c3d3f; --quiet: #a8a8a6; --card: #f4f4f2 } }
* { box-sizing: border-box }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); max-width: 76rem; margin: 1.5rem auto; padding: 0 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; margin-bottom: .5rem } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line) } h3 { font-size: 1rem }
nav a { margin-right: 1rem; white-space: nowrap } a { color: inherit }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums } .wide { overflow-x: auto; overflow-wrap: normal }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top } td { max-width: 28rem }
.claim { border-bottom: 1px solid var(--line); padding: .5rem 0 }
.head { display: grid; grid-template-columns: 2.6rem minmax(0, 1fr) 11rem 150px 13.5rem; gap: 0 1rem; align-items: center }
.head > strong, .head > span { align-self: start } .say { font-size: .8rem; color: var(--quiet) } .spark { width: 150px; height: 44px; display: block }
.pair { display: flex; gap: .4rem } .pair img { width: 6.5rem; image-rendering: pixelated; border-radius: 3px; display: block }
@media (max-width: 60rem) { .head { grid-template-columns: 2.6rem minmax(0, 1fr) } .head > :nth-child(n + 3) { grid-column: 2; margin-top: .3rem } }
.verdict { padding: .05rem .5rem; border-radius: .6rem; white-space: nowrap; color: #fff; background: #6b6b6b }
.v-, .v-unknown { background: none; color: inherit; padding: 0 } .v-reproduced, .v-holds, .v-converged, .v-agrees { background: #00775a }
.v-partly, .v-unclear, .v-budget-s-end { background: #8a5f00 } .v-plausible { background: none; color: inherit; padding: 0 }
.v-not-reproduced, .v-fails, .v-suspect, .v-over-optimised { background: #b34700 } .v-differs { background: #7a4b94 }
.page img { width: 60rem } figure { margin: 1rem 0 } figure img { background: var(--card); max-width: 100%; height: auto; border-radius: 4px }
.grids { display: flex; flex-wrap: wrap; gap: 1rem } .grids figure { margin: .5rem 0; width: 15.5rem; max-width: 100% }
.grids img { width: 100%; image-rendering: pixelated } figcaption, .quiet { color: var(--quiet); font-size: .85rem }
details { margin: .4rem 0 } summary { cursor: pointer } figure details, .claim details { font-size: .85rem } pre { overflow-x: auto; font-size: .8rem } code { font-size: .9em }
@media print { body { max-width: none; margin: 0 } figure, .claim, tr { break-inside: avoid } .wide { overflow: visible } }
END
}

1;
