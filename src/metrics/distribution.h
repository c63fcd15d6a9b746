/*
 * distribution.h
 *		Distributions that intervals and tests need: the normal one, Student's
 *		t, the binomial one.
 *
 * Computed, not looked up, so that any level and any degrees of freedom, whole
 * or not, can be asked for.  Right to 9 digits at least.
 */
#ifndef CT_DISTRIBUTION_H
#define CT_DISTRIBUTION_H

/* Probability that a standard normal is at most x; and the x for a probability, 0 < p < 1. */
extern double ct_normal_cdf(double x);
extern double ct_normal_quantile(double p);

/* The same of Student's t; degrees of freedom > 0, whole or not. */
extern double ct_student_cdf(double t, double degrees);
extern double ct_student_quantile(double p, double degrees);

/* Probability that of n trials with probability p each, 0 <= p <= 1, at most k are met. */
extern double ct_binomial_cdf(double k, double n, double p);

/* Regularized incomplete beta function I_x(a, b); a, b > 0, 0 <= x <= 1. */
extern double ct_incomplete_beta(double a, double b, double x);

#endif							/* CT_DISTRIBUTION_H */
