# What views and reports say of explorations, on explorations that a unit in C (t/units/explored_unit.c)
# has recorded as if they had been: each number, and each kind of step, is known.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('explored', dynamic_library_path => '$libdir:' . ct_units());
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');
$node->safe_psql('postgres', "CREATE FUNCTION units_run(text) RETURNS text LANGUAGE c STRICT AS 'ct_units'");
$node->safe_psql('postgres', q{CREATE ROLE stranger LOGIN; CREATE ROLE watcher LOGIN IN ROLE pg_read_all_stats});
like($node->safe_psql('postgres', "SELECT units_run('explored')"), qr/^ok .*\ndone$/, 'three explorations are recorded');

sub query
{
	return $node->safe_psql('postgres', $_[0]);
}

# What a report should be, of a file of its own.
sub expected
{
	return slurp_file("$FindBin::RealBin/explored/$_[0].txt") =~ s/\n\z//r;
}

# A report, with what differs from one run to the next as words.
sub report
{
	my ($run_id, $format) = @_;
	my $text = query("SET client_encoding = 'SQL_ASCII'; SELECT ct_report($run_id, '$format')");

	$text =~ s/^(  \d sessions,.*?)(?=\n\n)/' ' . $1 =~ s,\s+, ,gr/mse;
	$text =~ s/\d{4}-\d\d-\d\d\s+\d\d:\d\d:\d\d \S+/TIME/g;
	$text =~ s/ as \w+,/ as ROLE,/g;
	$text =~ s/PostgreSQL\s+[\w.]+/PostgreSQL VERSION/g;
	return $text;
}

# ---- views ----

is(query('SELECT * FROM ct_explorations ORDER BY run_id') =~ s/\d{4}-\d\d-\d\d [\d:.+]+/TIME/gr, <<'END' =~ s/\n\z//r, 'ct_explorations');
1|2|inside|9|6|0|0|4|0|0||t|2|TIME|1234.6|3|f|6|0|0|t||ticket.id, ticket.made_at|Tables event and ticket were copied, with 3 rows.
The state is brought back by page images.
2|3|statement|28312|28311|0|1|0|12|0|2|f|0|TIME|900|77|f|8311|20000|5|f|duration||
3|8|inside|1|1|0|0|0|0|0||f|0||||f|0|0|0|t|executions||
END
is(query('SELECT * FROM ct_permutations'), <<'END' =~ s/\n\z//r, 'ct_permutations');
1|not_serial|||4|{1,2,2,1}|1|1|no serial order of the sessions leaves this state|1, 2|event: (1,1)
event: (2,0)|event: (1,2)
event: (2,0)
1|pass|||2|{1,1,2,2}|0|2||||
2|deadlock||40P01|12|{1,2,3,1,2}|2|1|session 1 met a deadlock|||
2|check|money_is_kept||1|{1,2,3}|0|2|check "money_is_kept" found a row: (199)|||
END
is(query('SELECT run_id, result, check_name, position, session, function, line, event, waits_for, rows, first_row, error, conflicts, place FROM ct_steps'),
	<<'END' =~ s/\n\z//r, 'ct_steps');
1|not_serial||1|1|buy_ticket(integer,integer)|5|ran||1|(0)||t|1
1|not_serial||2|2|buy_ticket(integer,integer)|5|ran||1|(0)||f|1
1|not_serial||3|2|buy_ticket(integer,integer)|9|ran||1|||t|1
1|not_serial||4|1|buy_ticket(integer,integer)|9|ran||1|||f|1
1|pass||1|1||1|ran||1|(t)||f|2
2|deadlock||1|1||1|ran||1|||f|1
2|deadlock||2|2||1|ran||1|||f|1
2|deadlock||3|3||1|ran||1|(200)||f|1
2|deadlock||4|1||2|waits|2||||f|1
2|deadlock||5|2||2|error||||deadlock detected|f|1
2|deadlock||6|1||2|goes on||1|||f|1
2|check|money_is_kept|1|1||1|ran||1|(1)||f|2
END
is(query(q{SELECT run_id, mode, verdict, workers, deadlocks, anomalies, max_tries,
		num_nonnulls(transactions, tps, failed, retries, mean_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms, tps_low,
			tps_high, overlapped, waited, met, contended, orders_seen, orders_possible, barrier_breaks) AS measured
		FROM ct_runs}), <<'END' =~ s/\n\z//r, 'ct_runs: nothing is said of what is measured under load');
1|explore|fail|2|0|4||0
2|explore|fail|3|12|13||0
3|explore|inconclusive|8|0|0||0
END

# ---- who sees them ----

for my $view (qw(ct_explorations ct_permutations ct_steps))
{
	is($node->safe_psql('postgres', "SELECT count(*) > 0 FROM $view", extra_params => [ '-U', 'watcher' ]), 't', "$view: shown to pg_read_all_stats");
	is($node->safe_psql('postgres', "SELECT count(*) FROM $view", extra_params => [ '-U', 'stranger' ]), '0', "$view: not shown to a stranger");
}

# ---- reports ----

is(report(1, 'text'), expected(1), 'text: functions, values, the conflict, both states');
is(report(2, 'text'), expected(2), 'text: three columns, waits, a deadlock, what was drawn');
my @long = grep { length > 98 } map { split /\n/, query("SET client_encoding = 'SQL_ASCII'; SELECT ct_report($_)") } 1 .. 3;
is(scalar @long, 0, 'text: within 100 columns as psql shows them') or diag(join "\n", @long);

my $markdown = report(1, 'markdown');
like($markdown, qr/^\| step \| session 1 \| session 2 \|\n\| --- \| --- \| --- \|\n\| 1 \\\* \| `buy_ticket line 5: SELECT sold INTO n FROM event WHERE id = event_id`<br>-\\> \(0\) \|  \|$/m,
	'markdown: a column for each session');
like($markdown, qr/^\| the tables at its end \| one after the other: 1, 2 \|\n\| --- \| --- \|\n\| `event: \(1,1\)` \| `event: \(1,2\)` \|$/m,
	'markdown: both states');

is(query(q{SELECT jsonb_array_length(j -> 'explorations'), jsonb_array_length(j -> 'permutations'), jsonb_array_length(j -> 'steps'),
		j #>> '{permutations,0,permutation}', j #>> '{run,mode}'
		FROM (SELECT ct_report(1, 'json')::jsonb) AS r (j)}), '1|2|5|[1, 2, 2, 1]|explore', 'json: a list of each kind of row');

# ---- and to an end ----

query('SELECT ct_prune(interval \'0\')');
is(query('SELECT (SELECT count(*) FROM ct_explorations) + (SELECT count(*) FROM ct_permutations) + (SELECT count(*) FROM ct_steps)'),
	'0', 'ct_prune removes them');
$node->stop;

done_testing();
