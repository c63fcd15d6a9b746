/*
 * expr.h
 *		Private to src/script: the expression tree, the place in a script that
 *		an error is about, and what the parser's parts call of each other.
 */
#ifndef CT_SCRIPT_EXPR_H
#define CT_SCRIPT_EXPR_H

#include "nodes/pg_list.h"
#include "src/script/script.h"

/* ---- the tree ---- */

typedef enum CtExprOp
{
	CT_EXPR_CONSTANT,
	CT_EXPR_VARIABLE,
	/* two numbers */
	CT_EXPR_ADD,
	CT_EXPR_SUB,
	CT_EXPR_MUL,
	CT_EXPR_DIV,
	CT_EXPR_MOD,
	CT_EXPR_EQ,
	CT_EXPR_NE,
	CT_EXPR_LT,
	CT_EXPR_LE,
	/* two integers */
	CT_EXPR_BITAND,
	CT_EXPR_BITOR,
	CT_EXPR_BITXOR,
	CT_EXPR_LSHIFT,
	CT_EXPR_RSHIFT,
	/* booleans and null */
	CT_EXPR_AND,
	CT_EXPR_OR,
	CT_EXPR_NOT,
	CT_EXPR_IS,
	CT_EXPR_CASE,				/* condition, value, ..., else */
	/* functions */
	CT_EXPR_ABS,
	CT_EXPR_DEBUG,
	CT_EXPR_DOUBLE,
	CT_EXPR_EXP,
	CT_EXPR_GREATEST,
	CT_EXPR_HASH_FNV1A,
	CT_EXPR_HASH_MURMUR2,
	CT_EXPR_INT,
	CT_EXPR_LEAST,
	CT_EXPR_LN,
	CT_EXPR_PERMUTE,
	CT_EXPR_PI,
	CT_EXPR_POWER,
	CT_EXPR_RANDOM,
	CT_EXPR_RANDOM_EXPONENTIAL,
	CT_EXPR_RANDOM_GAUSSIAN,
	CT_EXPR_RANDOM_ZIPFIAN,
	CT_EXPR_SQRT
} CtExprOp;

/* as many as pgbench takes; evaluation keeps them on the C stack */
#define CT_EXPR_MAX_ARGS	16

/*
 * Evaluation recurses, so the depth of a tree is bounded when it is built:
 * what was parsed can be evaluated.
 */
#define CT_EXPR_MAX_DEPTH	2000

struct CtExpr
{
	CtExprOp	op;
	int			depth;			/* 1 for a leaf */
	CtValue		constant;		/* CT_EXPR_CONSTANT */
	int			slot;			/* CT_EXPR_VARIABLE */
	const char *name;			/* CT_EXPR_VARIABLE: for messages */
	int			nargs;
	CtExpr	   *args[FLEXIBLE_ARRAY_MEMBER];
};

/* ---- the text being parsed ---- */

typedef struct CtSource
{
	const char *script;			/* its name */
	const char *body;
	int			length;
	CtSymbols  *symbols;
	bool		quoted;			/* variables within quotes are some */
	/* the furthest place whose line was asked for, so that asking is cheap */
	int			known_offset;
	int			known_line;
} CtSource;

extern int	ct_source_line(CtSource *source, int offset);

/*
 * For use within ereport(): sets the message ("WHAT in script ... at line
 * ..., column ...") and the detail, which ends with the line and a caret.
 */
extern int	ct_errplace(CtSource *source, int offset, const char *what,
						const char *detail,...) pg_attribute_printf(4, 5);

/* text for a message: palloc'd, and cut if it is long */
extern const char *ct_shown(const char *text, int length);

/* ---- variables ---- */

extern CtValue ct_value_from_text(const char *text, const char *name);
extern bool ct_parse_double(const char *text, double *result);

/* ---- building trees (exprtree.c); offsets are places in the script ---- */

extern CtExpr *ct_expr_constant(CtValue value);
extern CtExpr *ct_expr_variable(CtSource *source, const char *name);
extern CtExpr *ct_expr_operator(CtSource *source, CtExprOp op, CtExpr *left,
								CtExpr *right, int offset);
extern CtExpr *ct_expr_is(CtSource *source, CtExpr *arg, CtValue value,
						  bool negate, int offset);
extern CtExpr *ct_expr_function(CtSource *source, int function, List *args, int offset);
extern CtExpr *ct_expr_case(CtSource *source, List *args, int offset);
extern int	ct_expr_find_function(CtSource *source, const char *name, int offset);

/* ---- scanner and grammar ---- */

/* flex's type, which it defines in its own output only */
#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif

/* what scanner and grammar share: flex's "extra" */
typedef struct CtExprScan
{
	CtSource   *source;
	int			base;			/* where the expression begins in the script */
	int			scanned;		/* bytes of it consumed so far */
	int			token;			/* the last token's place in the script ... */
	int			token_length;	/* ... and length, 0 at the end */
	CtExpr	   *result;
} CtExprScan;

/* parses length bytes of the script from offset on; raises if they are no expression */
extern CtExpr *ct_expr_parse(CtSource *source, int offset, int length);

/* ---- random.c ---- */

extern int64 ct_random_uniform(pg_prng_state *random, int64 min, int64 max);
extern int64 ct_random_exponential(pg_prng_state *random, int64 min, int64 max,
								   double parameter);
extern int64 ct_random_gaussian(pg_prng_state *random, int64 min, int64 max,
								double parameter);
extern int64 ct_random_zipfian(pg_prng_state *random, int64 min, int64 max,
							   double parameter);
extern int64 ct_hash_fnv1a(int64 value, int64 seed);
extern int64 ct_hash_murmur2(int64 value, int64 seed);
extern int64 ct_permute(int64 value, int64 size, int64 seed);

/* ---- sqlscan.c: where SQL ends and backslash commands begin ---- */

typedef enum CtSqlEnd
{
	CT_SQL_END_SCRIPT,
	CT_SQL_END_SEMICOLON,
	CT_SQL_END_BACKSLASH
} CtSqlEnd;

/*
 * Scans SQL from *offset on, up to behind what ended it (at the backslash,
 * if that did).  Appends a CtSql * per statement, none for empty ones.
 * *first and *last bound, in the script, the text that they were taken from.
 */
extern CtSqlEnd ct_sql_scan(CtSource *source, int *offset, List **statements,
							int *first, int *last);

#endif							/* CT_SCRIPT_EXPR_H */
