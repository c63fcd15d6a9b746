/*
 * orders.c
 *		From the bits that workers have set to pairs of steps.
 */
#include "postgres.h"

#include "src/results/orders.h"

#define IS_SET(word, bit)	(((word) & (UINT64CONST(1) << (bit))) != 0)

/* Has step i of script s been seen to end before step j of script t began? */
static bool
orders_seen(const CtProgram *program, uint64 *orders, int s, int i, int t, int j)
{
	return IS_SET(ct_program_orders(program, orders, t, j)[s], i);
}

void
ct_orders_walk(const CtProgram *program, uint64 *orders,
			   void (*take) (void *arg, const CtOrderPairs *row), void *arg)
{
	CtOrderPairs row;
	int			s;
	int			t;
	int			i;
	int			j;

	for (s = 0; s < program->nscripts; s++)
	{
		for (i = 0; i < program->scripts[s].nsteps; i++)
		{
			if (!IS_SET(*ct_program_executed(program, orders, s), i))
				continue;
			row.script = s;
			row.command = program->scripts[s].command[i];
			for (t = s; t < program->nscripts; t++)
			{
				row.other_script = t;
				row.n = 0;
				for (j = 0; j < program->scripts[t].nsteps; j++)
				{
					if (!IS_SET(*ct_program_executed(program, orders, t), j))
						continue;
					row.other_command[row.n] = program->scripts[t].command[j];
					row.before[row.n] = orders_seen(program, orders, s, i, t, j);
					row.after[row.n] = orders_seen(program, orders, t, j, s, i);
					row.n++;
				}
				if (row.n > 0)
					take(arg, &row);
			}
		}
	}
}

static void
orders_count_pairs(void *arg, const CtOrderPairs *row)
{
	CtResults  *results = arg;
	int			i;

	results->orders_possible += 2 * row->n;
	for (i = 0; i < row->n; i++)
		results->orders_seen += row->before[i] + row->after[i];
}

void
ct_orders_count(const CtProgram *program, CtResults *results)
{
	results->orders_seen = results->orders_possible = 0;
	ct_orders_walk(program, results->orders, orders_count_pairs, results);
}
