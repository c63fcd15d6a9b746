#!/bin/sh
# Runs a suite, and keeps its reports: junit.xml for the CI server, report.html for people, and
# report.md. Exit status 0 if every scenario came to what is expected of it.
#
# usage: run-suite.sh CATEGORY [FOLDER]
#
# Where the database is say PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
set -eu

category=${1:?"which category?"}
folder=${2:-reports}
mkdir -p "$folder"

psql -X -v ON_ERROR_STOP=1 -v category="$category" -v folder="$folder" <<'SQL'
CREATE TEMPORARY TABLE suite AS SELECT * FROM ct_run_all(category => :'category');
SELECT array_agg(run_id ORDER BY run_id) AS runs FROM suite WHERE run_id IS NOT NULL \gset
\pset format unaligned
\pset tuples_only on
SELECT ct_report(:'runs'::bigint[], 'junit') \g :folder/junit.xml
SELECT ct_report(:'runs'::bigint[], 'html') \g :folder/report.html
SELECT ct_report(:'runs'::bigint[], 'markdown') \g :folder/report.md
\pset format aligned
\pset tuples_only off
SELECT scenario, variant, expected_verdict, verdict, as_expected, run_id FROM suite;
DO $$
BEGIN
	IF EXISTS (SELECT FROM suite WHERE NOT as_expected) THEN
		RAISE 'not all came to what is expected of them';
	END IF;
END $$;
SQL
