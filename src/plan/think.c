/*
 * think.c
 *		How long a client thinks between two transactions.
 */
#include "postgres.h"

#include <math.h>

#include "src/base/clock.h"
#include "src/plan/think.h"
#include "src/plan/validate.h"

/* what is further away never comes; and some of them add up without an overflow */
#define NEVER_NS	(1e9 * CT_NS_PER_S)

const char *
ct_think_validate(const Interval *low, const Interval *high, const char *distribution)
{
	double		from = low ? ct_interval_seconds(low) : 0;

	ct_validate_seconds("think_time", from, true);
	if (distribution == NULL)
		distribution = high != NULL ? CT_THINK_UNIFORM : "exponential";
	if (pg_strcasecmp(distribution, "exponential") != 0 && pg_strcasecmp(distribution, CT_THINK_FIXED) != 0 &&
		pg_strcasecmp(distribution, CT_THINK_UNIFORM) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized think_distribution \"%s\"", distribution),
				 errhint("The distributions are \"exponential\", \"fixed\" and \"uniform\".")));
	if (pg_strcasecmp(distribution, CT_THINK_UNIFORM) != 0)
	{
		if (high != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("think_max cannot be given with think_distribution \"%s\"", distribution),
					 errdetail("It is the longest think time of a uniform distribution.")));
		return pg_strcasecmp(distribution, CT_THINK_FIXED) == 0 ? CT_THINK_FIXED : NULL;
	}
	if (high == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("think_distribution \"uniform\" needs think_max"),
				 errhint("Give the shortest and the longest think time, as think_time => '1 s', think_max => '3 s'.")));
	ct_validate_seconds("think_max", ct_interval_seconds(high), true);
	if (ct_interval_seconds(high) < from)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("think_max must not be less than think_time"),
				 errdetail("It is %.15g s, where think_time is %.15g s.", ct_interval_seconds(high), from)));
	return CT_THINK_UNIFORM;
}

CtThink
ct_think_make(double low, double high, const char *distribution)
{
	CtThink		think = {CT_THINKS_EXPONENTIAL, low, high};

	if (distribution != NULL && strcmp(distribution, CT_THINK_FIXED) == 0)
		think.kind = CT_THINKS_FIXED;
	else if (distribution != NULL && strcmp(distribution, CT_THINK_UNIFORM) == 0)
		think.kind = CT_THINKS_UNIFORM;
	return think;
}

uint64
ct_think_draw_exponential(double mean_ns, pg_prng_state *random)
{
	double		ns = -log(1.0 - pg_prng_double(random)) * mean_ns;

	return (uint64) Min(ns, NEVER_NS);
}

uint64
ct_think_draw(const CtThink *think, pg_prng_state *random)
{
	switch (think->kind)
	{
		case CT_THINKS_FIXED:
			return (uint64) (think->low * 1e9);
		case CT_THINKS_UNIFORM:
			if (think->high <= 0)
				return 0;
			return (uint64) ((think->low + pg_prng_double(random) * (think->high - think->low)) * 1e9);
		case CT_THINKS_EXPONENTIAL:
			if (think->low <= 0)
				return 0;
			return ct_think_draw_exponential(think->low * 1e9, random);
	}
	return 0;					/* keep compiler quiet */
}
