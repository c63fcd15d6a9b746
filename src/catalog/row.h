/*
 * row.h
 *		The parameters of a statement on the extension's tables, $1 on: mostly
 *		the values of a row to write.
 */
#ifndef CT_ROW_H
#define CT_ROW_H

#include "catalog/pg_type_d.h"
#include "utils/array.h"

#define CT_ROW_MAX		40

typedef struct CtRow
{
	int			n;
	Oid			types[CT_ROW_MAX];
	Datum		values[CT_ROW_MAX];
	char		nulls[CT_ROW_MAX];	/* as SPI's: 'n' or ' ' */
} CtRow;

/* Each appends one; a row begins as {0}.  A text that is NULL is null. */
extern void ct_row_add(CtRow *row, Oid type, Datum value, bool isnull);
extern void ct_row_add_text(CtRow *row, const char *value);
extern void ct_row_add_int32(CtRow *row, int32 value, bool isnull);
extern void ct_row_add_int64(CtRow *row, int64 value, bool isnull);
extern void ct_row_add_double(CtRow *row, double value, bool isnull);
extern void ct_row_add_bool(CtRow *row, bool value);

/* an array of texts, the empty one for NULL */
extern void ct_row_add_texts(CtRow *row, ArrayType *array);

/*
 * Executes a statement with them, as ct_catalog_execute.  Returns how many
 * rows it returned or changed; the row is empty afterwards.
 */
extern uint64 ct_row_execute(CtRow *row, const char *sql, bool read_only);

#endif							/* CT_ROW_H */
