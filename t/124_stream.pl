# The workers' streams (bgworker/shm/stream.c): a ring in shared memory, of which neither end waits
# for the other. It knows no database, so a small program does, and two processes of it.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/..";
my $config = $ENV{PG_CONFIG} // 'pg_config';
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($include) = run_command([ $config, '--includedir-server' ]);

# where assertions are on, what they call
append_to_file("$dir/assert.c", "void abort(void);\nvoid ExceptionalCondition(void) { abort(); }\n");
my ($error) = (run_command([ 'cc', '-O2', "-I$root", "-I$include", '-o', "$dir/stream", "$root/t/stream/stream_test.c",
	"$root/bgworker/shm/stream.c", "$dir/assert.c" ]))[1];
is($error, '', 'it compiles without a server');

my @lines = split /\n/, (run_command([ "$dir/stream", 1000000 ]))[0];
my $last = pop @lines // '';
for (@lines)
{
	my ($not, $what) = /^(not )?ok (.*)/ or (note($_), next);
	ok(!$not, $what);
}
is($last, 'done', 'it came to its end');

done_testing();
