package finetune::claims;

# A user's own fine-tuning tests no claim of the paper. What stands beside it: does the reward rise, and do samples stay apart?

use strict;
use warnings;
use Orw::Runs qw(listed_runs);
use Orw::Tables qw(interval);
use Orw::Verdicts qw(load ends starts gain check above_zero);

our $SPREAD_LEFT = 0.5; # of the base model's variance of pixels; below it all samples may be alike

# judge(DATA, PAPER): as target_image::claims, without rows.
sub judge {
    my ($data) = @_;
    return { rows => [], checks => [] } unless listed_runs($data);
    my $orw = load($data)->{orw} || {};
    return { rows => [], checks => [ map { checks($orw->{$_}, $_) } sort { $a <=> $b } keys %$orw ] };
}

sub checks {
    my ($of, $alpha) = @_;
    my $rise = gain($of, 'reward_mean');
    my ($verdict, $reason) = above_zero($rise);
    my ($end, $start) = map { $_->($of, 'pairwise_variance') } \&ends, \&starts;
    my @share = map { $end->{$_} / $start->{$_} } grep { defined $end->{$_} && $start->{$_} } sort keys %$end;
    my $mean = interval(@share)->{mean};
    return (check("reward: rise over the base model, paired by seed, alpha=$alpha", $rise,
            $verdict eq 'reproduced' ? 'plausible' : $verdict eq 'not reproduced' ? 'suspect' : 'unknown', $reason),
        check("pairwise variance of the pixels at the end, share of the base model's, alpha=$alpha", \@share,
            !defined $mean ? 'unknown' : $mean < $SPREAD_LEFT ? 'suspect' : 'plausible', "suspect below $SPREAD_LEFT: all samples may be alike"));
}

1;
