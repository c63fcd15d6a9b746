/*
 * rows_unit.c
 *		The declarations of rows of results against the catalog: what is declared
 *		in C is what the tables and the views have.
 *
 * Needs the extension in the worker's database.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "src/catalog/catalog.h"
#include "src/report/report.h"
#include "src/results/rows.h"
#include "t/units/units.h"

/* One value, a text, of a query on a relation of the extension's schema, which is $1. */
static const char *
rows_ask(const char *sql, const char *relation)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1];
	char	   *value;

	values[0] = CStringGetTextDatum(relation ? relation : "");
	ct_catalog_execute(sql, 1, types, values, NULL, true);
	value = SPI_processed == 1 ? SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1) : NULL;
	return value ? value : "";
}

#define OF_RELATION \
	" FROM pg_attribute WHERE attrelid = (SELECT c.oid FROM pg_class c JOIN pg_extension e" \
	" ON e.extnamespace = c.relnamespace WHERE e.extname = 'ct_ext' AND c.relname = $1)" \
	" AND attnum > 0 AND NOT attisdropped AND attname <> 'run_id'"

#define NAME_AND_TYPE	"quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)"

/* What is declared of the table, or of the view, in the form that the queries have. */
static const char *
rows_declared(const CtRowSet *set, int flag)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < set->ncolumns; i++)
	{
		const CtRowColumn *column = &set->columns[i];

		if ((column->flags & flag) != 0)
			appendStringInfo(&buf, "%s%s %s%s", buf.len > 0 ? ", " : "", quote_identifier(column->name),
							 ct_column_type_name(column->type),
							 flag == CT_STORED && (column->flags & CT_NOT_NULL) ? " NOT NULL" : "");
	}
	return buf.data;
}

static void
rows_compare_table(const CtRowKind *kind)
{
	unit_is(rows_ask("SELECT string_agg(" NAME_AND_TYPE
					 " || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY attnum)" OF_RELATION,
					 kind->set.table),
			rows_declared(&kind->set, CT_STORED),
			psprintf("table %s has the columns that are declared, in that order", kind->set.table));
}

static void
rows_compare_view(const CtRowKind *kind)
{
	unit_is(rows_ask("SELECT string_agg(" NAME_AND_TYPE ", ', ' ORDER BY attnum)" OF_RELATION, kind->set.view),
			rows_declared(&kind->set, CT_SHOWN),
			psprintf("view %s has the columns that are declared, in that order", kind->set.view));
}

/* Each is read by reports, or says why not. */
static void
rows_compare_reading(const CtRowKind *kind)
{
	bool		reads = ct_report_loads(kind);

	unit_ok(reads == (kind->unread == NULL), reads ?
			"reports read %s" : "reports don't read %s, for a reason", kind->key);
}

/* Views with a column run_id that are no kind of row, but are of the run itself. */
#define NO_KINDS	"'{ct_progress, ct_regressions, ct_runs, ct_schedules, ct_trends, ct_visible_result}'"

static void
rows_compare_kinds(void)
{
	StringInfoData views;
	int			i;
	int			j;

	initStringInfo(&views);
	for (i = 0; i < ct_nrow_kinds; i++)
	{
		appendStringInfo(&views, "%s%s", i > 0 ? "," : "{", ct_row_kinds[i]->set.view);
		for (j = 0; j < i; j++)
			if (strcmp(ct_row_kinds[i]->key, ct_row_kinds[j]->key) == 0)
				unit_ok(false, "two kinds have the key %s", ct_row_kinds[i]->key);
	}
	appendStringInfoChar(&views, '}');
	unit_is(rows_ask("SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_class c"
					 " JOIN pg_extension e ON e.extnamespace = c.relnamespace AND e.extname = 'ct_ext'"
					 " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'run_id'"
					 " WHERE c.relkind = 'v' AND c.relname ~ '^ct_'"
					 " AND c.relname <> ALL ($1::text[] || " NO_KINDS "::text[])", views.data),
			"", "there is no other view of a run's rows");
}

void
unit_rows(void)
{
	CtCatalogScope scope;
	int			i;

	StartTransactionCommand();
	ct_catalog_enter(&scope);
	for (i = 0; i < ct_nrow_kinds; i++)
	{
		if (ct_row_kinds[i]->set.table != NULL)
			rows_compare_table(ct_row_kinds[i]);
		rows_compare_view(ct_row_kinds[i]);
		rows_compare_reading(ct_row_kinds[i]);
	}
	rows_compare_kinds();
	ct_catalog_leave(&scope);
	CommitTransactionCommand();
}
