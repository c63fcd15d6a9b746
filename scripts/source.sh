# Servers built from the distribution's source packages: with assertions, or of another release.
# Sourced after lib.sh. Nothing here needs root, nor changes the system's apt configuration.
# shellcheck shell=bash

# Where builds are kept. Root's must be readable by nobody.
cache_dir() {
	if [ -n "${CT_EXT_CACHE:-}" ]; then
		echo "$CT_EXT_CACHE"
	elif [ "$(id -u)" = 0 ]; then
		echo /var/cache/ct_ext
	else
		echo "${XDG_CACHE_HOME:-${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}/.cache}/ct_ext"
	fi
}

# Sets PG_CONFIG to a server of PG_MAJOR; with $1 not empty, to one with assertions. Takes the
# distribution's packages where they do, else a build that is made the first time and kept.
find_server() {
	local cache build status=0

	if [ -z "$1" ]; then
		if [ -x "/usr/lib/postgresql/$PG_MAJOR/bin/postgres" ] || has_package "postgresql-$PG_MAJOR"; then
			PG_CONFIG=
			need_postgresql
			need_optional "postgresql-$PG_MAJOR-cron"
			need_optional "postgresql-$PG_MAJOR-pgvector"
			return
		fi
	fi
	cache=$(cache_dir)
	build=$cache/postgresql-$PG_MAJOR${1:+-assert}
	mkdir -p "$cache"
	# Two runs at once: the second waits for what the first builds.
	exec 9>"$cache/.lock"
	run flock 9
	if [ ! -x "$build/bin/pg_config" ]; then
		need bzip2 xz-utils
		say "building PostgreSQL $PG_MAJOR${1:+ with assertions} from its source package (minutes)"
		run build_source "$build" "$1" >"$WORK/source.log" 2>&1 9>&- || status=$?
	fi
	if [ "$status" -eq 0 ] && [ -z "$1" ] && [ ! -e "$("$build/bin/pg_config" --sharedir)/extension/vector.control" ]; then
		# what needs it is left out without
		say "building pgvector for it from its source package"
		run build_vector "$build" >"$WORK/vector.log" 2>&1 9>&- || tail -n 5 "$WORK/vector.log"
	fi
	exec 9>&-
	if [ "$status" -ne 0 ]; then
		tail -n 20 "$WORK/source.log"
		return 1
	fi
	PG_CONFIG=$build/bin/pg_config
	as_user test -x "$PG_CONFIG" || die "$build is not readable by nobody: name another folder in CT_EXT_CACHE"
}

# The machine's apt sources of its own release, as entries for the source packages of release $2,
# in folder $1. Both of apt's formats.
source_entries() {
	local own

	own=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
	{ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
		sed -nE "s/^deb(-src)?[[:space:]]+((\[[^]]*\][[:space:]]+)?[^[:space:]]+[[:space:]]+)$own/deb-src \2$2/p" |
		sort -u | as_user tee "$1/ct.list" >/dev/null
	{ cat /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
		awk -v RS= -v ORS='\n\n' -v own="$own" '$0 ~ "(^|\n)Suites:[^\n]*" own && !/(^|\n)Enabled: *no/' |
		sed -E "s/^Types:.*/Types: deb-src/; /^Suites:/s/\<$own\>/$2/g" |
		as_user tee "$1/ct.sources" >/dev/null
}

# Puts the source package $2 into folder $1: this release's, or that of the oldest newer release
# which has it.
fetch_source() {
	local dir=$1 package=$2 release version apt options

	for release in "$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")" stable testing unstable experimental; do
		apt=$dir/$release
		as_user mkdir -p "$apt/entries" "$apt/lists" "$apt/cache"
		source_entries "$apt/entries" "$release"
		options=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$apt/entries"
			-o Dir::State::Lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Default-Release=)
		# A newer release may lack one of the entries (updates, security): what counts is the package.
		as_user apt-get "${options[@]}" update || true
		# The newest may not have reached the mirror yet.
		for version in $(as_user apt-cache "${options[@]}" showsrc "$package" | sed -n 's/^Version: //p' | sort -uVr); do
			if IN=$dir as_user apt-get "${options[@]}" source --download-only --only-source "$package=$version"; then
				return 0
			fi
		done
	done
	echo "no release in reach of this machine's apt sources has $package"
	return 1
}

# Builds PG_MAJOR into $1, which appears only when it is complete. Few libraries, to need few
# packages; what a server with assertions is slow at doesn't matter here.
build_source() {
	local dest=$1 dir=$WORK/source cflags='-O2 -g' options=()

	if [ -n "$2" ]; then
		cflags='-O1 -g -fno-omit-frame-pointer'
		options=(--enable-cassert)
	fi
	rm -rf "$dir"
	as_user mkdir -p "$dir/src" "$dir/stage" &&
		fetch_source "$dir" "postgresql-$PG_MAJOR" &&
		as_user tar -C "$dir/src" --strip-components=1 -xf "$dir"/*.orig.tar.* &&
		IN=$dir/src as_user ./configure -q --prefix="$dest" CFLAGS="$cflags" --enable-tap-tests \
			--without-icu --without-readline --without-zlib "${options[@]}" &&
		as_user make -s -C "$dir/src" -j "$(nproc)" &&
		as_user make -s -C "$dir/src/contrib" -j "$(nproc)" &&
		as_user make -s -C "$dir/src" install DESTDIR="$dir/stage" &&
		as_user make -s -C "$dir/src/contrib" install DESTDIR="$dir/stage" &&
		chown -R "$(id -u):$(id -g)" "$dir/stage" &&
		rm -rf "$dest" &&
		mv "$dir/stage$dest" "$dest" &&
		rm -rf "$dir"
}

# Builds pgvector for the server in $1, and installs it there.
build_vector() {
	local dest=$1 dir=$WORK/vector

	rm -rf "$dir"
	as_user mkdir -p "$dir/src" &&
		fetch_source "$dir" pgvector &&
		as_user tar -C "$dir/src" --strip-components=1 -xf "$dir"/*.orig.tar.* &&
		as_user make -s -C "$dir/src" PG_CONFIG="$dest/bin/pg_config" OPTFLAGS= with_llvm=no &&
		make -s -C "$dir/src" PG_CONFIG="$dest/bin/pg_config" with_llvm=no install &&
		rm -rf "$dir"
}
