/*
 * random.c
 *		Random distributions, hashes and the permutation of the script
 *		language.
 *
 * From the same state these give the same numbers as pgbench, so that a
 * script and a seed mean the same in both.  The caller has checked the
 * parameters: min <= max, max - min + 1 doesn't overflow, and the ranges that
 * eval.c states.
 */
#include "postgres.h"

#include <math.h>

#include "port/pg_bitutils.h"
#include "src/script/expr.h"

#ifndef M_PI
#define M_PI 3.14159265358979323846
#endif

/* the 64-bit Fowler-Noll-Vo hash, variant 1a */
#define FNV_BASIS			UINT64CONST(0xcbf29ce484222325)
#define FNV_MULTIPLIER		UINT64CONST(0x100000001b3)

/* 64-bit MurmurHash2 */
#define MURMUR_MULTIPLIER	UINT64CONST(0xc6a4a7935bd1e995)
#define MURMUR_SHIFT		47

#define PERMUTE_ROUNDS		6

/* pg_prng_double() is in [0, 1); logarithms want (0, 1] */
static inline double
random_positive_uniform(pg_prng_state *random)
{
	return 1.0 - pg_prng_double(random);
}

/* The integer a fraction in [0, 1) of the way from min to max. */
static inline int64
random_scale_to_range(int64 min, int64 max, double fraction)
{
	return min + (int64) ((max - min + 1) * fraction);
}

int64
ct_random_uniform(pg_prng_state *random, int64 min, int64 max)
{
	return min + (int64) pg_prng_uint64_range(random, 0, (uint64) (max - min));
}

/*
 * Inverse transform sampling of an exponential that is cut off where its
 * density has fallen to exp(-parameter), parameter > 0.
 */
int64
ct_random_exponential(pg_prng_state *random, int64 min, int64 max, double parameter)
{
	double		cut = exp(-parameter);
	double		uniform = random_positive_uniform(random);

	return random_scale_to_range(min, max,
								 -log(cut + (1.0 - cut) * uniform) / parameter);
}

/*
 * A normal distribution by the Box-Muller transform, drawn again until it is
 * within parameter (at least 2) standard deviations of the middle.
 */
int64
ct_random_gaussian(pg_prng_state *random, int64 min, int64 max, double parameter)
{
	double		deviation;

	do
	{
		double		radius = sqrt(-2.0 * log(random_positive_uniform(random)));

		deviation = radius * sin(2.0 * M_PI * random_positive_uniform(random));
	} while (deviation < -parameter || deviation >= parameter);

	return random_scale_to_range(min, max, (deviation + parameter) / (parameter * 2.0));
}

/*
 * A bounded zipfian distribution by rejection: Devroye, Non-Uniform Random
 * Variate Generation, 1986, page 550.  It slows down as parameter nears 1.
 */
int64
ct_random_zipfian(pg_prng_state *random, int64 min, int64 max, double parameter)
{
	int64		n = max - min + 1;
	double		exponent = parameter - 1.0;
	double		b = pow(2.0, exponent);

	if (n <= 1)
		return min;

	for (;;)
	{
		double		u = pg_prng_double(random);
		double		v = pg_prng_double(random);
		double		x = floor(pow(u, -1.0 / exponent));
		double		t = pow(1.0 + 1.0 / x, exponent);

		if (v * x * (t - 1.0) / (b - 1.0) <= t / b && x <= n)
			return min - 1 + (int64) x;
	}
}

int64
ct_hash_fnv1a(int64 value, int64 seed)
{
	uint64		hash = FNV_BASIS ^ (uint64) seed;
	uint64		rest = (uint64) value;
	int			i;

	for (i = 0; i < 8; i++)
	{
		hash = (hash ^ (rest & 0xff)) * FNV_MULTIPLIER;
		rest >>= 8;
	}
	return (int64) hash;
}

int64
ct_hash_murmur2(int64 value, int64 seed)
{
	uint64		block = (uint64) value * MURMUR_MULTIPLIER;
	uint64		hash = (uint64) seed ^ (sizeof(int64) * MURMUR_MULTIPLIER);

	block = (block ^ (block >> MURMUR_SHIFT)) * MURMUR_MULTIPLIER;
	hash = (hash ^ block) * MURMUR_MULTIPLIER;
	hash = (hash ^ (hash >> MURMUR_SHIFT)) * MURMUR_MULTIPLIER;
	return (int64) (hash ^ (hash >> MURMUR_SHIFT));
}

/*
 * One bijective step on the numbers up to mask (a power of 2 less 1, bits
 * wide): times an odd number, xor another, rotated by one bit because the low
 * bits of a product are the least random.  Numbers above mask are passed
 * through, but the two draws are made all the same.
 */
static uint64
random_permute_step(pg_prng_state *random, uint64 number, uint64 mask, int bits)
{
	uint64		factor = (pg_prng_uint64(random) & mask) | 1;
	uint64		flips = pg_prng_uint64(random) & mask;

	if (number > mask)
		return number;
	number = ((number * factor) ^ flips) & mask;
	return ((number << 1) & mask) | (number >> (bits - 1));
}

/*
 * Where the seed's permutation of [0, size) takes value (modulo size); size
 * is positive.  Each round permutes the lower and the upper power-of-2 part
 * of the range, which overlap, and shifts all by a random offset.
 */
int64
ct_permute(int64 value, int64 size, int64 seed)
{
	pg_prng_state random;
	uint64		range = (uint64) size;
	uint64		number;
	uint64		mask;
	int			bits;
	int			round;

	if (size < 2)
		return 0;

	pg_prng_seed(&random, (uint64) seed);
	number = (uint64) value % range;
	bits = pg_leftmost_one_pos64(range);
	mask = (UINT64CONST(1) << bits) - 1;

	for (round = 0; round < PERMUTE_ROUNDS; round++)
	{
		number = random_permute_step(&random, number, mask, bits);
		number = range - 1 - random_permute_step(&random, range - 1 - number, mask, bits);
		number = (number + pg_prng_uint64_range(&random, 0, range - 1)) % range;
	}
	return (int64) number;
}
