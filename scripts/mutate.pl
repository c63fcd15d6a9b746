# Draws a mutant of the C sources: one small change that a test should notice.
#
# usage: perl scripts/mutate.pl SEED K OUTPUT FILE..
#   Writes the file that the K-th mutant changes, changed, to OUTPUT, and prints a line: its path,
#   the line's number and what was done, separated by tabs.  The same seed and the same files give
#   the same mutants; there is one for each place and change, in an order that the seed decides.
#   Exits with 3 when there is none of that number.
#
# It changes what is executed: operators, constants, conditions, statements in the bodies of
# functions.  Not what no test can tell apart by intent: comments, assertions and errors that can't
# happen (Assert, elog), the wording of messages (what is inside of ereport), declarations, what
# is freed, and memory barriers.
#
# It knows C by its looks, those of pgindent: a function's braces stand in the first column, binary
# operators between blanks, a pointer's star at its name.

use strict;
use warnings;

my ($seed, $number, $output, @files) = @ARGV;
die "usage: mutate.pl SEED K OUTPUT FILE..\n" unless @files;

# statements that no test is to miss: assertions, memory that goes with its context anyway
my $dull = qr/^(?:\(void\)\s*)?(?:(?:Static)?Assert\w*|elog|pfree|list_free\w*|pg_(?:read|write|memory)_barrier
	|MemoryContext(?:Reset|Delete)|PG_\w+|va_end)\b/x;

my %swap = (
	'<' => ['<=', '>='], '<=' => ['<', '>'], '>' => ['>=', '<='], '>=' => ['>', '<'],
	'==' => ['!='], '!=' => ['=='], '&&' => ['||'], '||' => ['&&'],
	'+' => ['-'], '-' => ['+'], '*' => ['/'], '/' => ['*'], '%' => ['/'],
	'+=' => ['-=', '='], '-=' => ['+='], '*=' => ['/='], '|=' => ['='], '&=' => ['|='],
	'++' => ['--'], '--' => ['++'], '&' => ['|'], '|' => ['&'], '<<' => ['>>'], '>>' => ['<<'],
	'true' => ['false'], 'false' => ['true'], 'Min' => ['Max'], 'Max' => ['Min']);

sub blank { my ($text) = @_; $text =~ s/[^\n]/ /g; return $text }

# The text with everything that isn't to be looked at as blanks, at the same places.
sub masked
{
	my ($text) = @_;

	$text =~ s{(/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+')}{blank($1)}gse;
	$text =~ s{^([ \t]*\#(?:[^\n]*\\\n)*[^\n]*)}{blank($1)}gme;
	return $text;
}

# Where what is opened at a place ends, behind its closing parenthesis.
sub closing
{
	my ($text, $at) = @_;
	my $depth = 0;

	pos($text) = $at;
	while ($text =~ /([()])/g)
	{
		$depth += $1 eq '(' ? 1 : -1;
		return pos $text if $depth == 0;
	}
	die "parentheses don't match";
}

sub constants
{
	my ($literal) = @_;
	my ($digits, $suffix) = $literal =~ /^(.*?)([uUlLfF]*)$/;

	return if $digits =~ /^0x/i;
	return map { "$1e" . ($2 + $_) } -1, 1 if $digits =~ /^([\d.]+)e(\d+)$/i;
	return ($digits < 1 ? sprintf('%.4g', $digits * 0.8) : $digits + 1) if $digits =~ /\./;
	return $digits == 0 ? "1$suffix" : map { $_ . $suffix } $digits - 1, $digits + 1;
}

# All changes of a file: where, how much of it, what comes in its place, what that is called.
sub changes
{
	my ($text) = @_;
	my $mask = masked($text);
	my @changes;
	my $quiet = qr/keep compiler quiet/;

	while ($mask =~ /\)\s*\n(\{\n.*?\n\})/gs)
	{
		my ($from, $to) = ($-[1], $+[1]);
		my $body = substr($mask, $from, $to - $from);
		my $plain = $body;

		# inside of these nothing is changed, though they may be left out as a whole
		for my $name (qw(Assert AssertMacro StaticAssertStmt StaticAssertDecl elog ereport))
		{
			while ($body =~ /\b$name(?=\()/g)
			{
				my $end = closing($body, pos $body);
				substr($plain, pos $body, $end - pos $body) = blank(substr($body, pos $body, $end - pos $body));
			}
		}

		my $add = sub {
			my ($at, $length, $new, $what) = @_;
			my $line_end = index($text, "\n", $from + $at);
			my $line_start = 1 + rindex($text, "\n", $from + $at);

			push @changes, [ $from + $at, $length, $new, $what ]
			  unless substr($text, $line_start, $line_end - $line_start) =~ $quiet;
		};

		# operators and constants
		my $before = '';
		while ($plain =~ /(->|<<=|>>=|\.\.\.|\+\+|--|&&|\|\||<<|>>|[-=!<>+*\/|&%^]=|[-+*\/%<>=!&|^~]
				|[A-Za-z_]\w*|(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)[uUlLfF]*|\S)/gx)
		{
			my ($token, $at) = ($1, $-[1]);
			my $around = substr($plain, $at - 1, 1) =~ /\s/ && substr($plain, $at + length $token) =~ /^\s+[^\s)]/;
			my $line = substr($plain, 1 + rindex($plain, "\n", $at), $at - rindex($plain, "\n", $at));

			if ($token =~ /^\d/)
			{
				# a declared array's size is no constant that matters
				$add->($at, length $token, $_, "constant") for $line =~ /^\t+(?:static |const )*\w+\s+\*?\w+\[[^=]*$/
				  || $before eq 'case' ? () : constants($token);
			}
			elsif ($token eq '!' && $before ne '!')
			{
				$add->($at, 1, '', 'negation left out');
			}
			elsif ($swap{$token} && ($token =~ /^(?:\w+|\+\+|--)$/ || $around))
			{
				$add->($at, length $token, $_, "$token became $_") for @{ $swap{$token} };
			}
			$before = $token;
		}

		# conditions
		while ($plain =~ /\bif (?=\()/g)
		{
			my $at = pos $plain;
			my $end = closing($plain, $at);
			my $condition = substr($text, $from + $at, $end - $at);

			$add->($at, $end - $at, "(!$condition)", 'condition negated');
			$add->($at, $end - $at, "(0 && $condition)", 'condition never true');
			$add->($at, $end - $at, "(1 || $condition)", 'condition always true');
		}

		# statements: at no depth of parentheses, for there they are a part of one
		my @depth;
		my $depth = 0;
		for my $c (split //, $body)
		{
			push @depth, $depth;
			$depth += $c eq "(" ? 1 : $c eq ")" ? -1 : 0;
		}
		while ($body =~ /(?<=[;{}):])\s*\n\s+(?=\S)|\belse\s*\n\s+|(?<=[;{}])\s+(?=\S)/g)
		{
			my $at = pos $body;
			my $rest = substr($body, $at);

			next if $depth[$at] > 0;
			next unless $rest =~ /^(break|continue|return|[^;{}]*?\([^;{}]*\)|[^;{}]*?=[^;{}]*|[^;{}]*?(?:\+\+|--))\s*;/s;
			my $statement = $1;

			next if $statement =~ $dull || $statement =~ /^(?:if|for|while|switch|else|do|case|default|goto|foreach)\b/
			  || $statement =~ /^return\s*\S/ || $statement =~ /^[\w ]*\w\s+\**\w+(?:\[[^\]]*\])*\s*(?:=|;|$)/s
			  && $statement !~ /^(?:break|continue|return)$/;
			my $gap = blank($statement);
			$gap =~ s/^.{1,8}//;
			$add->($at, length $statement, "(void) 0" . ($gap =~ s/[^\n]//gr), 'statement left out');
		}
	}
	return @changes;
}

my %text;
my @all;
for my $file (@files)
{
	local $/;
	open my $in, '<', $file or die "$file: $!\n";
	$text{$file} = <$in>;
	push @all, map { [ $file, @$_ ] } changes($text{$file});
}

# The order is this program's own, so that no version of perl changes it.
my $state = $seed * 2654435761 % 4294967296;
my $random = sub {
	$state = ($state * 1664525 + 1013904223) % 4294967296;
	return int($state / 4294967296 * $_[0]);
};
for (my $i = $#all; $i > 0; $i--)
{
	my $j = $random->($i + 1);
	@all[ $i, $j ] = @all[ $j, $i ];
}
exit 3 if $number < 1 || $number > @all;

my ($file, $at, $length, $new, $what) = @{ $all[ $number - 1 ] };
my $line = 1 + (substr($text{$file}, 0, $at) =~ tr/\n//);
substr($text{$file}, $at, $length) = $new;
open my $out, '>', $output or die "$output: $!\n";
print $out $text{$file};
close $out or die "$output: $!\n";
print "$file\t$line\t$what\n";
