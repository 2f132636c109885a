# SPDX-License-Identifier: GPL-2.0
# Results for people and programs: a table, JSON, a plot, reStructuredText.
package Show;
use strict;
use warnings;
use Values;

# Where more is better
my %more_is_better = map { $_ => 1 } qw(iops bytes_per_s);

# A number of about four digits, or "-" where there is none
sub number {
	my ($value) = @_;

	return '-' if !defined $value;
	return sprintf '%.0f', $value if abs $value >= 100;
	return sprintf '%.2f', $value;
}

sub ratio { return defined $_[0] ? sprintf('%.3f', $_[0]) : '-' }

sub percent { return sprintf '%.1f %%', 100 * $_[0] }

our @columns = qw(bed kernel transport backing op bytes depth jobs metric ours LIO ratio spread);

sub cells {
	my ($result) = @_;

	return @$result{@Values::keys}, number($result->{ours}), number($result->{lio}),
	       ratio($result->{ratio}), percent($result->{spread});
}

# Lines of columns; numbers stand at the right.
sub aligned {
	my ($gap, @lines) = @_;
	my @widths;

	for my $line (@lines) {
		for (0 .. $#$line) {
			my $length = length $line->[$_];

			$widths[$_] = $length if $length > ($widths[$_] // 0);
		}
	}
	return map {
		my $line = $_;

		join $gap, map { sprintf $_ > 4 && $_ != 8 ? '%*s' : '%-*s', $widths[$_],
				 $line->[$_] } 0 .. $#$line;
	} @lines;
}

sub table {
	return map { s/ +$//r . "\n" } aligned('  ', \@columns, map { [cells($_)] } @_);
}

# --- JSON

my %is_number = map { $_ => 1 } qw(block_bytes depth jobs ours lio ratio spread);

sub json_value {
	my ($key, $value) = @_;

	return 'null' if !defined $value;
	return $is_number{$key} ? sprintf('%.6g', $value) + 0 : "\"$value\"";
}

sub json_object {
	my ($result) = @_;

	return '  {' . join(', ', map { "\"$_\": " . json_value($_, $result->{$_}) }
			    @Values::keys, qw(ours lio ratio spread)) . '}';
}

sub json {
	return "[\n" . join(",\n", map { json_object($_) } @_) . "\n]\n";
}

# --- reStructuredText

sub rst_row {
	my ($first, @cells) = @_;

	return "   * - $first", map { "     - $_" } @cells;
}

sub rst {
	return join("\n", '.. SPDX-License-Identifier: GPL-2.0',
		    '.. Written by make bench: not to be edited.', '', '.. list-table::',
		    '   :header-rows: 1', '',
		    map { rst_row(@$_) } \@columns, map { [cells($_)] } @_) . "\n";
}

# --- SVG: for each result a bar, how our value compares with LIO's

my ($row_height, $label_width, $bar_width) = (18, 460, 400);

sub xml {
	my ($text) = @_;
	my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;');

	return $text =~ s/([&<>])/$entity{$1}/gr;
}

# Green where ours is better
sub colour {
	my ($result) = @_;
	my $better = $more_is_better{ $result->{metric} } ? $result->{ratio} > 1
							 : $result->{ratio} < 1;

	return $better ? '#3a7d44' : '#b23a48';
}

# The scale ends at twice LIO's value.
sub bar {
	my ($result, $y) = @_;
	my $length = $bar_width / 2 * ($result->{ratio} > 2 ? 2 : $result->{ratio});

	return sprintf('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>', $label_width,
		       $y + 3, $length, $row_height - 6, colour($result)),
	       sprintf('<text x="%.1f" y="%d">%.2f</text>', $label_width + $length + 4,
		       $y + $row_height - 5, $result->{ratio});
}

sub label {
	my ($result, $y) = @_;
	my $text = join ' ', @$result{qw(bed transport backing op block_bytes)},
		"depth $result->{depth}", "jobs $result->{jobs}", $result->{metric};

	return sprintf '<text x="%d" y="%d" text-anchor="end">%s</text>', $label_width - 6,
	       $y + $row_height - 5, xml($text);
}

# Where LIO's value is
sub lio_line {
	my ($height) = @_;
	my $x = $label_width + $bar_width / 2;

	return sprintf('<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="black"/>', $x, $row_height, $x,
		       $height),
	       sprintf '<text x="%d" y="%d" text-anchor="middle">LIO = 1</text>', $x,
	       $row_height - 5;
}

sub svg {
	my @shown = grep { defined $_->{ratio} } @_;
	my $height = $row_height * (@shown + 1);
	my $y = 0;

	return join("\n", sprintf('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
				  . 'font-family="sans-serif" font-size="11">',
				  $label_width + $bar_width + 60, $height + 6),
		    map({ $y += $row_height; (label($_, $y), bar($_, $y)) } @shown),
		    lio_line($height), '</svg>') . "\n";
}

1;
