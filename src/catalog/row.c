/*
 * row.c
 *		The parameters of a statement on the extension's tables.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "src/catalog/catalog.h"
#include "src/catalog/row.h"

void
ct_row_add(CtRow *row, Oid type, Datum value, bool isnull)
{
	if (row->n >= CT_ROW_MAX)
		elog(ERROR, "too many parameters of a statement");
	row->types[row->n] = type;
	row->values[row->n] = isnull ? (Datum) 0 : value;
	row->nulls[row->n] = isnull ? 'n' : ' ';
	row->n++;
}

void
ct_row_add_text(CtRow *row, const char *value)
{
	ct_row_add(row, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

void
ct_row_add_int32(CtRow *row, int32 value, bool isnull)
{
	ct_row_add(row, INT4OID, Int32GetDatum(value), isnull);
}

void
ct_row_add_int64(CtRow *row, int64 value, bool isnull)
{
	ct_row_add(row, INT8OID, Int64GetDatum(value), isnull);
}

void
ct_row_add_double(CtRow *row, double value, bool isnull)
{
	ct_row_add(row, FLOAT8OID, Float8GetDatum(value), isnull);
}

void
ct_row_add_bool(CtRow *row, bool value)
{
	ct_row_add(row, BOOLOID, BoolGetDatum(value), false);
}

void
ct_row_add_texts(CtRow *row, ArrayType *array)
{
	if (array == NULL)
		array = construct_empty_array(TEXTOID);
	ct_row_add(row, TEXTARRAYOID, PointerGetDatum(array), false);
}

uint64
ct_row_execute(CtRow *row, const char *sql, bool read_only)
{
	ct_catalog_execute(sql, row->n, row->types, row->values, row->nulls, read_only);
	row->n = 0;
	return SPI_processed;
}
