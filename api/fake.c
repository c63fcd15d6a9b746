/*
 * fake.c
 *		ct_fake_name and its like: names, mail addresses and such for setups.
 *
 * The same seed gives the same value, on every server and in every version:
 * nothing of it depends on settings, and the words are in ASCII, so that they
 * fit any encoding.  What is drawn of a seed is drawn anew for each kind of
 * word, but a person's address is of the person's name.  An address is of no
 * other seed than its own; names are of many.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_fake_name);
CT_FUNCTION_INFO_V1(ct_fake_email);
CT_FUNCTION_INFO_V1(ct_fake_company);
CT_FUNCTION_INFO_V1(ct_fake_city);
CT_FUNCTION_INFO_V1(ct_fake_phone);
CT_FUNCTION_INFO_V1(ct_fake_text);

#define MAX_WORDS	100000

static const char *const given_names[] = {
	"Ada", "Adam", "Agnes", "Ali", "Alma", "Amara", "Anna", "Anton", "Aoife", "Arjun", "Asha", "Astrid",
	"Beatriz", "Ben", "Bruno", "Carla", "Carlos", "Chen", "Clara", "Daniel", "Daria", "Diego", "Edith",
	"Elena", "Elias", "Emil", "Emma", "Fatima", "Felix", "Finn", "Freya", "Grace", "Hana", "Hugo", "Ida",
	"Ines", "Ivan", "Jakob", "Jin", "Jonas", "Kaito", "Karin", "Kofi", "Lara", "Leo", "Lin", "Lucia",
	"Malik", "Maria", "Marta", "Mateo", "Mei", "Mila", "Nadia", "Nils", "Noor", "Olga", "Omar", "Oskar",
	"Paula", "Pedro", "Petra", "Priya", "Rafael", "Rosa", "Samir", "Sara", "Sofia", "Sven", "Tariq",
	"Tess", "Theo", "Uma", "Vera", "Viktor", "Wanda", "Yara", "Yusuf", "Zoe"
};

static const char *const family_names[] = {
	"Adeyemi", "Ahmed", "Alvarez", "Andersen", "Baker", "Bauer", "Becker", "Bianchi", "Brandt", "Carter",
	"Castro", "Chavez", "Cohen", "Costa", "Diallo", "Dubois", "Duarte", "Eriksson", "Farah", "Fischer",
	"Fonseca", "Garcia", "Gruber", "Gupta", "Haddad", "Hansen", "Hoffmann", "Horvat", "Hughes", "Ito",
	"Ivanova", "Jansen", "Jensen", "Kaya", "Keller", "Kim", "Kowalski", "Kumar", "Larsen", "Laurent",
	"Lehmann", "Leone", "Lopez", "Mansour", "Marino", "Mendes", "Meyer", "Moreau", "Murphy", "Nakamura",
	"Nguyen", "Novak", "Okafor", "Olsen", "Ortiz", "Patel", "Pereira", "Peters", "Petrov", "Quinn",
	"Reyes", "Ricci", "Roth", "Sato", "Schmidt", "Silva", "Singh", "Sokolov", "Tanaka", "Toth", "Varga",
	"Vogel", "Walsh", "Weber", "Wilson", "Wong", "Yilmaz", "Zhang", "Ziegler"
};

/* the names of companies begin with one of these, and end with one of those below */
static const char *const company_names[] = {
	"Amber", "Anchor", "Aspen", "Beacon", "Birch", "Blue Door", "Brightwater", "Cedar", "Cobalt", "Comet",
	"Copper", "Cornerstone", "Delta", "Ember", "Evergreen", "Falcon", "Fernhill", "Granite", "Harbour",
	"Heron", "Juniper", "Keystone", "Lantern", "Maple", "Meridian", "Northgate", "Oakfield", "Orchard",
	"Pebble", "Quarry", "Red Kite", "Riverside", "Saffron", "Silverline", "Summit", "Thistle", "Umbra",
	"Vantage", "Westbrook", "Willow"
};

static const char *const trades[] = {
	"Bakery", "Bikes", "Books", "Catering", "Ceramics", "Consulting", "Electric", "Energy", "Farms",
	"Foods", "Freight", "Furniture", "Instruments", "Insurance", "Joinery", "Labs", "Logistics", "Media",
	"Motors", "Optics", "Outdoor", "Paper", "Robotics", "Software", "Studios", "Supply", "Systems",
	"Textiles", "Tools", "Travel"
};

static const char *const cities[] = {
	"Accra", "Amman", "Antwerp", "Athens", "Austin", "Barcelona", "Bergen", "Bogota", "Bologna", "Boston",
	"Bremen", "Brno", "Cairo", "Chennai", "Chicago", "Cork", "Dakar", "Denver", "Dresden", "Dublin",
	"Geneva", "Ghent", "Graz", "Hanoi", "Helsinki", "Istanbul", "Izmir", "Kobe", "Krakow", "Lagos",
	"Leeds", "Lima", "Lisbon", "Ljubljana", "Lyon", "Malaga", "Manila", "Medellin", "Montreal", "Mumbai",
	"Nairobi", "Nantes", "Odense", "Osaka", "Oslo", "Perth", "Porto", "Prague", "Pune", "Quito", "Riga",
	"Rotterdam", "Santiago", "Seoul", "Sofia", "Tallinn", "Toronto", "Turin", "Utrecht", "Valencia",
	"Vienna", "Vilnius", "Warsaw", "Zagreb"
};

static const char *const words[] = {
	"about", "account", "after", "again", "agreed", "all", "and", "another", "any", "are", "arrived", "as",
	"at", "before", "between", "both", "box", "bring", "but", "by", "call", "can", "change", "check",
	"clear", "close", "colour", "cost", "customer", "date", "day", "delivery", "different", "do", "door",
	"each", "early", "every", "few", "final", "first", "for", "from", "good", "has", "have", "here",
	"in", "invoice", "is", "it", "item", "last", "later", "less", "letter", "list", "long", "made", "make",
	"many", "message", "minute", "month", "more", "morning", "next", "no", "not", "note", "now", "number",
	"of", "offer", "on", "one", "only", "open", "or", "order", "other", "our", "over", "page", "paid",
	"part", "payment", "people", "place", "please", "price", "question", "quick", "ready", "receipt",
	"reply", "room", "same", "second", "send", "shop", "short", "small", "some", "soon", "still", "sum",
	"that", "the", "their", "then", "there", "they", "this", "time", "to", "today", "together", "until",
	"was", "we", "week", "were", "when", "will", "with", "without", "work", "year", "you"
};

/* what is drawn of a seed; each has its own stream */
typedef enum CtFake
{
	CT_FAKE_GIVEN_NAME = 1,
	CT_FAKE_FAMILY_NAME,
	CT_FAKE_DOMAIN,
	CT_FAKE_COMPANY,
	CT_FAKE_TRADE,
	CT_FAKE_CITY,
	CT_FAKE_PHONE,
	CT_FAKE_WORDS
} CtFake;

/* The step of splitmix64, on the seed's and the kind's bits. */
static uint64
fake_draw(int64 seed, CtFake kind, uint64 position)
{
	uint64		z = (uint64) seed + UINT64CONST(0x9E3779B97F4A7C15) * ((uint64) kind + 16 * position);

	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94D049BB133111EB);
	z ^= z >> 31;
	z = (z ^ (z >> 30)) * UINT64CONST(0xBF58476D1CE4E5B9);
	return z ^ (z >> 31);
}

#define FAKE_WORD(list, seed, kind)		((list)[fake_draw(seed, kind, 0) % lengthof(list)])

static text *
fake_two_words(const char *first, const char *second)
{
	return cstring_to_text(psprintf("%s %s", first, second));
}

Datum
ct_fake_name(PG_FUNCTION_ARGS)
{
	int64		seed = PG_GETARG_INT64(0);

	PG_RETURN_TEXT_P(fake_two_words(FAKE_WORD(given_names, seed, CT_FAKE_GIVEN_NAME),
									FAKE_WORD(family_names, seed, CT_FAKE_FAMILY_NAME)));
}

/* In a domain that is reserved for examples, so that no mail gets anywhere. */
Datum
ct_fake_email(PG_FUNCTION_ARGS)
{
	static const char *const domains[] = {"example.com", "example.net", "example.org"};
	int64		seed = PG_GETARG_INT64(0);
	char	   *address = psprintf("%s.%s." UINT64_FORMAT "@%s",
								   FAKE_WORD(given_names, seed, CT_FAKE_GIVEN_NAME),
								   FAKE_WORD(family_names, seed, CT_FAKE_FAMILY_NAME), (uint64) seed,
								   FAKE_WORD(domains, seed, CT_FAKE_DOMAIN));
	char	   *p;

	for (p = address; *p; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	PG_RETURN_TEXT_P(cstring_to_text(address));
}

Datum
ct_fake_company(PG_FUNCTION_ARGS)
{
	int64		seed = PG_GETARG_INT64(0);

	PG_RETURN_TEXT_P(fake_two_words(FAKE_WORD(company_names, seed, CT_FAKE_COMPANY),
									FAKE_WORD(trades, seed, CT_FAKE_TRADE)));
}

Datum
ct_fake_city(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(FAKE_WORD(cities, PG_GETARG_INT64(0), CT_FAKE_CITY)));
}

/* Of the numbers that are kept for films: nobody is called. */
Datum
ct_fake_phone(PG_FUNCTION_ARGS)
{
	uint64		draw = fake_draw(PG_GETARG_INT64(0), CT_FAKE_PHONE, 0);

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("+1-%03d-555-01%02d", (int) (200 + draw / 100 % 800),
											  (int) (draw % 100))));
}

/* ct_fake_text(seed, words): sentences of four to eleven words */
Datum
ct_fake_text(PG_FUNCTION_ARGS)
{
	int64		seed = PG_GETARG_INT64(0);
	int			n = PG_GETARG_INT32(1);
	StringInfoData buf;
	int			left = 0;
	int			i;

	if (n < 1 || n > MAX_WORDS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("words must be between 1 and %d", MAX_WORDS)));
	initStringInfo(&buf);
	for (i = 0; i < n; i++)
	{
		uint64		draw = fake_draw(seed, CT_FAKE_WORDS, i);
		int			begin;

		if (i > 0)
			appendStringInfoString(&buf, left == 0 ? ". " : " ");
		begin = buf.len;
		appendStringInfoString(&buf, words[draw % lengthof(words)]);
		if (left == 0)
		{
			buf.data[begin] = pg_ascii_toupper((unsigned char) buf.data[begin]);
			left = 4 + (int) ((draw >> 32) % 8);
		}
		left--;
	}
	appendStringInfoChar(&buf, '.');
	PG_RETURN_TEXT_P(cstring_to_text_with_len(buf.data, buf.len));
}
