/*
 * usl.c
 *		Gunther's universal scalability law.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/distribution.h"
#include "src/metrics/usl.h"

#define PARAMETERS		3		/* lambda, sigma, kappa */
#define MAX_ITERATIONS	500
#define USL_NOTHING		1e-9	/* what rounding leaves of a cost that there isn't */

typedef struct CtUslModel
{
	double		p[PARAMETERS];
	bool		free[PARAMETERS];
	double		squares;		/* sum of squared residuals */
	double		inverse[PARAMETERS][PARAMETERS];	/* of the normal matrix; of parameters that are free */
	bool		solved;
} CtUslModel;

static double
usl_value(const double *p, double n)
{
	return p[0] * n / (1 + p[1] * (n - 1) + p[2] * n * (n - 1));
}

static void
usl_gradient(const double *p, double n, double *gradient)
{
	double		below = 1 + p[1] * (n - 1) + p[2] * n * (n - 1);

	gradient[0] = n / below;
	gradient[1] = -p[0] * n * (n - 1) / (below * below);
	gradient[2] = -p[0] * n * n * (n - 1) / (below * below);
}

static double
usl_squares(const double *p, const double *clients, const double *tps, int n)
{
	double		squares = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		double		off = tps[i] - usl_value(p, clients[i]);

		squares += off * off;
	}
	return squares;
}

/* Inverts a symmetric matrix whose rows and columns of what isn't free are those of the unit matrix. */
static bool
usl_invert(double a[PARAMETERS][PARAMETERS], double inverse[PARAMETERS][PARAMETERS])
{
	double		scale[PARAMETERS];
	int			i;
	int			j;
	int			k;

	/* the parameters are of very different size */
	for (i = 0; i < PARAMETERS; i++)
	{
		if (!(a[i][i] > 0))
			return false;
		scale[i] = 1 / sqrt(a[i][i]);
	}
	for (i = 0; i < PARAMETERS; i++)
		for (j = 0; j < PARAMETERS; j++)
		{
			a[i][j] *= scale[i] * scale[j];
			inverse[i][j] = i == j;
		}
	for (i = 0; i < PARAMETERS; i++)
	{
		double		pivot = a[i][i];

		if (!(fabs(pivot) > 1e-13))
			return false;
		for (j = 0; j < PARAMETERS; j++)
		{
			a[i][j] /= pivot;
			inverse[i][j] /= pivot;
		}
		for (k = 0; k < PARAMETERS; k++)
		{
			double		factor = a[k][i];

			if (k == i)
				continue;
			for (j = 0; j < PARAMETERS; j++)
			{
				a[k][j] -= factor * a[i][j];
				inverse[k][j] -= factor * inverse[i][j];
			}
		}
	}
	for (i = 0; i < PARAMETERS; i++)
		for (j = 0; j < PARAMETERS; j++)
			inverse[i][j] *= scale[i] * scale[j];
	return true;
}

/* The normal matrix and the gradient's product with the residuals. */
static void
usl_normal(const CtUslModel *model, const double *clients, const double *tps, int n, double damping,
		   double matrix[PARAMETERS][PARAMETERS], double *right)
{
	double		gradient[PARAMETERS];
	int			i;
	int			j;
	int			k;

	memset(matrix, 0, sizeof(double) * PARAMETERS * PARAMETERS);
	memset(right, 0, sizeof(double) * PARAMETERS);
	for (i = 0; i < n; i++)
	{
		double		off = tps[i] - usl_value(model->p, clients[i]);

		usl_gradient(model->p, clients[i], gradient);
		for (j = 0; j < PARAMETERS; j++)
		{
			if (!model->free[j])
				continue;
			right[j] += gradient[j] * off;
			for (k = 0; k < PARAMETERS; k++)
				if (model->free[k])
					matrix[j][k] += gradient[j] * gradient[k];
		}
	}
	for (j = 0; j < PARAMETERS; j++)
		matrix[j][j] = model->free[j] ? matrix[j][j] * (1 + damping) : 1;
}

/* Levenberg and Marquardt's method, from where the model's parameters are. */
static void
usl_solve(CtUslModel *model, const double *clients, const double *tps, int n)
{
	double		matrix[PARAMETERS][PARAMETERS];
	double		right[PARAMETERS];
	double		damping = 1e-3;
	int			round;
	int			i;
	int			j;

	model->squares = usl_squares(model->p, clients, tps, n);
	for (round = 0; round < MAX_ITERATIONS && damping < 1e12; round++)
	{
		double		next[PARAMETERS];
		double		squares;
		double		gain;

		usl_normal(model, clients, tps, n, damping, matrix, right);
		if (!usl_invert(matrix, model->inverse))
			return;
		for (i = 0; i < PARAMETERS; i++)
		{
			next[i] = model->p[i];
			for (j = 0; j < PARAMETERS; j++)
				next[i] += model->inverse[i][j] * right[j];
		}
		squares = usl_squares(next, clients, tps, n);
		if (!(squares <= model->squares) || !(next[0] > 0))
		{
			damping *= 10;
			continue;
		}
		gain = model->squares - squares;
		memcpy(model->p, next, sizeof(next));
		model->squares = squares;
		damping = Max(damping / 10, 1e-12);
		if (gain <= 1e-14 * squares)
			break;
	}
	usl_normal(model, clients, tps, n, 0, matrix, right);
	model->solved = usl_invert(matrix, model->inverse);
}

static int
usl_count_loads(const double *clients, int n)
{
	int			loads = 0;
	int			i;
	int			j;

	for (i = 0; i < n; i++)
	{
		for (j = 0; j < i && clients[j] != clients[i]; j++)
			;
		loads += j == i;
	}
	return loads;
}

/* The interval of a parameter: estimate of the best model, width of the free one. */
static CtInterval
usl_interval(const CtUslModel *best, const CtUslModel *all, int i, double t, double variance)
{
	double		half = t * sqrt(Max(all->inverse[i][i], 0) * variance);
	CtInterval	interval = {best->p[i], all->p[i] - half, all->p[i] + half};

	interval.low = Max(interval.low, 0);
	interval.high = Max(interval.high, interval.low);
	return interval;
}

CtUslFit
ct_usl_fit(const double *clients, const double *tps, int n, double level)
{
	CtUslFit	fit = {false};
	CtUslModel	best = {.squares = INFINITY};
	CtUslModel	all = {{0}};
	double		mean = 0;
	double		total = 0;
	double		one = 0;
	double		t;
	int			which;
	int			i;

	for (i = 0; i < n; i++)
	{
		if (!(clients[i] >= 1) || !(tps[i] > 0))
			return fit;
		mean += tps[i] / n;
		one = Max(one, tps[i] / clients[i]);
	}
	if (usl_count_loads(clients, n) < CT_USL_MIN_LOADS)
		return fit;

	/* with both costs, with one of them, with none: the best of those that make sense */
	for (which = 3; which >= 0; which--)
	{
		CtUslModel	model = {{one, which & 1 ? 0.05 : 0, which & 2 ? 0.001 : 0}, {true, which & 1, (which & 2) != 0}};

		usl_solve(&model, clients, tps, n);
		if (which == 3)
			all = model;
		for (i = 1; i < PARAMETERS; i++)
			if (fabs(model.p[i]) < USL_NOTHING)
				model.p[i] = 0;
		if (model.solved && model.p[1] >= 0 && model.p[2] >= 0 && model.squares < best.squares)
			best = model;
	}
	if (!all.solved || isinf(best.squares))
		return fit;

	for (i = 0; i < n; i++)
		total += (tps[i] - mean) * (tps[i] - mean);
	t = ct_student_quantile((1 + level) / 2, n - PARAMETERS);
	fit.fitted = true;
	fit.lambda = usl_interval(&best, &all, 0, t, all.squares / (n - PARAMETERS));
	fit.sigma = usl_interval(&best, &all, 1, t, all.squares / (n - PARAMETERS));
	fit.kappa = usl_interval(&best, &all, 2, t, all.squares / (n - PARAMETERS));
	fit.r2 = total > 0 ? 1 - best.squares / total : NAN;
	fit.peak.estimate = fit.peak.low = fit.peak.high = NAN;
	if (fit.kappa.low > USL_NOTHING && fit.sigma.estimate < 1)
	{
		fit.peak.estimate = sqrt((1 - fit.sigma.estimate) / fit.kappa.estimate);
		fit.peak.low = sqrt(Max(1 - fit.sigma.high, 0) / fit.kappa.high);
		fit.peak.high = sqrt((1 - fit.sigma.low) / fit.kappa.low);
	}
	return fit;
}

double
ct_usl_predict(const CtUslFit *fit, double clients)
{
	double		p[PARAMETERS] = {fit->lambda.estimate, fit->sigma.estimate, fit->kappa.estimate};

	return fit->fitted ? usl_value(p, clients) : NAN;
}

CtInterval
ct_usl_exponent(const double *clients, const double *tps, int n, double level)
{
	CtInterval	interval = {NAN, NAN, NAN};
	double		x = 0;
	double		y = 0;
	double		xx = 0;
	double		xy = 0;
	double		yy = 0;
	double		half;
	int			i;

	for (i = 0; i < n; i++)
	{
		if (!(clients[i] > 0) || !(tps[i] > 0))
			return interval;
		x += log(clients[i]) / n;
		y += log(tps[i]) / n;
	}
	for (i = 0; i < n; i++)
	{
		xx += (log(clients[i]) - x) * (log(clients[i]) - x);
		xy += (log(clients[i]) - x) * (log(tps[i]) - y);
		yy += (log(tps[i]) - y) * (log(tps[i]) - y);
	}
	if (n < 3 || !(xx > 0))
		return interval;
	half = ct_student_quantile((1 + level) / 2, n - 2) * sqrt(Max(yy - xy * xy / xx, 0) / (n - 2) / xx);
	interval.estimate = xy / xx;
	interval.low = interval.estimate - half;
	interval.high = interval.estimate + half;
	return interval;
}
