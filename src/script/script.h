/*
 * script.h
 *		The script language: pgbench's, parsed once into commands.
 *
 * A script is text in pgbench's language; parsing turns it into an array of
 * commands whose variables are resolved to slots of one symbol table, shared
 * by all scripts of a run.  Nothing in this folder knows a database: whoever
 * executes a script walks the commands, sends the SQL to its session and asks
 * for expressions to be evaluated here.
 *
 * Memory: what parsing returns lives in the memory context that was current,
 * as does the symbol table.  Variables live in a context of their own.
 */
#ifndef CT_SCRIPT_H
#define CT_SCRIPT_H

#include "common/pg_prng.h"

/* ---- values and variables ---- */

typedef enum CtValueType
{
	CT_VALUE_UNSET,				/* the variable was never assigned */
	CT_VALUE_NULL,
	CT_VALUE_BOOL,
	CT_VALUE_INT,
	CT_VALUE_DOUBLE,
	CT_VALUE_TEXT				/* a result or parameter, as text; becomes a
								 * number or boolean when an expression asks,
								 * by pgbench's rules */
} CtValueType;

typedef struct CtValue
{
	CtValueType type;
	uint32		column_type;	/* of a variable's value: see
								 * ct_variables_set_column */
	union
	{
		bool		b;
		int64		i;
		double		d;
		const char *t;
	}			u;
} CtValue;

static inline CtValue
ct_value_int(int64 i)
{
	CtValue		value = {CT_VALUE_INT};

	value.u.i = i;
	return value;
}

static inline CtValue
ct_value_double(double d)
{
	CtValue		value = {CT_VALUE_DOUBLE};

	value.u.d = d;
	return value;
}

static inline CtValue
ct_value_bool(bool b)
{
	CtValue		value = {CT_VALUE_BOOL};

	value.u.b = b;
	return value;
}

static inline CtValue
ct_value_null(void)
{
	CtValue		value = {CT_VALUE_NULL};

	return value;
}

/* names to slots; grows while scripts are parsed */
typedef struct CtSymbols CtSymbols;

extern CtSymbols *ct_symbols_create(void);
extern int	ct_symbols_intern(CtSymbols *symbols, const char *name);	/* adds if new */
extern int	ct_symbols_find(const CtSymbols *symbols, const char *name);	/* -1 if none */
extern int	ct_symbols_count(const CtSymbols *symbols);
extern const char *ct_symbols_name(const CtSymbols *symbols, int slot);

/* may \set and \gset assign to it?  (a column's name need not be one) */
extern bool ct_variable_name_is_valid(const char *name);

/*
 * The values of all symbols for one client.  Text is copied in, into buffers
 * owned here, so that assigning a million times doesn't grow.
 */
typedef struct CtVariables CtVariables;

/*
 * All unset, in CurrentMemoryContext.  Symbols that are added later, as by a
 * \gset, are unset too, and may be assigned.
 */
extern CtVariables *ct_variables_create(const CtSymbols *symbols);
extern void ct_variables_set(CtVariables *vars, int slot, CtValue value);

/* the same for a result's column, whose type's OID the value then tells; of all others that is 0 */
extern void ct_variables_set_column(CtVariables *vars, int slot, CtValue value, uint32 type);
extern void ct_variables_copy(CtVariables *to, const CtVariables *from);	/* deep; same symbols */

/* valid until the slot is assigned again; UNSET where it never was */
extern const CtValue *ct_variables_get(const CtVariables *vars, int slot);

/*
 * The value as SQL input text, as pgbench writes it ("true"/"false" for
 * booleans, so that it is good as a bare word, too), NULL for null or unset;
 * valid as above or palloc'd.
 */
extern const char *ct_value_to_cstring(const CtValue *value);

/* an integer, with blanks around it allowed; false if it is none or doesn't fit */
extern bool ct_parse_int64(const char *text, int64 *result);

/* ---- expressions ---- */

typedef struct CtExpr CtExpr;

/*
 * Evaluates; raises an ERROR (undefined variable, division by zero, integer
 * out of range, wrong types ...) with an SQLSTATE.  The result is never text:
 * a variable's text becomes a number, boolean or null, or is an error.
 */
extern CtValue ct_expr_eval(const CtExpr *expr, const CtVariables *vars,
							pg_prng_state *random);
extern bool ct_value_as_bool(const CtValue *value); /* of \if; raises if it is none */

/* Is it a number of rounds: a whole one from 0 to CT_MAX_ROUNDS?  as_rounds raises if not. */
extern bool ct_value_is_rounds(const CtValue *value);
extern int	ct_value_as_rounds(const CtValue *value);
extern double ct_value_as_double(const CtValue *value); /* of \tally and \sleep; raises */

/* ---- commands ---- */

/* a :variable in SQL text */
typedef struct CtVarRef
{
	int			offset;			/* of the colon, in bytes, in CtSql.text */
	int			length;			/* colon and name */
	int			slot;
	char		quote;			/* within which quotes: ' or ", E of E'', $ of
								 * dollar quotes; 0 if in none */
} CtVarRef;

/* one SQL statement as it was written, without the semicolon */
typedef struct CtSql
{
	const char *text;			/* comments at its ends trimmed, the backslash
								 * of "\:" and "\;" left out; else untouched */
	int			nrefs;
	CtVarRef   *refs;			/* in order; those within comments, and :: and
								 * :=, are none, nor are those within quotes
								 * unless asked for */
	bool		has_params;		/* "$1", which nobody gives a value */
	int			line;			/* where it begins, from 1 */
	int			offset;			/* the same, in bytes, in the script's body */
} CtSql;

typedef enum CtGather
{
	CT_GATHER_NONE,
	CT_GATHER_GSET,				/* last statement's one row into variables */
	CT_GATHER_ASET				/* each statement's last row, if any */
} CtGather;

typedef enum CtCommandKind
{
	CT_COMMAND_SQL,
	CT_COMMAND_SET,				/* \set NAME EXPR */
	CT_COMMAND_IF,				/* \if EXPR: jump if not true */
	CT_COMMAND_ELIF,			/* \elif EXPR: jump if not true */
	CT_COMMAND_JUMP,			/* end of a taken branch: jump always */
	CT_COMMAND_SLEEP,			/* \sleep NUMBER|:VAR [us|ms|s] */
	CT_COMMAND_OUTCOME,			/* \outcome LABEL|:VAR */
	CT_COMMAND_TALLY,			/* \tally NAME EXPR */
	CT_COMMAND_BARRIER,			/* \barrier NAME */
	CT_COMMAND_REPEAT,			/* \repeat EXPR: jump if there is no round */
	CT_COMMAND_ENDREPEAT		/* \endrepeat: jump if there is another round */
} CtCommandKind;

/* rounds of a \repeat, at most; and how deeply they may be nested */
#define CT_MAX_ROUNDS	1000000
#define CT_MAX_REPEATS	8

typedef struct CtCommand
{
	CtCommandKind kind;
	int			line;
	const char *source;			/* as written, for reports and error context */

	/* CT_COMMAND_SQL: several where "\;" joined them into one implicit transaction */
	int			nstatements;
	CtSql	   *statements;
	CtGather	gather;
	const char *prefix;			/* of \gset and \aset, "" if none */

	CtExpr	   *expr;			/* SET, IF, ELIF, TALLY, REPEAT, SLEEP (microseconds
								 * after multiplying by unit) */
	int			slot;			/* SET: assigned; OUTCOME: of :VAR, else -1 */
	int			jump;			/* IF, ELIF, JUMP, REPEAT, ENDREPEAT: index of the
								 * next command; ncommands at the script's end */
	int			repeats;		/* \repeat blocks that it stands in; REPEAT and
								 * ENDREPEAT stand outside of their own */
	int64		unit;			/* SLEEP: microseconds in one unit */
	const char *name;			/* OUTCOME's label, TALLY's and BARRIER's name */
} CtCommand;

typedef struct CtScript
{
	const char *name;
	int			ncommands;
	CtCommand  *commands;
} CtScript;

/*
 * Parses a whole script; quoted: with variables within quotes, too, as in
 * pgbench's default query mode.  Raises ERRCODE_SYNTAX_ERROR (or
 * FEATURE_NOT_SUPPORTED for \shell and its like, STATEMENT_TOO_COMPLEX for an
 * expression nested too deeply) with the script's name, line, column and a
 * caret under the place.
 */
extern CtScript *ct_script_parse(const char *name, const char *body, CtSymbols *symbols,
								 bool quoted);

#endif							/* CT_SCRIPT_H */
