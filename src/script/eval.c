/*
 * eval.c
 *		Evaluates expressions.
 *
 * This is done hundreds of thousands of times a second: nothing is allocated,
 * a value is returned in registers, and what integers need comes first.  The
 * rules for types, null and laziness are pgbench's, strange ones included: a
 * number is no boolean, AND and OR don't look at their right side when the
 * left one is null, and "%" rounds its operands to integers.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "common/int.h"
#include "miscadmin.h"
#include "src/script/expr.h"

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

/* the parameters that the distributions can do with, as in pgbench */
#define GAUSSIAN_MIN	2.0
#define ZIPFIAN_MIN		1.001
#define ZIPFIAN_MAX		1000.0

static CtValue eval_expr(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random);

static const char *
eval_type_name(CtValueType type)
{
	switch (type)
	{
		case CT_VALUE_UNSET:
			return "nothing";
		case CT_VALUE_NULL:
			return "null";
		case CT_VALUE_BOOL:
			return "boolean";
		case CT_VALUE_INT:
			return "int";
		case CT_VALUE_DOUBLE:
			return "double";
		case CT_VALUE_TEXT:
			return "text";
	}
	return "?";
}

static void
eval_raise_type_mismatch(CtValue value, const char *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("cannot convert %s to %s", eval_type_name(value.type), wanted)));
}

static void
eval_raise_int_overflow(const char *operator, int64 left, int64 right)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("bigint out of range"),
			 errdetail("The operation was " INT64_FORMAT " %s " INT64_FORMAT ".",
					   left, operator, right)));
}

static inline bool
eval_to_bool(CtValue value)
{
	if (unlikely(value.type != CT_VALUE_BOOL))
		eval_raise_type_mismatch(value, "boolean");
	return value.u.b;
}

/* Rounds a double; raises for what is no number. */
static inline int64
eval_to_int(CtValue value)
{
	if (likely(value.type == CT_VALUE_INT))
		return value.u.i;
	if (value.type == CT_VALUE_DOUBLE)
	{
		double		rounded = rint(value.u.d);

		if (isnan(rounded) || !FLOAT8_FITS_IN_INT64(rounded))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("bigint out of range"),
					 errdetail("The value is %.*g.", DBL_DIG, value.u.d)));
		return (int64) rounded;
	}
	eval_raise_type_mismatch(value, "int");
	return 0;					/* keep the compiler quiet */
}

static inline double
eval_to_double(CtValue value)
{
	if (value.type == CT_VALUE_DOUBLE)
		return value.u.d;
	if (unlikely(value.type != CT_VALUE_INT))
		eval_raise_type_mismatch(value, "double");
	return (double) value.u.i;
}

/* + - * / and comparisons of two non-null values, at least one a double */
static CtValue
eval_double_operation(CtExprOp op, double left, double right)
{
	switch (op)
	{
		case CT_EXPR_ADD:
			return ct_value_double(left + right);
		case CT_EXPR_SUB:
			return ct_value_double(left - right);
		case CT_EXPR_MUL:
			return ct_value_double(left * right);
		case CT_EXPR_DIV:
			/* by zero, this is an infinity or no number, as in C */
			return ct_value_double(left / right);
		case CT_EXPR_EQ:
			return ct_value_bool(left == right);
		case CT_EXPR_NE:
			return ct_value_bool(left != right);
		case CT_EXPR_LT:
			return ct_value_bool(left < right);
		case CT_EXPR_LE:
			return ct_value_bool(left <= right);
		default:
			elog(ERROR, "unexpected operator %d", (int) op);
	}
	return ct_value_null();		/* keep the compiler quiet */
}

/* The same, and "%", of two integers. */
static CtValue
eval_int_operation(CtExprOp op, int64 left, int64 right)
{
	int64		result;

	switch (op)
	{
		case CT_EXPR_ADD:
			if (unlikely(pg_add_s64_overflow(left, right, &result)))
				eval_raise_int_overflow("+", left, right);
			return ct_value_int(result);
		case CT_EXPR_SUB:
			if (unlikely(pg_sub_s64_overflow(left, right, &result)))
				eval_raise_int_overflow("-", left, right);
			return ct_value_int(result);
		case CT_EXPR_MUL:
			if (unlikely(pg_mul_s64_overflow(left, right, &result)))
				eval_raise_int_overflow("*", left, right);
			return ct_value_int(result);
		case CT_EXPR_DIV:
		case CT_EXPR_MOD:
			if (unlikely(right == 0))
				ereport(ERROR,
						(errcode(ERRCODE_DIVISION_BY_ZERO),
						 errmsg("division by zero")));
			/* some machines trap at the lowest integer by -1, even for % */
			if (right == -1)
			{
				if (op == CT_EXPR_MOD)
					return ct_value_int(0);
				if (unlikely(left == PG_INT64_MIN))
					eval_raise_int_overflow("/", left, right);
				return ct_value_int(-left);
			}
			return ct_value_int(op == CT_EXPR_DIV ? left / right : left % right);
		case CT_EXPR_EQ:
			return ct_value_bool(left == right);
		case CT_EXPR_NE:
			return ct_value_bool(left != right);
		case CT_EXPR_LT:
			return ct_value_bool(left < right);
		case CT_EXPR_LE:
			return ct_value_bool(left <= right);
		default:
			elog(ERROR, "unexpected operator %d", (int) op);
	}
	return ct_value_null();		/* keep the compiler quiet */
}

/* Shifting by 64 and more is undefined in C; do what x86 does, as pgbench. */
static CtValue
eval_bit_operation(CtExprOp op, int64 left, int64 right)
{
	switch (op)
	{
		case CT_EXPR_BITAND:
			return ct_value_int(left & right);
		case CT_EXPR_BITOR:
			return ct_value_int(left | right);
		case CT_EXPR_BITXOR:
			return ct_value_int(left ^ right);
		case CT_EXPR_LSHIFT:
			return ct_value_int((int64) ((uint64) left << (right & 63)));
		case CT_EXPR_RSHIFT:
			return ct_value_int(left >> (right & 63));
		default:
			elog(ERROR, "unexpected operator %d", (int) op);
	}
	return ct_value_null();		/* keep the compiler quiet */
}

/* random and its family; args are not null */
static CtValue
eval_random_function(CtExprOp op, const CtValue *args, pg_prng_state *random)
{
	int64		min = eval_to_int(args[0]);
	int64		max = eval_to_int(args[1]);
	int64		size;
	double		parameter;

	if (unlikely(min > max))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("empty range given to a random function"),
				 errdetail("The range is from " INT64_FORMAT " to " INT64_FORMAT ".",
						   min, max)));
	if (unlikely(pg_sub_s64_overflow(max, min, &size) ||
				 pg_add_s64_overflow(size, 1, &size)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("range given to a random function is too large"),
				 errdetail("The range is from " INT64_FORMAT " to " INT64_FORMAT ".",
						   min, max)));

	if (op == CT_EXPR_RANDOM)
		return ct_value_int(ct_random_uniform(random, min, max));

	/* written so that what is no number fails, where pgbench would loop */
	parameter = eval_to_double(args[2]);
	switch (op)
	{
		case CT_EXPR_RANDOM_EXPONENTIAL:
			if (unlikely(!(parameter > 0.0)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("exponential parameter must be greater than zero, not %g",
								parameter)));
			return ct_value_int(ct_random_exponential(random, min, max, parameter));
		case CT_EXPR_RANDOM_GAUSSIAN:
			if (unlikely(!(parameter >= GAUSSIAN_MIN)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("gaussian parameter must be at least %.1f, not %g",
								GAUSSIAN_MIN, parameter)));
			return ct_value_int(ct_random_gaussian(random, min, max, parameter));
		default:
			if (unlikely(!(parameter >= ZIPFIAN_MIN && parameter <= ZIPFIAN_MAX)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("zipfian parameter must be between %.3f and %.0f, not %g",
								ZIPFIAN_MIN, ZIPFIAN_MAX, parameter)));
			return ct_value_int(ct_random_zipfian(random, min, max, parameter));
	}
}

/* The least or greatest of non-null values: a double if one of them is. */
static CtValue
eval_extremum(CtExprOp op, const CtValue *args, int nargs)
{
	bool		least = (op == CT_EXPR_LEAST);
	bool		doubles = false;
	int			i;

	for (i = 0; i < nargs; i++)
		doubles |= (args[i].type == CT_VALUE_DOUBLE);

	if (doubles)
	{
		double		result = eval_to_double(args[0]);

		for (i = 1; i < nargs; i++)
		{
			double		d = eval_to_double(args[i]);

			result = least ? Min(result, d) : Max(result, d);
		}
		return ct_value_double(result);
	}
	else
	{
		int64		result = eval_to_int(args[0]);

		for (i = 1; i < nargs; i++)
		{
			int64		n = eval_to_int(args[i]);

			result = least ? Min(result, n) : Max(result, n);
		}
		return ct_value_int(result);
	}
}

static CtValue
eval_absolute(CtValue value)
{
	if (value.type == CT_VALUE_INT)
	{
		if (unlikely(value.u.i == PG_INT64_MIN))
			eval_raise_int_overflow("-", 0, value.u.i);
		return ct_value_int(value.u.i < 0 ? -value.u.i : value.u.i);
	}
	return ct_value_double(fabs(eval_to_double(value)));
}

/* debug() writes to the server's log, where pgbench writes to its stderr. */
static void
eval_write_debug(CtValue value)
{
	ereport(LOG,
			(errhidestmt(true),
			 value.type == CT_VALUE_NULL ? errmsg("debug: null") :
			 errmsg("debug: %s %s", eval_type_name(value.type), ct_value_to_cstring(&value))));
}

/* Functions of any number of arguments; apart, because of the array's size. */
static pg_noinline CtValue
eval_function_call(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random)
{
	CtValue		args[CT_EXPR_MAX_ARGS];
	bool		has_null = false;
	int64		size;
	int			i;

	check_stack_depth();

	for (i = 0; i < expr->nargs; i++)
	{
		args[i] = eval_expr(expr->args[i], vars, random);
		has_null |= (args[i].type == CT_VALUE_NULL);
	}

	if (expr->op == CT_EXPR_DEBUG)
	{
		eval_write_debug(args[0]);
		return args[0];
	}
	if (has_null)
		return ct_value_null();

	switch (expr->op)
	{
		case CT_EXPR_ABS:
			return eval_absolute(args[0]);
		case CT_EXPR_DOUBLE:
			return ct_value_double(eval_to_double(args[0]));
		case CT_EXPR_EXP:
			return ct_value_double(exp(eval_to_double(args[0])));
		case CT_EXPR_INT:
			return ct_value_int(eval_to_int(args[0]));
		case CT_EXPR_LN:
			return ct_value_double(log(eval_to_double(args[0])));
		case CT_EXPR_SQRT:
			return ct_value_double(sqrt(eval_to_double(args[0])));
		case CT_EXPR_PI:
			return ct_value_double(M_PI);
		case CT_EXPR_POWER:
			return ct_value_double(pow(eval_to_double(args[0]), eval_to_double(args[1])));
		case CT_EXPR_LEAST:
		case CT_EXPR_GREATEST:
			return eval_extremum(expr->op, args, expr->nargs);
		case CT_EXPR_RANDOM:
		case CT_EXPR_RANDOM_EXPONENTIAL:
		case CT_EXPR_RANDOM_GAUSSIAN:
		case CT_EXPR_RANDOM_ZIPFIAN:
			return eval_random_function(expr->op, args, random);
		case CT_EXPR_HASH_FNV1A:
			return ct_value_int(ct_hash_fnv1a(eval_to_int(args[0]), eval_to_int(args[1])));
		case CT_EXPR_HASH_MURMUR2:
			return ct_value_int(ct_hash_murmur2(eval_to_int(args[0]), eval_to_int(args[1])));
		case CT_EXPR_PERMUTE:
			size = eval_to_int(args[1]);
			if (unlikely(size <= 0))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("permute size must be greater than zero, not " INT64_FORMAT,
								size)));
			return ct_value_int(ct_permute(eval_to_int(args[0]), size, eval_to_int(args[2])));
		default:
			elog(ERROR, "unexpected function %d", (int) expr->op);
	}
	return ct_value_null();		/* keep the compiler quiet */
}

static CtValue
eval_expr(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random)
{
	CtValue		left;
	CtValue		right;
	const CtValue *variable;
	int			i;

	switch (expr->op)
	{
		case CT_EXPR_CONSTANT:
			return expr->constant;

		case CT_EXPR_VARIABLE:
			variable = ct_variables_get(vars, expr->slot);
			if (likely(variable->type != CT_VALUE_TEXT &&
					   variable->type != CT_VALUE_UNSET))
				return *variable;
			if (variable->type == CT_VALUE_TEXT)
				return ct_value_from_text(variable->u.t, expr->name);
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("variable \"%s\" is not set", expr->name)));
			break;

		case CT_EXPR_ADD:
		case CT_EXPR_SUB:
		case CT_EXPR_MUL:
		case CT_EXPR_DIV:
		case CT_EXPR_MOD:
		case CT_EXPR_EQ:
		case CT_EXPR_NE:
		case CT_EXPR_LT:
		case CT_EXPR_LE:
			left = eval_expr(expr->args[0], vars, random);
			right = eval_expr(expr->args[1], vars, random);
			if (likely(left.type == CT_VALUE_INT && right.type == CT_VALUE_INT))
				return eval_int_operation(expr->op, left.u.i, right.u.i);
			if (left.type == CT_VALUE_NULL || right.type == CT_VALUE_NULL)
				return ct_value_null();
			if ((left.type == CT_VALUE_DOUBLE || right.type == CT_VALUE_DOUBLE) &&
				expr->op != CT_EXPR_MOD)
				return eval_double_operation(expr->op, eval_to_double(left), eval_to_double(right));
			return eval_int_operation(expr->op, eval_to_int(left), eval_to_int(right));

		case CT_EXPR_BITAND:
		case CT_EXPR_BITOR:
		case CT_EXPR_BITXOR:
		case CT_EXPR_LSHIFT:
		case CT_EXPR_RSHIFT:
			left = eval_expr(expr->args[0], vars, random);
			right = eval_expr(expr->args[1], vars, random);
			if (left.type == CT_VALUE_NULL || right.type == CT_VALUE_NULL)
				return ct_value_null();
			return eval_bit_operation(expr->op, eval_to_int(left), eval_to_int(right));

		case CT_EXPR_AND:
		case CT_EXPR_OR:
			left = eval_expr(expr->args[0], vars, random);
			if (left.type == CT_VALUE_NULL)
				return left;
			if (eval_to_bool(left) == (expr->op == CT_EXPR_OR))
				return left;
			right = eval_expr(expr->args[1], vars, random);
			if (right.type == CT_VALUE_NULL)
				return right;
			return ct_value_bool(eval_to_bool(right));

		case CT_EXPR_NOT:
			left = eval_expr(expr->args[0], vars, random);
			if (left.type == CT_VALUE_NULL)
				return left;
			return ct_value_bool(!eval_to_bool(left));

		case CT_EXPR_IS:
			left = eval_expr(expr->args[0], vars, random);
			right = eval_expr(expr->args[1], vars, random);
			if (left.type != right.type)
				return ct_value_bool(false);
			return ct_value_bool(left.type == CT_VALUE_NULL || left.u.b == right.u.b);

		case CT_EXPR_CASE:
			for (i = 0; i + 1 < expr->nargs; i += 2)
			{
				left = eval_expr(expr->args[i], vars, random);
				if (ct_value_as_bool(&left))
					return eval_expr(expr->args[i + 1], vars, random);
			}
			return eval_expr(expr->args[i], vars, random);

		default:
			return eval_function_call(expr, vars, random);
	}
	return ct_value_null();		/* keep the compiler quiet */
}

/*
 * Evaluates; random functions draw from random.  Raises an ERROR where
 * pgbench would abort the client.  The result is never UNSET or TEXT.
 */
CtValue
ct_expr_eval(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random)
{
	/*
	 * Here and in eval_function_call(), whose frame is the large one, is enough:
	 * CT_EXPR_MAX_DEPTH frames of eval_expr() are below the server's margin.
	 */
	check_stack_depth();
	return eval_expr(expr, vars, random);
}
