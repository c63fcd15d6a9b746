/*
 * program.c
 *		Loading a plan's scripts.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "src/plan/program.h"
#include "src/plan/threshold.h"

/* bytes of a command's text that stand in a message */
#define TEXT_SHOWN	160

/* The histogram of an outcome that a threshold names; a new one if it is the first. */
static int
program_watch_outcome(CtProgram *program, const char *label)
{
	CtProgramOutcome *outcome;
	int			i;

	for (i = 0; i < program->noutcomes; i++)
	{
		if (strcmp(program->outcomes[i].label, label) == 0)
			return program->outcomes[i].histogram;
	}
	if (program->noutcomes >= CT_MAX_WATCHED)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("thresholds may name at most %d outcomes", CT_MAX_WATCHED)));
	outcome = &program->outcomes[program->noutcomes++];
	outcome->label = pstrdup(label);
	outcome->histogram = program->nhistograms++;
	return outcome->histogram;
}

/* What is repeated in the phases, and where their latencies go. */
static void
program_load_phases(CtProgram *program)
{
	const CtPlan *plan = program->plan;
	int			n = Max(list_length(plan->phases), 1);
	ListCell   *lc;
	int			i;
	int			s;

	program->nphases = list_length(plan->phases);
	program->phases = palloc0(n * sizeof(CtProgramPhase));
	for (i = 0; i < n; i++)
	{
		CtProgramPhase *phase = &program->phases[i];

		phase->plan = program->nphases > 0 ? list_nth(plan->phases, i) : NULL;
		phase->histogram = program->nphases > 0 ? program->nhistograms++ : -1;
		phase->weights = palloc(program->nscripts * sizeof(int));
		for (s = 0; s < program->nscripts; s++)
		{
			const CtPlanScript *script = program->scripts[s].plan;

			phase->weights[s] = script->workers > 0 ? 0 : script->weight;
			phase->total_weight += phase->weights[s];
		}
	}
	foreach(lc, plan->weights)
	{
		const CtPlanWeight *weight = lfirst(lc);
		CtProgramPhase *phase = &program->phases[weight->phase];

		for (s = 0; s < program->nscripts; s++)
		{
			if (strcmp(weight->script, program->scripts[s].plan->name) != 0)
				continue;
			phase->total_weight += weight->weight - phase->weights[s];
			phase->weights[s] = weight->weight;
		}
	}
}

/* What the thresholds are of. */
static void
program_load_thresholds(CtProgram *program)
{
	CtNames    *names = NULL;
	ListCell   *lc;
	int			i = 0;

	program->outcomes = palloc(CT_MAX_WATCHED * sizeof(CtProgramOutcome));
	program->thresholds = palloc0(Max(list_length(program->plan->thresholds), 1) *
								  sizeof(CtProgramThreshold));
	foreach(lc, program->plan->thresholds)
	{
		CtProgramThreshold *threshold = &program->thresholds[i++];
		const char *name = ((CtPlanThreshold *) lfirst(lc))->metric;
		char	   *of;

		CHECK_FOR_INTERRUPTS();
		if (names == NULL && strchr(name, '.') != NULL)
			names = ct_names_of_program(program);
		ct_threshold_resolve(name, program, names, threshold, &of);
		threshold->plan = lfirst(lc);
		if (threshold->kind == CT_OF_OUTCOME)
			threshold->histogram = program_watch_outcome(program, of);
	}
}

/* Gives the script's commands, and its end, their places. */
static void
program_place_commands(CtProgram *program, CtProgramScript *script)
{
	script->place = program->nplaces;
	program->nplaces += script->script->ncommands + 1;
}

/* The name, or one like it: of a run's results a script is known by its name, and no two have the same. */
static char *
program_free_name(const CtProgram *program, const char *name)
{
	char	   *free_name = pstrdup(name);
	int			n = 1;
	int			i = 0;

	while (i < program->nall)
	{
		if (strcmp(program->scripts[i++].plan->name, free_name) != 0)
			continue;
		free_name = psprintf("%s (%d)", name, ++n);
		i = 0;
	}
	return free_name;
}

/* Adds a script that clients begin with; returns its index. */
static int
program_add_start(CtProgram *program, const char *name, const char *body)
{
	CtProgramScript *script = &program->scripts[program->nall];
	CtPlanScript *plan = palloc0(sizeof(CtPlanScript));
	int			i;

	plan->name = program_free_name(program, name);
	plan->body = unconstify(char *, body);
	script->plan = plan;
	script->script = ct_script_parse(plan->name, body, program->symbols, false);
	script->histogram = -1;
	script->first_client = -1;
	script->step_histogram = palloc(Max(script->script->ncommands, 1) * sizeof(int));
	script->step = palloc(Max(script->script->ncommands, 1) * sizeof(int));
	for (i = 0; i < script->script->ncommands; i++)
		script->step_histogram[i] = script->step[i] = -1;
	program_place_commands(program, script);
	return program->nall++;
}

static void
program_load_classes(CtProgram *program)
{
	const CtPlan *plan = program->plan;
	ListCell   *lc;

	program->classes = palloc0(list_length(plan->classes) * sizeof(CtProgramClass));
	foreach(lc, plan->classes)
	{
		CtProgramClass *one = &program->classes[program->nclasses++];

		one->plan = lfirst(lc);
		one->histogram = program->nhistograms++;
		one->think = ct_think_make(one->plan->think, one->plan->think_max,
								   one->plan->think_distribution);
		one->start = program->start;
		if (one->plan->on_start != NULL)
			one->start = program_add_start(program, psprintf("on_start of %s", one->plan->name),
										   one->plan->on_start);
		if (one->plan->weighted)
			one->weights = palloc0(program->nscripts * sizeof(int));
	}
	foreach(lc, plan->class_weights)
	{
		const CtPlanClassWeight *weight = lfirst(lc);
		CtProgramClass *one = &program->classes[weight->class_number];

		one->weights[weight->script] = weight->weight;
		one->total_weight += weight->weight;
	}
}

CtProgram *
ct_program_load(const CtPlan *plan)
{
	CtProgram  *program = palloc0(sizeof(CtProgram));
	ListCell   *lc;
	int			bound = 0;

	program->plan = plan;
	program->symbols = ct_plan_symbols(plan);
	program->scripts = palloc0((list_length(plan->scripts) + list_length(plan->classes) + 1) *
							   sizeof(CtProgramScript));
	foreach(lc, plan->scripts)
	{
		CtProgramScript *script = &program->scripts[program->nscripts++];
		int			i;

		script->plan = lfirst(lc);
		script->script = ct_script_parse(script->plan->name, script->plan->body,
										 program->symbols, script->plan->quoted);
		script->think = ct_think_make(script->plan->think, script->plan->think_max,
									  script->plan->think_distribution);
		script->first_client = bound;
		bound += script->plan->workers;

		script->histogram = program->nhistograms;
		program->nhistograms += CT_LATENCY_STATEMENT;
		script->step_histogram = palloc(Max(script->script->ncommands, 1) * sizeof(int));
		script->step = palloc(Max(script->script->ncommands, 1) * sizeof(int));
		script->command = palloc(CT_MAX_STEPS * sizeof(int));
		script->first_step = program->nsteps;
		for (i = 0; i < script->script->ncommands; i++)
		{
			bool		is_sql = script->script->commands[i].kind == CT_COMMAND_SQL;

			script->step_histogram[i] = is_sql ? program->nhistograms++ : -1;
			script->step[i] = -1;
			if (is_sql && script->nsteps < CT_MAX_STEPS)
			{
				script->command[script->nsteps] = i;
				script->step[i] = script->nsteps++;
			}
		}
		program->nsteps += script->nsteps;
		program_place_commands(program, script);
	}
	program->nall = program->nscripts;
	program->start = plan->on_start ? program_add_start(program, "on_start", plan->on_start) : -1;
	program_load_classes(program);
	if ((double) (program->nsteps + 1) * program->nscripts <= CT_MAX_ORDERS)
		program->norders = (program->nsteps + 1) * program->nscripts;
	program_load_phases(program);
	if (program->nphases > 0)
		ct_names_check_phases(ct_names_of_program(program));
	program_load_thresholds(program);
	return program;
}

/* The beginning of a text, in one line. */
static char *
program_one_line(const char *text)
{
	int			length = strlen(text);
	int			shown = pg_mbcliplen(text, length, TEXT_SHOWN);
	char	   *line = pnstrdup(text, shown);
	char	   *from;
	char	   *to = line;

	/* what stands between words becomes a space */
	for (from = line; *from != '\0'; from++)
	{
		if (strchr(" \t\r\n\f\v", *from) == NULL)
			*to++ = *from;
		else if (to == line || to[-1] != ' ')
			*to++ = ' ';
	}
	*to = '\0';
	return shown < length ? psprintf("%s...", line) : line;
}

bool
ct_program_meets(const CtProgram *program)
{
	int			s;
	int			c;

	for (s = 0; s < program->nscripts; s++)
		for (c = 0; c < program->scripts[s].script->ncommands; c++)
			if (program->scripts[s].script->commands[c].kind == CT_COMMAND_BARRIER)
				return true;
	return false;
}

int
ct_program_script_at(const CtProgram *program, int place, int *command)
{
	int			s = program->nall - 1;

	while (s > 0 && place < program->scripts[s].place)
		s--;
	*command = place - program->scripts[s].place;
	return s;
}

const char *
ct_program_step_at(const CtProgram *program, int place, int *step, const char **query)
{
	int			command;
	const CtScript *script = program->scripts[ct_program_script_at(program, place, &command)].script;
	bool		is_step = command < script->ncommands;

	*step = is_step ? command + 1 : -1;
	*query = is_step ? script->commands[command].source : NULL;
	return script->name;
}

char *
ct_program_place(const CtProgram *program, int script, int command)
{
	const CtScript *it = program->scripts[script].script;

	if (command < 0 || command >= it->ncommands)
		return psprintf("script \"%s\", at its end", it->name);
	return psprintf("script \"%s\", step %d, line %d: %s", it->name, command + 1,
					it->commands[command].line, program_one_line(it->commands[command].source));
}

int
ct_program_own_script(const CtProgram *program, int number)
{
	int			i;

	for (i = 0; i < program->nscripts; i++)
	{
		const CtProgramScript *script = &program->scripts[i];

		if (number >= script->first_client && number < script->first_client + script->plan->workers)
			return i;
	}
	return -1;
}
