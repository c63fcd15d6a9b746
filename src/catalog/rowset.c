/*
 * rowset.c
 *		Writes and reads rows by their declaration.
 *
 * The rows of a table are inserted by one statement, however many they are:
 * they are collected in a tuplestore, which that statement reads as if it were
 * a table ("an ephemeral named relation", as a trigger's transition table is).
 * So a statement is parsed and planned once per table, not per row, and
 * columns may be of any type, arrays as well.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/queryenvironment.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "src/base/ct_compat.h"
#include "src/base/text.h"
#include "src/catalog/catalog.h"
#include "src/catalog/rowset.h"

/* the collected rows' name in the statement that inserts them */
#define ROWS_NAME	"ct_rows"

typedef struct CtTypeInfo
{
	Oid			type;
	const char *name;

	/* of an array's elements */
	Oid			element;
	int			length;
	bool		byval;
	char		align;
} CtTypeInfo;

static const CtTypeInfo type_info[] = {
	[CT_BOOL] = {BOOLOID, "boolean"},
	[CT_INT4] = {INT4OID, "integer"},
	[CT_INT8] = {INT8OID, "bigint"},
	[CT_FLOAT8] = {FLOAT8OID, "double precision"},
	[CT_TEXT] = {TEXTOID, "text"},
	[CT_JSONB] = {JSONBOID, "jsonb"},
	[CT_TIME] = {TIMESTAMPTZOID, "timestamp with time zone"},
	[CT_BOOLS] = {BOOLARRAYOID, "boolean[]", BOOLOID, sizeof(bool), true, TYPALIGN_CHAR},
	[CT_INT4S] = {INT4ARRAYOID, "integer[]", INT4OID, sizeof(int32), true, TYPALIGN_INT},
	[CT_INT8S] = {INT8ARRAYOID, "bigint[]", INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE},
	[CT_FLOAT8S] = {FLOAT8ARRAYOID, "double precision[]", FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE},
};

struct CtRowWriter
{
	const CtRowSet *set;
	MemoryContext context;		/* the writer's own */
	MemoryContext row_context;	/* of the row that is being put */
	TupleDesc	desc;			/* of the columns that are stored, in their order */
	Tuplestorestate *store;
	int64		n;
};

const char *
ct_column_type_name(CtColumnType type)
{
	return type_info[type].name;
}

/* ---- writing ---- */

Datum
ct_array_datum(CtColumnType type, const CtArray *array)
{
	const CtTypeInfo *info = &type_info[type];
	Datum	   *elements = palloc(Max(array->n, 1) * sizeof(Datum));
	int			i;

	for (i = 0; i < array->n; i++)
	{
		switch (type)
		{
			case CT_BOOLS:
				elements[i] = BoolGetDatum(((const bool *) array->elements)[i]);
				break;
			case CT_INT4S:
				elements[i] = Int32GetDatum(((const int *) array->elements)[i]);
				break;
			case CT_INT8S:
				elements[i] = Int64GetDatum(((const int64 *) array->elements)[i]);
				break;
			default:
				elements[i] = Float8GetDatum(((const double *) array->elements)[i]);
				break;
		}
	}
	return PointerGetDatum(construct_array(elements, array->n, info->element, info->length,
										   info->byval, info->align));
}

/* The value of a row's column, by the conventions of null. */
static Datum
rowset_value(const CtRowColumn *column, const void *row, bool *isnull)
{
	const void *member = (const char *) row + column->offset;
	Datum		value = (Datum) 0;

	*isnull = false;
	switch (column->type)
	{
		case CT_BOOL:
			value = BoolGetDatum(*(const bool *) member);
			break;
		case CT_INT4:
			value = Int32GetDatum(*(const int *) member);
			*isnull = *(const int *) member < 0;
			break;
		case CT_INT8:
			value = Int64GetDatum(*(const int64 *) member);
			*isnull = *(const int64 *) member < 0;
			break;
		case CT_FLOAT8:
			value = Float8GetDatum(*(const double *) member);
			*isnull = isnan(*(const double *) member);
			break;
		case CT_TIME:
			value = TimestampTzGetDatum(*(const TimestampTz *) member);
			*isnull = *(const TimestampTz *) member == 0;
			break;
		case CT_TEXT:
		case CT_JSONB:
			{
				const char *text = *(const char *const *) member;

				if (text == NULL)
				{
					*isnull = true;
					return value;	/* also where the table doesn't have it: let it say so */
				}
				if (column->flags & CT_CLIPPED)
					text = ct_clip_text(text, CT_MAX_KEPT);
				value = column->type == CT_TEXT ? CStringGetTextDatum(text) :
					DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
				break;
			}
		default:
			value = ct_array_datum(column->type, member);
			break;
	}
	if (column->flags & CT_NOT_NULL)
		*isnull = false;
	return value;
}

CtRowWriter *
ct_rowset_writer(const CtRowSet *set)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext rows",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext save = MemoryContextSwitchTo(context);
	CtRowWriter *writer = palloc0(sizeof(CtRowWriter));
	int			n = 0;
	int			i;

	writer->set = set;
	writer->context = context;
	writer->row_context = AllocSetContextCreate(context, "ct_ext row", ALLOCSET_DEFAULT_SIZES);
	for (i = 0; i < set->ncolumns; i++)
		n += (set->columns[i].flags & CT_STORED) != 0;
	writer->desc = CreateTemplateTupleDesc(n);
	for (i = n = 0; i < set->ncolumns; i++)
	{
		const CtRowColumn *column = &set->columns[i];

		if (column->flags & CT_STORED)
			TupleDescInitEntry(writer->desc, ++n, column->name, type_info[column->type].type, -1, 0);
	}
	ct_tupdesc_finalize(writer->desc);
	writer->store = tuplestore_begin_heap(false, false, work_mem);
	MemoryContextSwitchTo(save);
	return writer;
}

void
ct_rowset_put(CtRowWriter *writer, const void *row)
{
	Datum		values[MaxHeapAttributeNumber];
	bool		isnull[MaxHeapAttributeNumber];
	MemoryContext save;
	int			n = 0;
	int			i;

	MemoryContextReset(writer->row_context);
	save = MemoryContextSwitchTo(writer->row_context);
	for (i = 0; i < writer->set->ncolumns; i++)
	{
		const CtRowColumn *column = &writer->set->columns[i];

		if (!(column->flags & CT_STORED))
			continue;
		values[n] = rowset_value(column, row, &isnull[n]);
		n++;
	}
	MemoryContextSwitchTo(writer->context);
	tuplestore_putvalues(writer->store, writer->desc, values, isnull);
	MemoryContextSwitchTo(save);
	writer->n++;
}

/* Executes the statement with the collected rows at hand. */
static void
rowset_execute(CtRowWriter *writer, const char *sql, int64 run_id)
{
	EphemeralNamedRelation rows = palloc0(sizeof(EphemeralNamedRelationData));
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	int			rc;

	rows->md.name = ROWS_NAME;
	rows->md.reliddesc = InvalidOid;
	rows->md.tupdesc = writer->desc;
	rows->md.enrtype = ENR_NAMED_TUPLESTORE;
	rows->md.enrtuples = (double) writer->n;
	rows->reldata = writer->store;
	rc = SPI_register_relation(rows);
	if (rc != SPI_OK_REL_REGISTER)
		elog(ERROR, "SPI_register_relation: %s", SPI_result_code_string(rc));

	values[0] = Int64GetDatum(run_id);
	ct_catalog_execute(sql, 1, types, values, NULL, false);

	rc = SPI_unregister_relation(ROWS_NAME);
	if (rc != SPI_OK_REL_UNREGISTER)
		elog(ERROR, "SPI_unregister_relation: %s", SPI_result_code_string(rc));
}

void
ct_rowset_insert(CtRowWriter *writer, int64 run_id)
{
	StringInfoData columns;
	int			i;

	if (writer->n > 0)
	{
		initStringInfo(&columns);
		for (i = 0; i < writer->desc->natts; i++)
			appendStringInfo(&columns, ", %s",
							 quote_identifier(NameStr(TupleDescAttr(writer->desc, i)->attname)));
		rowset_execute(writer,
					   psprintf("INSERT INTO @%s (run_id%s) SELECT $1%s FROM " ROWS_NAME,
								writer->set->table, columns.data, columns.data),
					   run_id);
	}
	tuplestore_end(writer->store);
	MemoryContextDelete(writer->context);
}

/* ---- reading ---- */

/* Is it a column that the struct has a place for? */
static bool
rowset_is_read(const CtRowColumn *column)
{
	return (column->flags & CT_SHOWN) != 0 && column->offset >= 0;
}

/* The query for all that is read of the view. */
static char *
rowset_query(const CtRowSet *set)
{
	StringInfoData sql;
	const char *comma = "";
	int			i;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (i = 0; i < set->ncolumns; i++)
	{
		if (!rowset_is_read(&set->columns[i]))
			continue;
		appendStringInfo(&sql, "%s%s", comma, quote_identifier(set->columns[i].name));
		comma = ", ";
	}
	appendStringInfo(&sql, " FROM @%s WHERE run_id = $1 ORDER BY %s", set->view, set->order);
	if (set->limit > 0)
		appendStringInfo(&sql, " LIMIT %d", set->limit);
	return sql.data;
}

/* null is read as none */
static CtArray
rowset_read_array(CtColumnType type, ArrayType *array)
{
	const CtTypeInfo *info = &type_info[type];
	CtArray		read = {0};
	Datum	   *elements;
	int		   *ints = NULL;
	double	   *floats = NULL;
	int			i;

	if (array == NULL)
		return read;
	deconstruct_array(array, info->element, info->length, info->byval, info->align, &elements, NULL, &read.n);
	if (type == CT_INT4S)
		read.elements = ints = palloc(Max(read.n, 1) * sizeof(int));
	else
		read.elements = floats = palloc(Max(read.n, 1) * sizeof(double));
	for (i = 0; i < read.n; i++)
	{
		if (type == CT_INT4S)
			ints[i] = DatumGetInt32(elements[i]);
		else
			floats[i] = DatumGetFloat8(elements[i]);
	}
	return read;
}

static void
rowset_store(const CtRowColumn *column, void *row, Datum value, bool isnull)
{
	void	   *member = (char *) row + column->offset;

	switch (column->type)
	{
		case CT_BOOL:
			*(bool *) member = !isnull && DatumGetBool(value);
			break;
		case CT_INT4:
			*(int *) member = isnull ? -1 : DatumGetInt32(value);
			break;
		case CT_INT8:
			*(int64 *) member = isnull ? -1 : DatumGetInt64(value);
			break;
		case CT_FLOAT8:
			*(double *) member = isnull ? NAN : DatumGetFloat8(value);
			break;
		case CT_TEXT:
			*(const char **) member = isnull ? NULL : TextDatumGetCString(value);
			break;
		case CT_JSONB:
			*(const char **) member = isnull ? NULL : DatumGetCString(DirectFunctionCall1(jsonb_out, value));
			break;
		case CT_TIME:
			*(TimestampTz *) member = isnull ? 0 : DatumGetTimestampTz(value);
			break;
		case CT_INT4S:
		case CT_FLOAT8S:
			*(CtArray *) member = rowset_read_array(column->type, isnull ? NULL : DatumGetArrayTypeP(value));
			break;
		default:
			elog(ERROR, "column \"%s\" is not one that is read", column->name);
	}
}

void *
ct_rowset_read_by(const CtRowSet *set, Oid type, Datum value, int *n)
{
	SPITupleTable *table;
	char	   *rows;
	uint64		r;
	int			i;

	ct_catalog_execute(set->query ? set->query : rowset_query(set), 1, &type, &value, NULL, true);
	table = SPI_tuptable;
	if (SPI_processed > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("view %s has too many rows of a run", set->view)));
	*n = (int) SPI_processed;
	rows = palloc_extended(Max(*n, 1) * set->size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < set->ncolumns; i++)
	{
		const CtRowColumn *column = &set->columns[i];
		int			attnum;

		if (!rowset_is_read(column))
			continue;
		attnum = SPI_fnumber(table->tupdesc, column->name);
		if (attnum <= 0 || SPI_gettypeid(table->tupdesc, attnum) != type_info[column->type].type)
			elog(ERROR, "there is no column \"%s\" of type %s to be read", column->name,
				 type_info[column->type].name);
		for (r = 0; r < *n; r++)
		{
			bool		isnull;
			Datum		field = SPI_getbinval(table->vals[r], table->tupdesc, attnum, &isnull);

			rowset_store(column, rows + r * set->size, field, isnull);
		}
	}
	SPI_freetuptable(table);
	return rows;
}

void *
ct_rowset_read(const CtRowSet *set, int64 run_id, int *n)
{
	return ct_rowset_read_by(set, INT8OID, Int64GetDatum(run_id), n);
}

/* ---- JSON ---- */

/* Calls append for each column that JSON has, with commas in between. */
static void
rowset_append_columns(StringInfo sql, const CtRowSet *set, int with, int without,
					  void (*append) (StringInfo sql, const CtRowSet *set, const CtRowColumn *column))
{
	bool		first = true;
	int			i;

	for (i = 0; i < set->ncolumns; i++)
	{
		const CtRowColumn *column = &set->columns[i];

		if ((column->flags & with) != with ||
			(column->flags & (without | CT_NOT_IN_JSON)) != 0)
			continue;
		if (!first)
			appendStringInfoString(sql, ", ");
		first = false;
		append(sql, set, column);
	}
}

static void
rowset_append_plain(StringInfo sql, const CtRowSet *set, const CtRowColumn *column)
{
	appendStringInfoString(sql, quote_identifier(column->name));
}

static void
rowset_append_value(StringInfo sql, const CtRowSet *set, const CtRowColumn *column)
{
	const char *name = quote_identifier(column->name);

	if (column->flags & CT_LISTED)
		appendStringInfo(sql, "jsonb_agg(%s ORDER BY %s)", name, set->order);
	else
		appendStringInfoString(sql, name);
	appendStringInfo(sql, " AS %s", quote_identifier(column->key ? column->key : column->name));
}

/* Is each of its rows in JSON made of several of the view's? */
static bool
rowset_is_grouped(const CtRowSet *set)
{
	int			i;

	for (i = 0; i < set->ncolumns; i++)
		if (set->columns[i].flags & CT_LISTED)
			return true;
	return false;
}

void
ct_rowset_append_json(StringInfo sql, const CtRowSet *set)
{
	appendStringInfoString(sql, "coalesce((SELECT jsonb_agg(to_jsonb(t)) FROM (SELECT ");
	rowset_append_columns(sql, set, CT_SHOWN, 0, rowset_append_value);
	appendStringInfo(sql, " FROM @%s WHERE run_id = $1", set->view);
	if (rowset_is_grouped(set))
	{
		appendStringInfoString(sql, " GROUP BY ");
		rowset_append_columns(sql, set, CT_SHOWN, CT_LISTED, rowset_append_plain);
		appendStringInfoString(sql, " ORDER BY ");
		rowset_append_columns(sql, set, CT_SHOWN, CT_LISTED, rowset_append_plain);
	}
	else
		appendStringInfo(sql, " ORDER BY %s", set->order);
	appendStringInfoString(sql, ") t), '[]')");
}
