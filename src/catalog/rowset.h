/*
 * rowset.h
 *		Kinds of rows: how a C struct, a table of the extension's and the view
 *		that shows it hang together, in one list of columns.
 *
 * A set of rows is declared once; rows are then written into its table and
 * read from its view by what is declared, and no statement is spelled out
 * anywhere.  The kinds that there are stand in src/results/rows.c;
 * t/units/rows_unit.c compares them with the catalog.
 *
 * Null: a text that is NULL, a float that is NaN, a time that is 0, and an
 * integer that is negative are null in the table, and null is read as the
 * same (integers as -1).  In a column that is CT_NOT_NULL they are values.
 */
#ifndef CT_ROWSET_H
#define CT_ROWSET_H

#include "lib/stringinfo.h"

/* with the C type of the struct's member */
typedef enum CtColumnType
{
	CT_BOOL,					/* bool; null is read as false */
	CT_INT4,					/* int */
	CT_INT8,					/* int64 */
	CT_FLOAT8,					/* double */
	CT_TEXT,					/* const char * */
	CT_JSONB,					/* const char *, its text */
	CT_TIME,					/* TimestampTz */
	CT_INT4S,					/* CtArray of int */
	CT_FLOAT8S,					/* ... of double; what follows is written only */
	CT_BOOLS,					/* ... of bool */
	CT_INT8S					/* ... of int64 */
} CtColumnType;

/* bytes that are kept of what a user can make as long as they like; it is cut, with a mark */
#define CT_MAX_KEPT		8192

/* a column whose value is an array; the elements are the caller's */
typedef struct CtArray
{
	int			n;
	const void *elements;
} CtArray;

/* where a column is */
#define CT_STORED		0x01	/* in the table */
#define CT_SHOWN		0x02	/* in the view */
#define CT_BOTH			(CT_STORED | CT_SHOWN)
#define CT_NOT_NULL		0x04	/* declared so in the table */
#define CT_CLIPPED		0x08	/* to CT_MAX_KEPT */
#define CT_LISTED		0x10	/* in json: a list, of all rows that have the other columns in common */
#define CT_NOT_IN_JSON	0x20

typedef struct CtRowColumn
{
	const char *name;			/* in SQL, and of the struct's member */
	CtColumnType type;
	int			offset;			/* of the member; negative: there is none, it is only shown */
	int			flags;
	const char *key;			/* in json, if it isn't the name */
} CtRowColumn;

/* Where a member is; doesn't compile if it is of another type than the column's. */
#ifdef HAVE__BUILTIN_TYPES_COMPATIBLE_P
#define CT_MEMBER(row, member, ctype) \
	(offsetof(row, member) + \
	 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((row *) NULL)->member), ctype) ? 1 : -1]))
#else
#define CT_MEMBER(row, member, ctype)	offsetof(row, member)
#endif

#define CT_COLUMN(row, member, ctype, type, ...) \
	{#member, type, CT_MEMBER(row, member, ctype), __VA_ARGS__}

/* a column for a member of a row's struct; then its flags, and what else it needs */
#define CT_BOOL_COLUMN(row, member, ...)	CT_COLUMN(row, member, bool, CT_BOOL, __VA_ARGS__)
#define CT_INT4_COLUMN(row, member, ...)	CT_COLUMN(row, member, int, CT_INT4, __VA_ARGS__)
#define CT_INT8_COLUMN(row, member, ...)	CT_COLUMN(row, member, int64, CT_INT8, __VA_ARGS__)
#define CT_FLOAT8_COLUMN(row, member, ...)	CT_COLUMN(row, member, double, CT_FLOAT8, __VA_ARGS__)
#define CT_TEXT_COLUMN(row, member, ...)	CT_COLUMN(row, member, const char *, CT_TEXT, __VA_ARGS__)
#define CT_JSONB_COLUMN(row, member, ...)	CT_COLUMN(row, member, const char *, CT_JSONB, __VA_ARGS__)
#define CT_TIME_COLUMN(row, member, ...)	CT_COLUMN(row, member, TimestampTz, CT_TIME, __VA_ARGS__)
#define CT_ARRAY_COLUMN(row, member, type, ...)	CT_COLUMN(row, member, CtArray, type, __VA_ARGS__)

/* what only the view has, and no struct */
#define CT_VIEW_COLUMN(name, type, ...)		{name, type, -1, CT_SHOWN | __VA_ARGS__}

typedef struct CtRowSet
{
	const char *table;			/* without schema; has run_id besides; NULL: nothing is stored */
	const char *view;			/* the same; NULL: nothing is shown */
	const char *order;			/* of the view's rows, in SQL: what they are listed by */
	const char *query;			/* or NULL; read instead of the view, with the run's id as $1 */
	int			limit;			/* rows that are read at most; 0: all */
	Size		size;			/* of the struct; 0: there is none */
	int			ncolumns;
	const CtRowColumn *columns; /* in their order; run_id is not among them */
} CtRowSet;

/* "bigint" of CT_INT8 */
extern const char *ct_column_type_name(CtColumnType type);

/* The array, of a type whose values are one, as SQL has it; palloc'd. */
extern Datum ct_array_datum(CtColumnType type, const CtArray *array);

/* ---- within ct_catalog_enter and ct_catalog_leave ---- */

/*
 * Rows on their way into the table.  Put as many as there are, a struct each
 * that is only needed until put returns; then insert writes them all in one
 * statement and ends the writer.  Memory: what exceeds work_mem is on disk.
 */
typedef struct CtRowWriter CtRowWriter;

extern CtRowWriter *ct_rowset_writer(const CtRowSet *set);
extern void ct_rowset_put(CtRowWriter *writer, const void *row);
extern void ct_rowset_insert(CtRowWriter *writer, int64 run_id);

/* ---- with SPI, as the role that is to see them ---- */

/*
 * A run's rows, as an array of the set's structs, palloc'd with all they
 * point to; *n says how many.
 */
extern void *ct_rowset_read(const CtRowSet *set, int64 run_id, int *n);

/* The same of a set that has a query, with another $1 than a run's id. */
extern void *ct_rowset_read_by(const CtRowSet *set, Oid type, Datum value, int *n);

/*
 * Appends an SQL expression that makes a jsonb array, never null, of the rows
 * that the view shows of run $1.
 */
extern void ct_rowset_append_json(StringInfo sql, const CtRowSet *set);

#endif							/* CT_ROWSET_H */
