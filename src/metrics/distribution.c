/*
 * distribution.c
 *		Distributions that intervals and tests need.
 *
 * All but the normal one come down to the incomplete beta function, which is
 * evaluated as a continued fraction (Abramowitz and Stegun, Handbook of
 * Mathematical Functions, 26.5.8) by Lentz's method.  Quantiles are found by
 * false position, in the form that is called Illinois: it keeps the quantile
 * between two bounds, so that it can't fail, and needs some ten looks.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/distribution.h"

double
ct_normal_cdf(double x)
{
	return 0.5 * erfc(-x / sqrt(2.0));
}

/* The argument between low and high at which a growing function of x comes to p. */
static double
distribution_invert(double (*cdf) (double, double), double degrees, double p,
					double low, double high)
{
	double		below = cdf(low, degrees) - p;
	double		above = cdf(high, degrees) - p;
	int			side = 0;
	int			i;

	for (i = 0; i < 200 && high - low > 1e-12 * (1 + fabs(low)); i++)
	{
		double		x = i % 8 == 7 ? (low + high) / 2 : (low * above - high * below) / (above - below);
		double		off = cdf(x, degrees) - p;

		if (off == 0)
			return x;

		/* the bound that stays a second time counts half, or it would stay for ever */
		if (off < 0)
		{
			low = x;
			below = off;
			if (side < 0)
				above /= 2;
			side = -1;
		}
		else
		{
			high = x;
			above = off;
			if (side > 0)
				below /= 2;
			side = 1;
		}
	}
	return (low + high) / 2;
}

static double
distribution_normal(double x, double degrees)
{
	return ct_normal_cdf(x);
}

double
ct_normal_quantile(double p)
{
	return distribution_invert(distribution_normal, 0, p, -40, 40);
}

/* The continued fraction of the incomplete beta function, which converges for x < (a + 1) / (a + b + 2). */
static double
distribution_beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double		c = 1;
	double		d = 1 - (a + b) * x / (a + 1);
	double		result;
	int			m;

	if (fabs(d) < tiny)
		d = tiny;
	d = 1 / d;
	result = d;
	for (m = 1; m < 10000; m++)
	{
		double		even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double		odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double		factor;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		result *= d * c;

		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		factor = d * c;
		result *= factor;
		if (fabs(factor - 1) < 1e-15)
			break;
	}
	return result;
}

double
ct_incomplete_beta(double a, double b, double x)
{
	double		front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * distribution_beta_fraction(a, b, x) / a;
	return 1 - front * distribution_beta_fraction(b, a, 1 - x) / b;
}

double
ct_student_cdf(double t, double degrees)
{
	double		tail = 0.5 * ct_incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));

	return t < 0 ? tail : 1 - tail;
}

double
ct_student_quantile(double p, double degrees)
{
	double		high = 1;

	/* from below, where the tail keeps its digits */
	if (p > 0.5)
		return -ct_student_quantile(1 - p, degrees);
	while (ct_student_cdf(-high, degrees) > p && high < 1e300)
		high *= 2;
	return distribution_invert(ct_student_cdf, degrees, p, -high, 0);
}

double
ct_binomial_cdf(double k, double n, double p)
{
	if (k < 0)
		return 0;
	if (k >= n)
		return 1;
	return ct_incomplete_beta(n - k, k + 1, 1 - p);
}
