/*
 * usl.h
 *		Gunther's universal scalability law, fitted to throughput by clients.
 *
 *			X(n) = lambda n / (1 + sigma (n - 1) + kappa n (n - 1))
 *
 * lambda is what one client alone comes to; sigma, contention, the share that
 * only one can do at a time; kappa, coherency, what each pair costs each other
 * (Gunther, Guerrilla Capacity Planning, 2007).  Least squares, as R's usl
 * does it; neither sigma nor kappa is negative.  Intervals are Student's, of the
 * fit without those bounds.
 *
 * Nothing here allocates, raises, or reads a clock.
 */
#ifndef CT_USL_H
#define CT_USL_H

#include "src/metrics/statistics.h"

#define CT_USL_MIN_LOADS	4	/* different numbers of clients, below which nothing is claimed */

typedef struct CtUslFit
{
	bool		fitted;			/* the rest is there */
	CtInterval	lambda;
	CtInterval	sigma;
	CtInterval	kappa;
	CtInterval	peak;			/* clients with the highest throughput; NaN unless kappa is surely > 0 */
	double		r2;
} CtUslFit;

extern CtUslFit ct_usl_fit(const double *clients, const double *tps, int n, double level);
extern double ct_usl_predict(const CtUslFit *fit, double clients);

/* The exponent p of tps ~ clients^p, 1 where it scales linearly; NaN for less than three points. */
extern CtInterval ct_usl_exponent(const double *clients, const double *tps, int n, double level);

#endif							/* CT_USL_H */
