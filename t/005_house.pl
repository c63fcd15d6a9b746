# The sources are as the house has them: each of scripts/lint's checks finds nothing here, and does
# find what it is there to find, in a small tree where everything is wrong.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Path qw(make_path);
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/..";
plan skip_all => 'no scripts/lint here' unless -x "$root/scripts/lint";

# What is wrong, and what is said of it.
my %wrong = (
	'ct_ext.control' => "default_version = '1.1'\n",
	'META.json' => "{\n\t\"version\": \"1.0.0\"\n}\n",
	'CHANGELOG.md' => "## 1.0\n",
	'src/base/up.c' => <<'END' =~ s/BLANK/ /gr,
/*
 * up.c
 *		A file that does what none should.
 */
#include "postgres.h"

#include "utils/guc.h"
#include "miscadmin.h"

#include "api/bad.h"

// a remark
const char *sql = "SELECT 1 FROM @ct_result";
#if PG_VERSION_NUM > 160000
#endif
PG_FUNCTION_INFO_V1(up);
static int
up(void)
{
BLANKBLANKBLANKBLANKreturn 1;BLANK
}
List *names = stringToQualifiedNameList("a.b");
END
	'src/base/ct_compat.h' => <<'END',
/*
 * ct_compat.h
 *		What differs.
 */
#ifndef CT_COMPAT_H
#define CT_COMPAT_H
#if PG_VERSION_NUM >= 160000
#define ct_qualified_names(text)	stringToQualifiedNameList(text, NULL)
#else
#define ct_qualified_names(text)	stringToQualifiedNameList(text)
#endif
#endif							/* CT_COMPAT_H */
END
	'src/loose.c' => "#include \"postgres.h\"\n" . "int x;\n" x 900,
	'api/bad.h' => "/*\n * bad.h\n *\t\tA header that needs another one.\n */\n#ifndef BAD_H\n#define BAD_H\nextern NoSuchType bad;\n#endif\n",
	'scripts/bad' => "#!/bin/bash\n# It leaves a variable without quotes, and a trace.\ncat \$1 " . "/ho" . "me/me/notes " . "http:" . "//mirror.example.net/x\n",
	't/bad.pl' => "# It doesn't compile.\nuse strict;\n\$x = 1;\n");
my %said = (
	layers => [ 'src/base/up.c:10: includes api/bad.h', 'src/loose.c:1: stands on no floor' ],
	rooms => [ 'src/loose.c:1: stands loose', 'src/loose.c:901: 901 lines' ],
	catalog => ['src/base/up.c:13: @ct_result in its SQL'],
	headers => ['api/bad.h:1: does not compile alone: error: unknown type name'],
	versions => [ 'META.json:1: not version 1.1.0', 'CHANGELOG.md:1: nothing', 'src/base/up.c:14: tests', 'src/base/up.c:16: is called', 'src/base/up.c:22: stringToQualifiedNameList differs' ],
	includes => ['src/base/up.c:8: "miscadmin.h" comes before'],
	comments => [ 'src/base/up.c:12: // comment', 'src/loose.c:1: does not begin' ],
	indent => ['src/base/up.c:'],
	blanks => [ 'src/base/up.c:20: ends in blanks', 'src/base/up.c:20: spaces' ],
	shell => ['scripts/bad:3: note: Double quote'],
	perl => ['t/bad.pl:3: Global symbol'],
	places => [ 'scripts/bad:3: names /ho' . 'me/me/notes', 'scripts/bad:3: sends to mirror.example.net' ]);

my $tree = PostgreSQL::Test::Utils::tempdir;
foreach my $file (sort keys %wrong)
{
	make_path("$tree/" . ($file =~ s,/?[^/]*$,,r));
	append_to_file("$tree/$file", $wrong{$file});
}
copy("$root/scripts/lint", "$tree/scripts/lint");

my @checks = split /\n/, `perl $root/scripts/lint --list`;
cmp_ok(scalar @checks, '>=', 12, 'there are checks');
foreach (@checks)
{
	my ($check, $what) = split ' ', $_, 2;
	my $found = `perl $root/scripts/lint $check 2>&1`;
	my $status = $?;

  SKIP:
	{
		skip $found =~ s/\n\z//r, 1 if $found =~ /\A\Q$check\E: left out, .*\n\z/;
		ok($status == 0 && $found eq '', $what) or diag($found);
		next unless $said{$check};
		$found = `perl $tree/scripts/lint $check 2>&1`;
		skip $found =~ s/\n\z//r, 1 if $found =~ /\A\Q$check\E: left out, .*\n\z/;
		my @missed = grep { index("\n$found", "\n$_") < 0 } @{ $said{$check} };
		ok(!@missed, "$check: it finds what is wrong") or diag("not said: @missed\nbut:\n$found");
	}
}

done_testing();
