/*
 * place.h
 *		What may stand in a variable's place, told by the server's grammar.
 *
 * A variable may stand for an expression, and then is a parameter.  Elsewhere
 * only a constant can stand ("PREPARE TRANSACTION :gid"), or only a name
 * ("FROM :table"), or the place is none of a variable at all ("a[1:n]").
 * Which it is, is found by trying: the grammar refuses a statement at the
 * first token that can't be, so what gets further is what belongs there.
 */
#ifndef CT_PLACE_H
#define CT_PLACE_H

#include "nodes/pg_list.h"

#include "src/script/script.h"

/* what may stand there: of STRING, NUMBER and NAME several may; GLUED and NAME: not of a number */
#define CT_PLACE_PARAMETER	0x01	/* an expression */
#define CT_PLACE_STRING		0x02	/* a string constant */
#define CT_PLACE_NUMBER		0x04	/* a numeric constant */
#define CT_PLACE_NAME		0x08
#define CT_PLACE_GLUED		0x10	/* a part of a number, or of a name: "t_:n" */
#define CT_PLACE_QUOTED		0x20	/* within quotes */
#define CT_PLACE_UNSET		0x40	/* it has no value, and stays as written */
#define CT_PLACE_NONE		0x80	/* nor is it a variable if it has one: "a[1 :n]" */

/* has the variable a value, or may it have one? */
typedef bool (*CtPresenceAsker) (void *arg, int slot);

/* why a statement is refused */
typedef struct CtPlaceProblem
{
	int			unset;			/* the variable that has no value, by its
								 * number in the statement; or -1: */
	int			sqlstate;
	const char *message;		/* which quotes the variable as it was written */
	const char *detail;			/* or NULL */
	const char *hint;			/* or NULL */
	int			offset;			/* of the place in the text, in bytes; -1 if unknown */
} CtPlaceProblem;

/*
 * Parses the statement, and finds what its variables may be, one CT_PLACE_...
 * (or several) for each of sql->refs in places.  Returns false, and what is
 * wrong, if the grammar takes it in no way.  Raises
 * ERRCODE_STATEMENT_TOO_COMPLEX where it would take too long to find out, and
 * what isn't a matter of syntax.  The trees, in which something stands for
 * each variable, and what the problem says are in the current memory context.
 */
extern bool ct_places_find(const CtSql *sql, CtPresenceAsker has_value, void *arg,
						   int *places, List **trees, CtPlaceProblem *problem);

#endif							/* CT_PLACE_H */
