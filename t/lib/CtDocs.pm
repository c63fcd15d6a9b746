=pod

=head1 NAME

CtDocs - executes a page of documentation, and compares what it shows

=head1 CONVENTION

A page is executed from top to bottom, by one psql, as somebody would paste it.

=over

=item C<```sql>

is executed.

=item C<```sh>

is executed too, by a shell, where its first word is C<psql>.

=item C<```> without a language

stands right after one of these and shows all that it prints: results, notices,
errors.  Where nothing is shown, nothing is compared, but no error may come.

=item anything else

(C<synopsis>, C<sh> with other commands ...) is not executed.

=back

What is shown is compared word by word, wherever lines are wrapped and columns
are aligned; C<...> stands for anything.  Left out are psql's C<(2 rows)>, what
functions return that return nothing, and NOTICEs of progress.
Numbers have to be the same, but for those that are a matter of luck:

=over

=item *

numbers with a decimal point, and all in a line that has a unit of time or a
percentage in it (there the unit may be another one, too);

=item *

those after or before one of the words in $luck below, as the number of a run;

=item *

in psql's tables the columns in $luck_columns below, numbers and booleans.

=back

=cut

package CtDocs;

use strict;
use warnings;

use Encode 'decode';
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(ct_doc_blocks ct_doc_execute ct_doc_mismatch ct_doc_ok);

my $luck_columns = qr/^(?:run_id|tps\w*|\w+_ms|count|share|observed|retries|cheapest|second|lower_us|upper_us|.* #\d+)$/;
my @luck = (
	qr/\b(?:run|ct_report\(|observed|observed":|ct_stop\(|ct_cancel\(|\#) ?\K\d+/,
	qr/\d+(?= (?:contended|retries|of \d+ (?:orders|pairs)|transactions? \(\d+\/s\)|violations|unexpected errors?|times [0-9A-Z]{5}|failed,|of \d+ orders))/,
	qr/(?:transactions \(|; never: .*?)\K\d+/,
	qr/\b\d+\.\d+\b/);
my $any = '.*?';
my $unit = qr/(?:µs|us|ms|s|min|h)\b/;

# The blocks of a page, in order: language, text, line, and for those that are
# executed the output that is shown, if any.
sub ct_doc_blocks
{
	my ($file) = @_;
	my (@blocks, $block, $heading);
	my $line = 0;
	my $apart = 1;				# something stands between the last block and this line

	foreach (split /\n/, slurp_file($file))
	{
		$line++;
		if (!$block && /^(\s*)```(\w*)$/)
		{
			$block = { indent => length $1, language => $2, text => '', line => $line, heading => $heading };
			$block->{executed} = 1 if $2 eq 'sql';
			next;
		}
		if ($block && /^\s*```$/)
		{
			$block->{executed} = 1 if $block->{language} eq 'sh' && $block->{text} =~ /\Apsql /;
			if ($block->{language} eq '' && !$apart && @blocks && $blocks[-1]{executed} && !defined $blocks[-1]{output})
			{
				$blocks[-1]{output} = $block->{text};
			}
			else
			{
				push @blocks, $block;
			}
			($block, $apart) = (undef, 0);
			next;
		}
		if ($block)
		{
			s/^\s{0,$block->{indent}}//;
			$block->{text} .= "$_\n";
			next;
		}
		$heading = $1 if /^#+ (.*)/;
		$apart = 1 if /\S/;
	}
	return @blocks;
}

# Executes the blocks in a database of the node, by a psql whose standard output
# and error are one, and sets what each has printed: got.
sub ct_doc_execute
{
	my ($node, $db, @blocks) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $n = 0;
	my ($in, $out) = ('', '');

	foreach my $block (@blocks)
	{
		my $text = $block->{text};

		$block->{got} = '';
		if ($block->{language} eq 'sh')
		{
			append_to_file("$dir/$n.sh", $text);
			$text = "\\! cd $dir && sh $n.sh\n";
		}
		$in .= "\\echo \@\@block $n\n$text";
		$n++;
	}
	{
		local $ENV{PGHOST} = $node->host;
		local $ENV{PGPORT} = $node->port;
		local $ENV{PGDATABASE} = $db;
		local $ENV{PGOPTIONS} = '';
		my @psql = ('stdbuf', '-oL', $node->installed_command('psql'), '-Xq', '-P', 'pager=off');

		IPC::Run::run(\@psql, '<', \$in, '>&', \$out);
	}
	while ($out =~ /^\@\@block (\d+)\n(.*?)(?=^\@\@block |\z)/msg)
	{
		$blocks[$1]{got} = $2;
	}
	return;
}

# One line of what is shown, as patterns of its words.
sub line_words
{
	my ($line) = @_;
	my $measured = $line =~ /\d ?(?:$unit|%)/;

	$line =~ s/\.\.\./ \x03 /g;
	if ($measured)
	{
		$line =~ s/\d ?\K$unit/\x02/g;
		$line =~ s/(?<![A-Za-z_])\d+(?:\.\d+)?/\x01/g;
	}
	$line =~ s/$_/\x01/g foreach @luck;
	return map {
		my $word = quotemeta;

		$word =~ s/\\?\x01/-?\\d+(?:\\.\\d+)?/g;
		$word =~ s/\\?\x02/(?:µs|us|ms|s|min|h)/g;
		$word =~ s/\\?\x03/$any/g;
		$word;
	} split ' ', $line;
}

# All that is shown, as patterns of its words.
sub output_words
{
	my ($text) = @_;
	my @lines = grep { !/^\(\d+ rows?\)$/ } split /\n/, $text;
	my (@words, @columns);

	foreach my $i (0 .. $#lines)
	{
		my $line = $lines[$i];
		my $next = $lines[$i + 1] // '';

		if ($line =~ /^-[-+]+$/)
		{
			@columns = map { s/^\s+|\s+$//gr } split /\|/, $lines[ $i - 1 ];
			push @words, '[-+]+';
		}
		elsif ($next =~ /^-[-+]+$/)
		{
			push @words, map { quotemeta } split ' ', $line =~ s/\|/ | /gr;
		}
		elsif (@columns && $line =~ /^ / && ($line =~ tr/|//) == $#columns)
		{
			my @cells = map { s/^\s+|\s+$//gr } split /\|/, $line, -1;

			foreach my $j (0 .. $#cells)
			{
				push @words, '\\|' if $j > 0;
				push @words,
				    $columns[$j] !~ $luck_columns || $cells[$j] !~ /^(?:[tf]|-?[\d.]+)$/ ? line_words($cells[$j])
				  : $cells[$j] =~ /[tf]/ ? '[tf]'
				  : '-?\d+(?:\.\d+)?(?:e[-+]?\d+)?';
			}
		}
		else
		{
			@columns = ();
			push @words, line_words($line);
		}
	}
	return @words;
}

# undef if what came out is what is shown; else what is different.
sub ct_doc_mismatch
{
	my ($shown, $got) = @_;
	my @words = output_words($shown);
	my $pattern = '\A\s*';
	my $fits = '';

	$got =~ s/^ \w+ *\n-+\n +\n\(1 row\)\n//mg;
	$got =~ s/^\(\d+ rows?\)\n//mg;
	$got =~ s/^NOTICE:  run \d+: \d+ s, .*\n//mg if $shown !~ /^NOTICE:  run \d+: \d+ s, /m;
	foreach my $i (0 .. $#words)
	{
		my ($before, $word, $after) = ($i > 0 ? $words[ $i - 1 ] : '', $words[$i], $words[ $i + 1 ] // '');
		my $end = $word eq $any || $after eq $any ? '' : '(?=\s|\z)';

		$pattern .= ($i == 0 ? '' : $word eq $any || $before eq $any ? '\s*' : '\s+') . $word;
		return sprintf(qq(after "%s" word %d should be like "%s", but it goes on with "%s"),
			$fits =~ s/.*(?=.{60})//sr, $i + 1, $word, substr($got, length $fits, 60))
		  unless $got =~ /$pattern$end/s;
		$fits = substr($got, 0, $+[0]);
	}
	return $got =~ /$pattern\s*\z/s ? undef
	  : sprintf(qq(more came out than is shown: "%s"), substr($got, length $fits));
}

# Tests a page, in a database of its own.  A race is a matter of luck on a busy
# machine: what does not come out as shown is tried again, up to four times, in
# another database.  Options: db (its name), keep (leave it), prepare (SQL to be executed
# in it before), without (a pattern of SQL that can't be executed here).  Returns
# the blocks that were executed, and those that were not.
sub ct_doc_ok
{
	my ($node, $file, %options) = @_;
	my ($name) = $file =~ m{([^/]+)$};
	my $db = $options{db} // $name =~ s/\W/_/gr;
	my @blocks = ct_doc_blocks($file);
	my @run = grep { $_->{executed} && !($options{without} && $_->{text} =~ $options{without}) } @blocks;
	my %run = map { $_ => 1 } @run;
	my (@left, @wrong, @wide);

	foreach my $try (1 .. 5)
	{
		@wrong = @wide = ();
		$node->safe_psql('postgres', qq(DROP ROLE "$_")) foreach split /\n/, $node->safe_psql('postgres',
			"SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname <> current_user");
		$node->safe_psql('postgres', qq(CREATE DATABASE "$db"));
		$node->safe_psql($db, $options{prepare}) if $options{prepare};
		ct_doc_execute($node, $db, @run);
		foreach my $block (@run)
		{
			my $mismatch = defined $block->{output} ? ct_doc_mismatch($block->{output}, $block->{got})
			  : $block->{got} =~ /^(?:ERROR|FATAL|psql: error).*/m ? $&
			  : undef;

			push @wrong, "$name:$block->{line}: $mismatch\n$block->{got}" if defined $mismatch;
		}
		foreach my $block (grep { defined $_->{output} } @run)
		{
			my @lines = grep { decode('UTF-8', $_) =~ /^.{101}/ && !/^(?:NOTICE|WARNING|ERROR|DETAIL|HINT|First anomaly|Asynchronous notification)/ } split /\n/, $block->{got} =~ s/^ERROR:.*//msr;

			push @wide, "line $block->{line}: $lines[0]" if @lines;
		}
		$node->safe_psql('postgres', qq(DROP DATABASE "$db")) unless $options{keep} && ($try == 5 || !@wrong && !@wide);
		last unless @wrong || @wide;
		note("$name, try $try: $_") foreach @wrong, @wide;
	}
	is(join("\n", @wide), '', "$name: and it fits in 100 columns");
	@left = grep { !$run{$_} } @blocks;
	is(scalar @wrong, 0, "$name: what its " . @run . ' examples print is what it shows')
	  or diag(join "\n", @wrong);
	ok((grep { defined $_->{output} } @run) > 0, "$name: and some is shown");
	is(join(', ', map { "$name:$_->{line}" } grep { $_->{language} eq '' } @left), '',
		"$name: nothing is shown that nothing has printed");
	note("$name: not executed: ", join(', ', map { "line $_->{line} ($_->{language}, $_->{heading})" } @left) || 'none');
	return (\@run, \@left);
}

1;
