/*
 * batches.c
 *		The interval of a rate, by batch means.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "src/metrics/batches.h"
#include "src/metrics/distribution.h"

void
ct_batches_double(CtBatches *batches)
{
	int			i;

	for (i = 0; i < CT_SLICES / 2; i++)
		batches->slices[i] = batches->slices[2 * i] + batches->slices[2 * i + 1];
	for (; i < CT_SLICES; i++)
		batches->slices[i] = 0;
	batches->shift++;
}

void
ct_batches_add(CtBatches *to, const CtBatches *from)
{
	CtBatches	other = *from;
	int			i;

	if (other.shift == 0)
		return;
	if (to->shift == 0)
		to->shift = CT_FIRST_SHIFT;
	while (to->shift < other.shift)
		ct_batches_double(to);
	while (other.shift < to->shift)
		ct_batches_double(&other);
	for (i = 0; i < CT_SLICES; i++)
		to->slices[i] += other.slices[i];
}

double
ct_batches_half_interval(const CtBatches *batches, uint64 span_ns)
{
	uint64		slice_ns = UINT64CONST(1) << batches->shift;
	int			nslices;
	int			slices;			/* of a batch */
	int			n;
	double		sum = 0;
	double		squares = 0;
	double		seconds;
	int			i;
	int			j;

	if (batches->shift == 0)
		return get_float8_nan();

	/* what was begun when the span ended is left out, as is what makes no whole batch */
	nslices = (int) Min(span_ns / slice_ns, CT_SLICES);
	slices = (int) Max((CT_MIN_BATCH_NS + slice_ns - 1) / slice_ns,
					   (nslices + CT_MAX_BATCHES - 1) / CT_MAX_BATCHES);
	n = nslices / slices;
	if (n < CT_MIN_BATCHES)
		return get_float8_nan();

	seconds = slices * (slice_ns / 1e9);
	for (i = 0; i < n; i++)
	{
		uint64		count = 0;
		double		rate;

		for (j = 0; j < slices; j++)
			count += batches->slices[i * slices + j];
		rate = count / seconds;
		sum += rate;
		squares += rate * rate;
	}
	return ct_student_quantile(0.975, n - 1) *
		sqrt(Max(squares - sum * sum / n, 0) / (n - 1) / n);
}
