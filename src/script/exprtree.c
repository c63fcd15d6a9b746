/*
 * exprtree.c
 *		Builds expression trees for the grammar.
 *
 * Here is the list of functions, and whatever can be found wrong with an
 * expression that the grammar alone would accept.
 */
#include "postgres.h"

#include "src/base/near_match.h"
#include "src/script/expr.h"

typedef struct CtFunction
{
	const char *name;
	CtExprOp	op;
	int			min_args;
	int			max_args;
	bool		seeded;			/* the last argument may be left out, and is
								 * :default_seed then */
} CtFunction;

static const CtFunction functions[] = {
	{"abs", CT_EXPR_ABS, 1, 1, false},
	{"debug", CT_EXPR_DEBUG, 1, 1, false},
	{"double", CT_EXPR_DOUBLE, 1, 1, false},
	{"exp", CT_EXPR_EXP, 1, 1, false},
	{"greatest", CT_EXPR_GREATEST, 1, CT_EXPR_MAX_ARGS, false},
	{"hash", CT_EXPR_HASH_MURMUR2, 1, 2, true},
	{"hash_fnv1a", CT_EXPR_HASH_FNV1A, 1, 2, true},
	{"hash_murmur2", CT_EXPR_HASH_MURMUR2, 1, 2, true},
	{"int", CT_EXPR_INT, 1, 1, false},
	{"least", CT_EXPR_LEAST, 1, CT_EXPR_MAX_ARGS, false},
	{"ln", CT_EXPR_LN, 1, 1, false},
	{"mod", CT_EXPR_MOD, 2, 2, false},
	{"permute", CT_EXPR_PERMUTE, 2, 3, true},
	{"pi", CT_EXPR_PI, 0, 0, false},
	{"pow", CT_EXPR_POWER, 2, 2, false},
	{"power", CT_EXPR_POWER, 2, 2, false},
	{"random", CT_EXPR_RANDOM, 2, 2, false},
	{"random_exponential", CT_EXPR_RANDOM_EXPONENTIAL, 3, 3, false},
	{"random_gaussian", CT_EXPR_RANDOM_GAUSSIAN, 3, 3, false},
	{"random_zipfian", CT_EXPR_RANDOM_ZIPFIAN, 3, 3, false},
	{"sqrt", CT_EXPR_SQRT, 1, 1, false}
};

#define DEFAULT_SEED	"default_seed"

/* A node for that many arguments, which the caller fills in. */
static CtExpr *
expr_make_node(CtExprOp op, int nargs)
{
	CtExpr	   *expr = palloc0(offsetof(CtExpr, args) + nargs * sizeof(CtExpr *));

	expr->op = op;
	expr->depth = 1;
	expr->nargs = nargs;
	return expr;
}

static void
expr_set_arg(CtSource *source, CtExpr *expr, int i, CtExpr *arg, int offset)
{
	expr->args[i] = arg;
	expr->depth = Max(expr->depth, arg->depth + 1);
	if (expr->depth > CT_EXPR_MAX_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 ct_errplace(source, offset, "invalid expression",
							 "The expression is nested more than %d levels deep.",
							 CT_EXPR_MAX_DEPTH)));
}

CtExpr *
ct_expr_constant(CtValue value)
{
	CtExpr	   *expr = expr_make_node(CT_EXPR_CONSTANT, 0);

	expr->constant = value;
	return expr;
}

/* The name is interned and not kept. */
CtExpr *
ct_expr_variable(CtSource *source, const char *name)
{
	CtExpr	   *expr = expr_make_node(CT_EXPR_VARIABLE, 0);

	expr->slot = ct_symbols_intern(source->symbols, name);
	expr->name = ct_symbols_name(source->symbols, expr->slot);
	return expr;
}

/* An operator of two operands, or of one if right is NULL. */
CtExpr *
ct_expr_operator(CtSource *source, CtExprOp op, CtExpr *left, CtExpr *right, int offset)
{
	CtExpr	   *expr = expr_make_node(op, right ? 2 : 1);

	expr_set_arg(source, expr, 0, left, offset);
	if (right)
		expr_set_arg(source, expr, 1, right, offset);
	return expr;
}

/* arg IS [NOT] value */
CtExpr *
ct_expr_is(CtSource *source, CtExpr *arg, CtValue value, bool negate, int offset)
{
	CtExpr	   *expr = ct_expr_operator(source, CT_EXPR_IS, arg,
										ct_expr_constant(value), offset);

	if (negate)
		expr = ct_expr_operator(source, CT_EXPR_NOT, expr, NULL, offset);
	return expr;
}

/* CASE: conditions and their values in turn, then what ELSE gives */
CtExpr *
ct_expr_case(CtSource *source, List *args, int offset)
{
	CtExpr	   *expr = expr_make_node(CT_EXPR_CASE, list_length(args));
	ListCell   *lc;

	foreach(lc, args)
		expr_set_arg(source, expr, foreach_current_index(lc), lfirst(lc), offset);
	list_free(args);
	return expr;
}

/*
 * The function's number, for ct_expr_function().  Raises an error if there is
 * none of that name.
 */
int
ct_expr_find_function(CtSource *source, const char *name, int offset)
{
	List	   *names = NIL;
	const char *near;
	int			i;

	for (i = 0; i < (int) lengthof(functions); i++)
	{
		if (pg_strcasecmp(name, functions[i].name) == 0)
			return i;
		names = lappend(names, unconstify(char *, functions[i].name));
	}

	near = ct_near_match(name, names);
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 ct_errplace(source, offset, "invalid expression",
						 "There is no function \"%s\".",
						 ct_shown(name, strlen(name))),
			 near ? errhint("Perhaps you meant the function \"%s\".", near) :
			 errhint("A variable is written with a colon in front.")));
	return -1;					/* keep the compiler quiet */
}

/*
 * A call.  Raises an error, which points at the function's name, if the
 * number of arguments is wrong.
 */
CtExpr *
ct_expr_function(CtSource *source, int function, List *args, int offset)
{
	const CtFunction *f = &functions[function];
	int			nargs = list_length(args);
	bool		seed = (f->seeded && nargs == f->max_args - 1);
	CtExpr	   *expr;
	ListCell   *lc;

	if (nargs < f->min_args || nargs > f->max_args)
	{
		char		wanted[64];

		if (f->min_args == f->max_args)
			snprintf(wanted, sizeof(wanted), "%d argument%s", f->min_args,
					 f->min_args == 1 ? "" : "s");
		else
			snprintf(wanted, sizeof(wanted), "%d %s %d arguments", f->min_args,
					 f->max_args == f->min_args + 1 ? "or" : "to", f->max_args);
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 ct_errplace(source, offset, "invalid expression",
							 "Function \"%s\" takes %s, not %d.",
							 f->name, wanted, nargs)));
	}

	expr = expr_make_node(f->op, nargs + (seed ? 1 : 0));
	foreach(lc, args)
		expr_set_arg(source, expr, foreach_current_index(lc), lfirst(lc), offset);
	if (seed)
		expr_set_arg(source, expr, nargs, ct_expr_variable(source, DEFAULT_SEED), offset);
	list_free(args);
	return expr;
}
