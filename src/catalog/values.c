/*
 * values.c
 *		Values by the names of their columns.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "src/catalog/catalog.h"
#include "src/catalog/values.h"

void
ct_values_add(CtValues *values, const char *name, Oid type, Datum value, bool isnull)
{
	int			n = values->row.n;

	ct_row_add(&values->row, type, value, isnull);
	values->names[n] = name;
}

void
ct_values_int32(CtValues *values, const char *name, int32 value)
{
	ct_values_add(values, name, INT4OID, Int32GetDatum(value), false);
}

void
ct_values_int64(CtValues *values, const char *name, int64 value)
{
	ct_values_add(values, name, INT8OID, Int64GetDatum(value), false);
}

void
ct_values_bool(CtValues *values, const char *name, bool value)
{
	ct_values_add(values, name, BOOLOID, BoolGetDatum(value), false);
}

void
ct_values_text(CtValues *values, const char *name, const char *value)
{
	ct_values_add(values, name, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

void
ct_values_double(CtValues *values, const char *name, double value)
{
	ct_values_add(values, name, FLOAT8OID, Float8GetDatum(value), isnan(value));
}

void
ct_values_time(CtValues *values, const char *name, TimestampTz value)
{
	ct_values_add(values, name, TIMESTAMPTZOID, TimestampTzGetDatum(value), value == 0);
}

int64
ct_values_insert(CtValues *values, const char *table, const char *returning)
{
	StringInfoData sql;
	bool		isnull;
	int			i;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO @%s (", table);
	for (i = 0; i < values->row.n; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", quote_identifier(values->names[i]));
	appendStringInfoString(&sql, ") VALUES (");
	for (i = 0; i < values->row.n; i++)
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfo(&sql, ") RETURNING %s", quote_identifier(returning));
	if (ct_row_execute(&values->row, sql.data, false) != 1)
		elog(ERROR, "could not insert a row into %s", table);
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

void
ct_values_update(CtValues *values, const char *table, const char *key, int64 value)
{
	StringInfoData sql;
	int			i;

	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE @%s SET ", table);
	for (i = 0; i < values->row.n; i++)
		appendStringInfo(&sql, "%s%s = $%d", i > 0 ? ", " : "", quote_identifier(values->names[i]), i + 1);
	appendStringInfo(&sql, " WHERE %s = $%d", quote_identifier(key), values->row.n + 1);
	ct_row_add_int64(&values->row, value, false);
	(void) ct_row_execute(&values->row, sql.data, false);
}
