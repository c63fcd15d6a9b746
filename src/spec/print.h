/*
 * print.h
 *		Results and messages as isolationtester prints them, which is as libpq
 *		does.
 */
#ifndef CT_SPEC_PRINT_H
#define CT_SPEC_PRINT_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

/* what a statement returned */
typedef struct CtSpecRows
{
	int			ncolumns;
	char	  **names;
	List	   *rows;			/* of char *[ncolumns], NULL for a null */
} CtSpecRows;

/* an error or a notice; NULL or 0: it has no such field */
typedef struct CtSpecMessage
{
	const char *severity;
	const char *sqlstate;
	const char *primary;
	const char *detail;
	const char *hint;
	const char *context;
	const char *internal_query;
	int			position;		/* in the statement, in characters, from 1 */
	int			internal_position;
} CtSpecMessage;

/* Columns aligned, by bytes; nothing for rows without columns. */
extern void ct_spec_print_rows(StringInfo to, const CtSpecRows *rows);

/*
 * A message with all that it says, each on lines of its own: for an error its
 * context too.  query is the statement.
 */
extern void ct_spec_print_message(StringInfo to, const CtSpecMessage *message, const char *query,
								  bool with_context);

#endif							/* CT_SPEC_PRINT_H */
