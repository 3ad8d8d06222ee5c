/* environment.c - what hone runs on: versions, processor, threads, memory, and what a backend says of itself.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "plugin/environment.h"
#include "base/arena.h"
#include "base/cpu.h"
#include "base/pool.h"

#include <gnu/libc-version.h>
#include <hone/backend.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <utf8proc.h>
#include <yaml.h>

static hone_status no_memory(hone_error *err)
{
    return hone_no_memory(err, "asking what this machine has");
}

/* ---- Facts ------------------------------------------------------------------------------------------------------- */

#if defined(__clang__)
static const char compiler[] = __VERSION__; /* begins with its name */
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

static const char *jansson(void)
{
#if JANSSON_VERSION_HEX >= 0x020d00
    return jansson_version_str();
#else
    return JANSSON_VERSION; /* built with; older ones cannot be asked */
#endif
}

static const char *os_name(char *out, size_t size, struct utsname *os)
{
    if (uname(os) == 0)
        snprintf(out, size, "%s %s %s", os->sysname, os->release, os->machine);
    else
        snprintf(out, size, "unknown");
    return out;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* "MemTotal:       16384 kB" */
static uint64_t meminfo(const char *key)
{
    char line[256];
    unsigned long long kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && !kib && fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            sscanf(line + strlen(key), ": %llu", &kib);
    if (f)
        fclose(f);
    return (uint64_t)kib << 10;
}

/* A number in a file; UINT64_MAX where there is none ("max"). */
static uint64_t number_in(const char *group, const char *name)
{
    char path[4608];
    unsigned long long n;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", group, name);
    FILE *f = fopen(path, "re");
    const bool read = f && fscanf(f, "%llu", &n) == 1;
    if (f)
        fclose(f);
    return read ? (uint64_t)n : UINT64_MAX;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The limits of this process's cgroup (version 2) and of all above it. */
static void apply_cgroups(uint64_t *total, uint64_t *available)
{
    char line[2048], group[2048] = "";
    FILE *f = fopen("/proc/self/cgroup", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "0::/", 4) == 0)
            snprintf(group, sizeof group, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    if (f)
        fclose(f);
    for (;;) {
        const uint64_t limit = number_in(group, "memory.max"), used = number_in(group, "memory.current");
        if (limit != UINT64_MAX) {
            *total = least(*total, limit);
            *available = least(*available, used < limit ? limit - used : used == UINT64_MAX ? limit : 0);
        }
        char *slash = strrchr(group, '/');
        if (!slash)
            break;
        *slash = '\0';
    }
}

/* ---- Gathering --------------------------------------------------------------------------------------------------- */

hone_status hone__environment_gather(hone_arena *arena, hone__environment *e, hone_error *err)
{
    char model[256], features[1024], os[512];
    struct utsname names = {0};
    const hone__fact facts[HONE__FACTS] = {
        {"hone", HONE_VERSION},
        {"compiler", compiler},
        {"libc", gnu_get_libc_version()},
        {"libyaml", yaml_get_version_string()},
        {"jansson", jansson()},
        {"utf8proc", utf8proc_version()},
        {"openssl", OpenSSL_version(OPENSSL_VERSION)},
        {"cpu", hone__cpu_model(model, sizeof model)},
        {"instruction_set", hone__cpu_isa()},
        {"cpu_features", hone__cpu_features(features, sizeof features)},
        {"os", os_name(os, sizeof os, &names)},
    };
    *e = (hone__environment){.cpus = hone__cpu_count(),
                             .memory = meminfo("MemTotal"),
                             .available = meminfo("MemAvailable"),
                             .host = hone_strdup(arena, names.nodename)};
    apply_cgroups(&e->memory, &e->available);
    for (size_t i = 0; i < HONE__FACTS; i++) {
        e->facts[i] = (hone__fact){facts[i].name, hone_strdup(arena, facts[i].value)};
        if (!e->facts[i].value)
            return no_memory(err);
    }
    return e->host ? HONE_OK : no_memory(err);
}

void hone__environment_json(const hone__environment *e, int indent, hone__str *out)
{
    for (size_t i = 0; i < HONE__FACTS; i++) {
        hone__str_addf(out, "%*s\"%s\": ", indent, "", e->facts[i].name);
        hone__str_add_json(out, e->facts[i].value);
        hone__str_add(out, ",\n");
    }
    hone__str_addf(out, "%*s\"cpus\": %d,\n", indent, "", e->cpus);
}

/* ---- Backends ---------------------------------------------------------------------------------------------------- */

static hone_status ask(const hone_backend *backend, const hone_self *self, hone_arena *arena, const char **text, bool *works,
                       hone_error *err)
{
    hone_error why = {HONE_OK, ""};
    const char *line = why.msg;
    *works = !backend->create || backend->create(self, &why) == HONE_OK;
    if (*works)
        line = backend->describe ? backend->describe(self) : backend->plugin.summary;
    *text = hone_strdup(arena, line);
    return *text && why.status != HONE_ENOMEM ? HONE_OK : no_memory(err);
}

hone_status hone__backend_describe(hone_arena *arena, const hone_plugin *plugin, const void *params, const char **text,
                                   bool *works, hone_error *err)
{
    const hone_backend *backend = (const hone_backend *)(const void *)plugin;
    hone_arena *trial = hone__arena_create(0), *step = hone__arena_create(0);
    hone_self *self = trial && step ? hone__instance(trial, step, plugin, params, 0, NULL, NULL) : NULL;
    hone_status status = self ? ask(backend, self, arena, text, works, err) : no_memory(err);
    hone__instance_destroy(self);
    hone__arena_destroy(step);
    hone__arena_destroy(trial);
    return status;
}

/* Rows that a backend may have are left at their defaults, which an instance without a file cannot fill: such a backend is named and
 * not asked. */
static hone_status describe_found(hone__registry *r, hone_arena *arena, hone__backend_line *line, hone_error *err)
{
    const hone__plugin *plugin;
    hone_error why = {HONE_OK, ""};
    if (hone__registry_find(r, HONE_KIND_BACKEND, line->name, &plugin, &why) != HONE_OK) {
        line->file = NULL;
        line->text = hone_strdup(arena, why.msg);
        return line->text && why.status != HONE_ENOMEM ? HONE_OK : no_memory(err);
    }
    line->file = plugin->file;
    if (plugin->table->params_size == 0)
        return hone__backend_describe(arena, plugin->table, NULL, &line->text, &line->works, err);
    line->works = true;
    line->text = plugin->table->summary;
    return HONE_OK;
}

hone_status hone__environment_backends(hone__registry *r, hone_arena *arena, hone__backend_line **lines, size_t *n,
                                       hone_error *err)
{
    const hone__plugin_name *names;
    HONE_TRY(hone__registry_list(r, arena, HONE_KIND_BACKEND, &names, n, err));
    *lines = hone_alloc_array(arena, *n, sizeof **lines);
    if (!*lines)
        return no_memory(err);
    for (size_t i = 0; i < *n; i++) {
        (*lines)[i].name = names[i].name;
        HONE_TRY(describe_found(r, arena, &(*lines)[i], err));
    }
    return HONE_OK;
}
