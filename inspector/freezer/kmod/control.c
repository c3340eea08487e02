// SPDX-License-Identifier: GPL-2.0
/* The words of /proc/framefreeze/control. */
#include <linux/kernel.h>
#include <linux/string.h>

#include "framefreeze.h"

#define ALL FRAMEFREEZE_MAX_PROBES

static int parse_slot(char **rest, bool all, unsigned int *slot, struct freeze_reason *reason)
{
	const char *word = strsep(rest, " ");

	if (word && all && !strcmp(word, "all")) {
		*slot = ALL;
		return 0;
	}
	if (word && !kstrtouint(word, 10, slot) && *slot < FRAMEFREEZE_MAX_PROBES)
		return 0;
	return freeze_refuse(reason, -EINVAL, "'%s' is not a slot, 0 to %u", word ?: "",
			     FRAMEFREEZE_MAX_PROBES - 1);
}

static int parse_u64(const char *key, const char *value, u64 *to, struct freeze_reason *reason)
{
	if (kstrtou64(value, 0, to))
		return freeze_refuse(reason, -EINVAL, "%s=%s is not a number", key, value);
	return 0;
}

static int parse_u32(const char *key, const char *value, u32 *to, struct freeze_reason *reason)
{
	if (kstrtou32(value, 0, to))
		return freeze_refuse(reason, -EINVAL, "%s=%s is not a number", key, value);
	return 0;
}

static int parse_s32(const char *key, const char *value, s32 *to, struct freeze_reason *reason)
{
	if (kstrtos32(value, 0, to))
		return freeze_refuse(reason, -EINVAL, "%s=%s is not a number", key, value);
	return 0;
}

static void give(struct freeze_filters *filters, u32 filter, bool on)
{
	filters->given |= filter;
	if (on)
		filters->on |= filter;
	else
		filters->on &= ~filter;
}

static int parse_task(const char *key, const char *value, u32 filter, s32 *to,
		      struct freeze_filters *filters, struct freeze_reason *reason)
{
	int ret = parse_s32(key, value, to, reason);

	if (!ret && *to < 0)
		return freeze_refuse(reason, -ERANGE, "%s=%d is no process", key, *to);
	give(filters, filter, *to);
	return ret;
}

/* One number, of one table: the other table's filter is off then. */
static int parse_number(const char *key, const char *value, u32 filter,
			struct freeze_filters *filters, struct freeze_reason *reason)
{
	int ret = parse_s32(key, value, &filters->nr, reason);

	give(filters, FRAMEFREEZE_FILTER_NR | FRAMEFREEZE_FILTER_NR32, false);
	give(filters, filter, filters->nr >= 0);
	return ret;
}

static int parse_comm(const char *value, struct freeze_filters *filters,
		      struct freeze_reason *reason)
{
	memset(filters->comm, 0, sizeof(filters->comm));
	if (strscpy(filters->comm, value, sizeof(filters->comm)) < 0)
		return freeze_refuse(reason, -ERANGE, "comm=%.32s: longer than %zu bytes", value,
				     sizeof(filters->comm) - 1);
	give(filters, FRAMEFREEZE_FILTER_COMM, *value);
	return 0;
}

/* -ENOKEY, and no reason: none of the filters' keys. */
static int parse_filter(struct freeze_filters *filters, const char *key, const char *value,
			struct freeze_reason *reason)
{
	int ret;

	if (!strcmp(key, "pid"))
		return parse_task(key, value, FRAMEFREEZE_FILTER_PID, &filters->pid, filters,
				  reason);
	if (!strcmp(key, "tgid"))
		return parse_task(key, value, FRAMEFREEZE_FILTER_TGID, &filters->tgid, filters,
				  reason);
	if (!strcmp(key, "comm"))
		return parse_comm(value, filters, reason);
	if (!strcmp(key, "nr"))
		return parse_number(key, value, FRAMEFREEZE_FILTER_NR, filters, reason);
	if (!strcmp(key, "nr32"))
		return parse_number(key, value, FRAMEFREEZE_FILTER_NR32, filters, reason);
	if (!strcmp(key, "every")) {
		ret = parse_u64(key, value, &filters->every, reason);
		give(filters, FRAMEFREEZE_FILTER_EVERY, filters->every);
		return ret;
	}
	if (!strcmp(key, "limit")) {
		ret = parse_u64(key, value, &filters->limit, reason);
		give(filters, FRAMEFREEZE_FILTER_LIMIT, filters->limit);
		return ret;
	}
	return -ENOKEY;
}

static int parse_mode(struct freeze_spec *spec, const char *value, struct freeze_reason *reason)
{
	static const char * const modes[] = {
		[FRAMEFREEZE_MODE_RECORD] = "record",
		[FRAMEFREEZE_MODE_CRASH] = "crash",
		[FRAMEFREEZE_MODE_HOLD] = "hold",
	};
	int mode = match_string(modes, ARRAY_SIZE(modes), value);

	if (mode < 0)
		return freeze_refuse(reason, -EINVAL, "mode=%s is not record, hold or crash",
				     value);
	spec->mode = mode;
	return 0;
}

static int parse_kind(struct freeze_spec *spec, const char *value, struct freeze_reason *reason)
{
	if (!strcmp(value, "return"))
		spec->flags |= FRAMEFREEZE_RETURN;
	else if (strcmp(value, "entry"))
		return freeze_refuse(reason, -EINVAL, "kind=%s is not entry or return", value);
	return 0;
}

static int parse_flag(u32 *flags, u32 flag, const char *key, const char *value,
		      struct freeze_reason *reason)
{
	bool on;

	if (kstrtobool(value, &on))
		return freeze_refuse(reason, -EINVAL, "%s=%s is not 0 or 1", key, value);
	*flags = on ? *flags | flag : *flags & ~flag;
	return 0;
}

static int parse_option(struct freeze_spec *spec, const char *key, const char *value,
			struct freeze_reason *reason)
{
	u32 confirmed = 0;
	int ret;

	if (!strcmp(key, "kind"))
		return parse_kind(spec, value, reason);
	if (!strcmp(key, "mode"))
		return parse_mode(spec, value, reason);
	if (!strcmp(key, "int3"))
		return parse_flag(&spec->flags, FRAMEFREEZE_KEEP_INT3, key, value, reason);
	if (!strcmp(key, "opens"))
		return parse_flag(&spec->flags, FRAMEFREEZE_OPENS, key, value, reason);
	if (!strcmp(key, "force"))
		return parse_flag(&spec->flags, FRAMEFREEZE_FORCE, key, value, reason);
	if (!strcmp(key, "hold_ms"))
		return parse_u32(key, value, &spec->hold_ms, reason);
	if (!strcmp(key, "crash_after"))
		return parse_u64(key, value, &spec->crash_after, reason);
	if (!strcmp(key, "maxactive"))
		return parse_u32(key, value, &spec->maxactive, reason);
	if (!strcmp(key, "confirm")) {
		ret = parse_flag(&confirmed, 1, key, value, reason);
		spec->confirmed = confirmed;
		return ret;
	}
	ret = parse_filter(&spec->filters, key, value, reason);
	if (ret == -ENOKEY)
		return freeze_refuse(reason, -EINVAL, "'%s' is no option of a probe", key);
	return ret;
}

/* The next KEY=VALUE; NULL at the end, an ERR_PTR when it is none. */
static char *next_pair(char **rest, char **value, struct freeze_reason *reason)
{
	char *key = strsep(rest, " ");

	while (key && !*key)
		key = strsep(rest, " ");
	if (!key)
		return NULL;
	*value = strchr(key, '=');
	if (!*value)
		return ERR_PTR(freeze_refuse(reason, -EINVAL, "'%s' is not KEY=VALUE", key));
	*(*value)++ = '\0';
	return key;
}

static int do_add(char *rest, struct freeze_reason *reason)
{
	struct freeze_spec spec = {
		.hold_ms = FREEZE_HOLD_MS,
		.crash_after = 1,
		.maxactive = FREEZE_MAXACTIVE,
	};
	char *key, *value;
	unsigned int slot;
	int ret;

	ret = parse_slot(&rest, false, &slot, reason);
	if (ret)
		return ret;
	spec.place = strsep(&rest, " ") ?: "";
	while (!ret && (key = next_pair(&rest, &value, reason)))
		ret = IS_ERR(key) ? PTR_ERR(key) : parse_option(&spec, key, value, reason);
	return ret ?: freeze_add(slot, &spec, reason);
}

static int do_set(char *rest, struct freeze_reason *reason)
{
	struct freeze_filters filters = {};
	char *key, *value;
	unsigned int slot;
	int ret;

	ret = parse_slot(&rest, false, &slot, reason);
	while (!ret && (key = next_pair(&rest, &value, reason))) {
		ret = IS_ERR(key) ? PTR_ERR(key) : parse_filter(&filters, key, value, reason);
		if (ret == -ENOKEY)
			ret = freeze_refuse(reason, -EINVAL, "'%s' is no filter", key);
	}
	return ret ?: freeze_set(slot, &filters, reason);
}

/* `all` is every slot with a probe; the first refusal ends it. */
static int each(char *rest, int (*one)(unsigned int slot, struct freeze_reason *reason),
		struct freeze_reason *reason)
{
	unsigned int slot, i;
	u32 state;
	int ret;

	ret = parse_slot(&rest, true, &slot, reason);
	if (!ret && rest)
		ret = freeze_refuse(reason, -EINVAL, "'%s' is too much", rest);
	if (ret || slot != ALL)
		return ret ?: one(slot, reason);
	for (i = 0; !ret && i < FRAMEFREEZE_MAX_PROBES; i++) {
		state = framefreeze_header.probes[i].state;
		if (state == FRAMEFREEZE_DISARMED || state == FRAMEFREEZE_ARMED)
			ret = one(i, reason);
	}
	return ret;
}

static int do_thresholds(char *rest, struct freeze_reason *reason)
{
	u32 watchdog_ms = 0, rcu_stall_ms = 0;
	char *key, *value;
	int ret = 0;

	while (!ret && (key = next_pair(&rest, &value, reason))) {
		if (IS_ERR(key))
			ret = PTR_ERR(key);
		else if (!strcmp(key, "watchdog_ms"))
			ret = parse_u32(key, value, &watchdog_ms, reason);
		else if (!strcmp(key, "rcu_stall_ms"))
			ret = parse_u32(key, value, &rcu_stall_ms, reason);
		else
			ret = freeze_refuse(reason, -EINVAL, "'%s' is no threshold", key);
	}
	if (!ret && !rcu_stall_ms)
		ret = freeze_refuse(reason, -EINVAL, "rcu_stall_ms= is missing, or 0");
	if (!ret)
		freeze_thresholds(watchdog_ms, rcu_stall_ms);
	return ret;
}

static int do_reader(char *rest, struct freeze_reason *reason)
{
	s32 tgid = 0, cpu = -1;
	char *key, *value;
	int ret = 0;

	while (!ret && (key = next_pair(&rest, &value, reason))) {
		if (IS_ERR(key))
			ret = PTR_ERR(key);
		else if (!strcmp(key, "tgid"))
			ret = parse_s32(key, value, &tgid, reason);
		else if (!strcmp(key, "cpu"))
			ret = parse_s32(key, value, &cpu, reason);
		else
			ret = freeze_refuse(reason, -EINVAL, "'%s' is nothing of a reader", key);
	}
	if (!ret && tgid <= 0)
		ret = freeze_refuse(reason, -EINVAL, "tgid= is missing, or no process");
	if (!ret)
		freeze_reader(tgid, cpu);
	return ret;
}

static int locked_command(const char *verb, char *rest, struct freeze_reason *reason)
{
	if (!strcmp(verb, "add"))
		return do_add(rest, reason);
	if (!strcmp(verb, "set"))
		return do_set(rest, reason);
	if (!strcmp(verb, "arm"))
		return each(rest, freeze_arm, reason);
	if (!strcmp(verb, "disarm"))
		return each(rest, freeze_disarm, reason);
	if (!strcmp(verb, "remove"))
		return each(rest, freeze_remove, reason);
	if (!strcmp(verb, "thresholds"))
		return do_thresholds(rest, reason);
	if (!strcmp(verb, "reader"))
		return do_reader(rest, reason);
	if (!strcmp(verb, "again"))
		return each(rest, freeze_again, reason);
	return freeze_refuse(reason, -EINVAL, "'%s' is no command", verb);
}

int freeze_command(char *text, struct freeze_reason *reason)
{
	char *rest = strim(text);
	char *verb = strsep(&rest, " ");
	int ret;

	/* Whoever holds the lock may be waiting for the held CPU. */
	if (!strcmp(verb, "release")) {
		freeze_release();
		return 0;
	}
	mutex_lock(&freeze_lock);
	ret = locked_command(verb, rest, reason);
	mutex_unlock(&freeze_lock);
	return ret;
}
