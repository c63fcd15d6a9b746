# ct_ext: concurrency tests inside the database.  Built by PGXS:
#   make && make install        (PG_CONFIG=... for another server)
EXTENSION = ct_ext
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(srcdir)/ct_ext.control)
MODULE_big = ct_ext

OBJS = ct_ext.o \
	$(patsubst $(srcdir)/%.c,%.o,$(filter-out $(GENERATED:%=$(srcdir)/%),$(wildcard $(foreach d,$(DIRS),$(srcdir)/$(d)/*.c)))) \
	$(GENERATED:.c=.o)
DIRS = api bgworker bgworker/shm bgworker/explore bgworker/spec \
	src/checks src/results src/plan src/report src/session src/catalog src/script src/spec src/metrics src/explore src/base
GENERATED = src/script/exprparse.c src/script/exprscan.c src/spec/specparse.c src/spec/specscan.c

# The install script is one file made of ordered pieces.
PIECES = $(sort $(wildcard $(srcdir)/install/*.sql $(srcdir)/install/20-results/*.sql))
SCENARIOS = $(sort $(wildcard $(srcdir)/install/scenarios/*.sql))
# An update is made of the same, between what install/upgrade/ has to say.
FORMER = $(patsubst $(srcdir)/install/upgrade/from-%.sql,%,$(wildcard $(srcdir)/install/upgrade/from-*.sql))
DATA_built = $(EXTENSION)--$(EXTVERSION).sql $(FORMER:%=$(EXTENSION)--%--$(EXTVERSION).sql)

REGRESS = $(patsubst $(srcdir)/sql/%.sql,%,$(sort $(wildcard $(srcdir)/sql/*.sql)))
REGRESS_OPTS = --inputdir=$(srcdir) --load-extension=ct_ext
ISOLATION = $(patsubst $(srcdir)/specs/%.spec,%,$(sort $(wildcard $(srcdir)/specs/*.spec)))
ISOLATION_OPTS = --load-extension=ct_ext

EXTRA_CLEAN = $(GENERATED) src/script/exprparse.h src/spec/specparse.h

PG_CPPFLAGS = -I. -I$(srcdir) -DCT_EXT_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

PG_CONFIG ?= pg_config
srcdir ?= .
PGXS := $(shell $(PG_CONFIG) --pgxs)
# Nothing here is worth inlining into queries, so no bitcode and no clang.
override with_llvm = no
include $(PGXS)

$(EXTENSION)--$(EXTVERSION).sql: $(PIECES) $(SCENARIOS) ct_ext.control
	cat $(PIECES) $(SCENARIOS) > $@

$(EXTENSION)--%--$(EXTVERSION).sql: $(srcdir)/install/upgrade/from-%.sql $(PIECES) $(SCENARIOS) ct_ext.control \
		$(srcdir)/install/upgrade/begin.sql $(srcdir)/install/upgrade/end.sql
	cat $(srcdir)/install/upgrade/begin.sql $< $(PIECES) $(SCENARIOS) $(srcdir)/install/upgrade/end.sql > $@

# A header may be anybody's business.
$(OBJS): ct_ext.control $(wildcard $(foreach d,$(DIRS),$(srcdir)/$(d)/*.h))

src/script/exprparse.h: src/script/exprparse.c ;
src/script/exprparse.c: BISONFLAGS += -d
src/script/exprparse.o src/script/exprscan.o: src/script/exprparse.h

src/spec/specparse.h: src/spec/specparse.c ;
src/spec/specparse.c: BISONFLAGS += -d
src/spec/specparse.o src/spec/specscan.o: src/spec/specparse.h
