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
-- a statement of its own with nothing that reads a snapshot, so that vacuum isn't held back
SELECT array_remove(array_agg(run_id), NULL) AS runs, bool_and(as_expected) AS ok
FROM ct_run_all(category => :'category') \gset
\pset format unaligned
\pset tuples_only on
SELECT ct_report(:'runs'::bigint[], 'junit') \g :folder/junit.xml
SELECT ct_report(:'runs'::bigint[], 'html') \g :folder/report.html
SELECT ct_report(:'runs'::bigint[], 'markdown') \g :folder/report.md
\if :ok
\else
	DO $$ BEGIN RAISE 'not all came to what is expected of them'; END $$;
\endif
SQL
