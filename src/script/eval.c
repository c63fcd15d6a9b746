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

static CtValue eval(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random);

static inline CtValue
int_value(int64 i)
{
	CtValue		value;

	value.type = CT_VALUE_INT;
	value.u.i = i;
	return value;
}

static inline CtValue
double_value(double d)
{
	CtValue		value;

	value.type = CT_VALUE_DOUBLE;
	value.u.d = d;
	return value;
}

static inline CtValue
bool_value(bool b)
{
	CtValue		value;

	value.type = CT_VALUE_BOOL;
	value.u.i = 0;
	value.u.b = b;
	return value;
}

static inline CtValue
null_value(void)
{
	CtValue		value;

	value.type = CT_VALUE_NULL;
	value.u.i = 0;
	return value;
}

static const char *
type_name(CtValueType type)
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
raise_type_mismatch(CtValue value, const char *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("cannot convert %s to %s", type_name(value.type), wanted)));
}

static void
raise_int_overflow(const char *operator, int64 left, int64 right)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("bigint out of range"),
			 errdetail("The operation was " INT64_FORMAT " %s " INT64_FORMAT ".",
					   left, operator, right)));
}

static inline bool
to_bool(CtValue value)
{
	if (unlikely(value.type != CT_VALUE_BOOL))
		raise_type_mismatch(value, "boolean");
	return value.u.b;
}

/* Rounds a double; raises for what is no number. */
static inline int64
to_int(CtValue value)
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
	raise_type_mismatch(value, "int");
	return 0;					/* keep the compiler quiet */
}

static inline double
to_double(CtValue value)
{
	if (value.type == CT_VALUE_DOUBLE)
		return value.u.d;
	if (unlikely(value.type != CT_VALUE_INT))
		raise_type_mismatch(value, "double");
	return (double) value.u.i;
}

/* + - * / and comparisons of two non-null values, at least one a double */
static CtValue
double_operation(CtExprOp op, double left, double right)
{
	switch (op)
	{
		case CT_EXPR_ADD:
			return double_value(left + right);
		case CT_EXPR_SUB:
			return double_value(left - right);
		case CT_EXPR_MUL:
			return double_value(left * right);
		case CT_EXPR_DIV:
			/* by zero, this is an infinity or no number, as in C */
			return double_value(left / right);
		case CT_EXPR_EQ:
			return bool_value(left == right);
		case CT_EXPR_NE:
			return bool_value(left != right);
		case CT_EXPR_LT:
			return bool_value(left < right);
		case CT_EXPR_LE:
			return bool_value(left <= right);
		default:
			elog(ERROR, "unexpected operator %d", (int) op);
	}
	return null_value();		/* keep the compiler quiet */
}

/* The same, and "%", of two integers. */
static CtValue
int_operation(CtExprOp op, int64 left, int64 right)
{
	int64		result;

	switch (op)
	{
		case CT_EXPR_ADD:
			if (unlikely(pg_add_s64_overflow(left, right, &result)))
				raise_int_overflow("+", left, right);
			return int_value(result);
		case CT_EXPR_SUB:
			if (unlikely(pg_sub_s64_overflow(left, right, &result)))
				raise_int_overflow("-", left, right);
			return int_value(result);
		case CT_EXPR_MUL:
			if (unlikely(pg_mul_s64_overflow(left, right, &result)))
				raise_int_overflow("*", left, right);
			return int_value(result);
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
					return int_value(0);
				if (unlikely(left == PG_INT64_MIN))
					raise_int_overflow("/", left, right);
				return int_value(-left);
			}
			return int_value(op == CT_EXPR_DIV ? left / right : left % right);
		case CT_EXPR_EQ:
			return bool_value(left == right);
		case CT_EXPR_NE:
			return bool_value(left != right);
		case CT_EXPR_LT:
			return bool_value(left < right);
		case CT_EXPR_LE:
			return bool_value(left <= right);
		default:
			elog(ERROR, "unexpected operator %d", (int) op);
	}
	return null_value();		/* keep the compiler quiet */
}

/* Shifting by 64 and more is undefined in C; do what x86 does, as pgbench. */
static CtValue
bit_operation(CtExprOp op, int64 left, int64 right)
{
	switch (op)
	{
		case CT_EXPR_BITAND:
			return int_value(left & right);
		case CT_EXPR_BITOR:
			return int_value(left | right);
		case CT_EXPR_BITXOR:
			return int_value(left ^ right);
		case CT_EXPR_LSHIFT:
			return int_value((int64) ((uint64) left << (right & 63)));
		case CT_EXPR_RSHIFT:
			return int_value(left >> (right & 63));
		default:
			elog(ERROR, "unexpected operator %d", (int) op);
	}
	return null_value();		/* keep the compiler quiet */
}

/* random and its family; args are not null */
static CtValue
random_function(CtExprOp op, const CtValue *args, pg_prng_state *random)
{
	int64		min = to_int(args[0]);
	int64		max = to_int(args[1]);
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
		return int_value(ct_random_uniform(random, min, max));

	/* written so that what is no number fails, where pgbench would loop */
	parameter = to_double(args[2]);
	switch (op)
	{
		case CT_EXPR_RANDOM_EXPONENTIAL:
			if (unlikely(!(parameter > 0.0)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("exponential parameter must be greater than zero, not %g",
								parameter)));
			return int_value(ct_random_exponential(random, min, max, parameter));
		case CT_EXPR_RANDOM_GAUSSIAN:
			if (unlikely(!(parameter >= GAUSSIAN_MIN)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("gaussian parameter must be at least %.1f, not %g",
								GAUSSIAN_MIN, parameter)));
			return int_value(ct_random_gaussian(random, min, max, parameter));
		default:
			if (unlikely(!(parameter >= ZIPFIAN_MIN && parameter <= ZIPFIAN_MAX)))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("zipfian parameter must be between %.3f and %.0f, not %g",
								ZIPFIAN_MIN, ZIPFIAN_MAX, parameter)));
			return int_value(ct_random_zipfian(random, min, max, parameter));
	}
}

/* The least or greatest of non-null values: a double if one of them is. */
static CtValue
extremum(CtExprOp op, const CtValue *args, int nargs)
{
	bool		least = (op == CT_EXPR_LEAST);
	bool		doubles = false;
	int			i;

	for (i = 0; i < nargs; i++)
		doubles |= (args[i].type == CT_VALUE_DOUBLE);

	if (doubles)
	{
		double		result = to_double(args[0]);

		for (i = 1; i < nargs; i++)
		{
			double		d = to_double(args[i]);

			result = least ? Min(result, d) : Max(result, d);
		}
		return double_value(result);
	}
	else
	{
		int64		result = to_int(args[0]);

		for (i = 1; i < nargs; i++)
		{
			int64		n = to_int(args[i]);

			result = least ? Min(result, n) : Max(result, n);
		}
		return int_value(result);
	}
}

static CtValue
absolute(CtValue value)
{
	if (value.type == CT_VALUE_INT)
	{
		if (unlikely(value.u.i == PG_INT64_MIN))
			raise_int_overflow("-", 0, value.u.i);
		return int_value(value.u.i < 0 ? -value.u.i : value.u.i);
	}
	return double_value(fabs(to_double(value)));
}

/* debug() writes to the server's log, where pgbench writes to its stderr. */
static void
write_debug(CtValue value)
{
	ereport(LOG,
			(errhidestmt(true),
			 value.type == CT_VALUE_NULL ? errmsg("debug: null") :
			 errmsg("debug: %s %s", type_name(value.type), ct_value_to_cstring(&value))));
}

/* Functions of any number of arguments; apart, because of the array's size. */
static pg_noinline CtValue
function_call(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random)
{
	CtValue		args[CT_EXPR_MAX_ARGS];
	bool		has_null = false;
	int64		size;
	int			i;

	check_stack_depth();

	for (i = 0; i < expr->nargs; i++)
	{
		args[i] = eval(expr->args[i], vars, random);
		has_null |= (args[i].type == CT_VALUE_NULL);
	}

	if (expr->op == CT_EXPR_DEBUG)
	{
		write_debug(args[0]);
		return args[0];
	}
	if (has_null)
		return null_value();

	switch (expr->op)
	{
		case CT_EXPR_ABS:
			return absolute(args[0]);
		case CT_EXPR_DOUBLE:
			return double_value(to_double(args[0]));
		case CT_EXPR_EXP:
			return double_value(exp(to_double(args[0])));
		case CT_EXPR_INT:
			return int_value(to_int(args[0]));
		case CT_EXPR_LN:
			return double_value(log(to_double(args[0])));
		case CT_EXPR_SQRT:
			return double_value(sqrt(to_double(args[0])));
		case CT_EXPR_PI:
			return double_value(M_PI);
		case CT_EXPR_POWER:
			return double_value(pow(to_double(args[0]), to_double(args[1])));
		case CT_EXPR_LEAST:
		case CT_EXPR_GREATEST:
			return extremum(expr->op, args, expr->nargs);
		case CT_EXPR_RANDOM:
		case CT_EXPR_RANDOM_EXPONENTIAL:
		case CT_EXPR_RANDOM_GAUSSIAN:
		case CT_EXPR_RANDOM_ZIPFIAN:
			return random_function(expr->op, args, random);
		case CT_EXPR_HASH_FNV1A:
			return int_value(ct_hash_fnv1a(to_int(args[0]), to_int(args[1])));
		case CT_EXPR_HASH_MURMUR2:
			return int_value(ct_hash_murmur2(to_int(args[0]), to_int(args[1])));
		case CT_EXPR_PERMUTE:
			size = to_int(args[1]);
			if (unlikely(size <= 0))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("permute size must be greater than zero, not " INT64_FORMAT,
								size)));
			return int_value(ct_permute(to_int(args[0]), size, to_int(args[2])));
		default:
			elog(ERROR, "unexpected function %d", (int) expr->op);
	}
	return null_value();		/* keep the compiler quiet */
}

static CtValue
eval(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random)
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
			left = eval(expr->args[0], vars, random);
			right = eval(expr->args[1], vars, random);
			if (likely(left.type == CT_VALUE_INT && right.type == CT_VALUE_INT))
				return int_operation(expr->op, left.u.i, right.u.i);
			if (left.type == CT_VALUE_NULL || right.type == CT_VALUE_NULL)
				return null_value();
			if ((left.type == CT_VALUE_DOUBLE || right.type == CT_VALUE_DOUBLE) &&
				expr->op != CT_EXPR_MOD)
				return double_operation(expr->op, to_double(left), to_double(right));
			return int_operation(expr->op, to_int(left), to_int(right));

		case CT_EXPR_BITAND:
		case CT_EXPR_BITOR:
		case CT_EXPR_BITXOR:
		case CT_EXPR_LSHIFT:
		case CT_EXPR_RSHIFT:
			left = eval(expr->args[0], vars, random);
			right = eval(expr->args[1], vars, random);
			if (left.type == CT_VALUE_NULL || right.type == CT_VALUE_NULL)
				return null_value();
			return bit_operation(expr->op, to_int(left), to_int(right));

		case CT_EXPR_AND:
		case CT_EXPR_OR:
			left = eval(expr->args[0], vars, random);
			if (left.type == CT_VALUE_NULL)
				return left;
			if (to_bool(left) == (expr->op == CT_EXPR_OR))
				return left;
			right = eval(expr->args[1], vars, random);
			if (right.type == CT_VALUE_NULL)
				return right;
			return bool_value(to_bool(right));

		case CT_EXPR_NOT:
			left = eval(expr->args[0], vars, random);
			if (left.type == CT_VALUE_NULL)
				return left;
			return bool_value(!to_bool(left));

		case CT_EXPR_IS:
			left = eval(expr->args[0], vars, random);
			right = eval(expr->args[1], vars, random);
			if (left.type != right.type)
				return bool_value(false);
			return bool_value(left.type == CT_VALUE_NULL || left.u.b == right.u.b);

		case CT_EXPR_CASE:
			for (i = 0; i + 1 < expr->nargs; i += 2)
			{
				left = eval(expr->args[i], vars, random);
				if (ct_value_as_bool(&left))
					return eval(expr->args[i + 1], vars, random);
			}
			return eval(expr->args[i], vars, random);

		default:
			return function_call(expr, vars, random);
	}
	return null_value();		/* keep the compiler quiet */
}

/*
 * Evaluates; random functions draw from random.  Raises an ERROR where
 * pgbench would abort the client.  The result is never UNSET or TEXT.
 */
CtValue
ct_expr_eval(const CtExpr *expr, const CtVariables *vars, pg_prng_state *random)
{
	/*
	 * Here and in function_call(), whose frame is the large one, is enough:
	 * CT_EXPR_MAX_DEPTH frames of eval() are below the server's margin.
	 */
	check_stack_depth();
	return eval(expr, vars, random);
}
