package Orw::Text;

# Text that others wrote - names of folders and columns, cells, provenance - on its way into a page, a line of a terminal, a cell.
# Everything is bytes.

use strict;
use warnings;
use Encode ();
use Exporter 'import';
our @EXPORT_OK = qw(escape printable quoted warning warnings_of);

# For HTML, in text and in attributes between double quotes. What is no UTF-8 and what controls become the replacement character.
sub escape {
    my ($text) = @_;
    return '' unless defined $text;
    $text = Encode::encode('UTF-8', Encode::decode('UTF-8', $text)) if $text =~ /[^\x00-\x7f]/;
    $text =~ s/[\x00-\x08\x0b-\x1f\x7f]/\xef\xbf\xbd/g;
    $text =~ s/([&<>"])/'&#' . ord($1) . ';'/ge;
    return $text;
}

# For one line of a terminal: printable ASCII; a name or a cell, in quotes, also short.
sub printable { return $_[0] =~ s/[^\x20-\x7e]/?/gr }
sub quoted {
    my ($text) = @_;
    return "'" . printable(length $text > 60 ? substr($text, 0, 60) . '...' : $text) . "'";
}

# What was not read, each once: the report shows them.
my @warnings;
sub warning {
    my $text = printable(join '', @_);
    push @warnings, $text unless grep { $_ eq $text } @warnings;
    return;
}
sub warnings_of { return @warnings }

1;
