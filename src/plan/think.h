/*
 * think.h
 *		How long a client thinks between two transactions.
 */
#ifndef CT_THINK_H
#define CT_THINK_H

#include "common/pg_prng.h"
#include "utils/timestamp.h"

/* the names of distributions; exponential has none in a plan */
#define CT_THINK_FIXED		"fixed"
#define CT_THINK_UNIFORM	"uniform"

typedef enum CtThinkKind
{
	CT_THINKS_EXPONENTIAL,
	CT_THINKS_FIXED,
	CT_THINKS_UNIFORM
} CtThinkKind;

typedef struct CtThink
{
	CtThinkKind kind;
	double		low;			/* seconds: the mean, all of them, or the shortest */
	double		high;			/* seconds, of a uniform one: the longest */
} CtThink;

/*
 * What was said of a think time, checked: low and high NULL where they weren't;
 * distribution may be NULL.  Returns the distribution as it stands in a plan.
 * Raises for what is out of range or doesn't go together.
 */
extern const char *ct_think_validate(const Interval *low, const Interval *high,
									 const char *distribution);

/* The same of a plan's numbers. */
extern CtThink ct_think_make(double low, double high, const char *distribution);

/* A random time, in ns; 0 where nobody thinks, and then nothing is drawn. */
extern uint64 ct_think_draw(const CtThink *think, pg_prng_state *random);

/* A random time of that mean, as between two events of a Poisson process, in ns. */
extern uint64 ct_think_draw_exponential(double mean_ns, pg_prng_state *random);

#endif							/* CT_THINK_H */
