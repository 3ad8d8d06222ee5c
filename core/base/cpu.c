/* cpu.c - which instruction sets the processor has, what it is called, and how many processors are ours.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"
#include "base/pool.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* ---- Features ---------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)

/* Where CPUID tells of a feature, and which registers the operating system must save for it.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, CPUID; volume 1, 13.3 for XCR0. */
enum { EAX, EBX, ECX, EDX };
enum { XMM_YMM = 0x6, ZMM = 0xE6, TILES = 0x60000 };

typedef struct feature {
    const char *name;
    uint32_t leaf, subleaf;
    int reg, bit;
    uint64_t saved; /* bits of XCR0 */
} feature;

static const feature features[] = {
    {"sse3", 1, 0, ECX, 0, 0},           {"ssse3", 1, 0, ECX, 9, 0},          {"sse4.1", 1, 0, ECX, 19, 0},
    {"sse4.2", 1, 0, ECX, 20, 0},        {"popcnt", 1, 0, ECX, 23, 0},        {"avx", 1, 0, ECX, 28, XMM_YMM},
    {"f16c", 1, 0, ECX, 29, XMM_YMM},    {"fma", 1, 0, ECX, 12, XMM_YMM},     {"avx2", 7, 0, EBX, 5, XMM_YMM},
    {"bmi1", 7, 0, EBX, 3, 0},           {"bmi2", 7, 0, EBX, 8, 0},           {"avx_vnni", 7, 1, EAX, 4, XMM_YMM},
    {"avx512f", 7, 0, EBX, 16, ZMM},     {"avx512dq", 7, 0, EBX, 17, ZMM},    {"avx512bw", 7, 0, EBX, 30, ZMM},
    {"avx512vl", 7, 0, EBX, 31, ZMM},    {"avx512_vnni", 7, 0, ECX, 11, ZMM}, {"avx512_bf16", 7, 1, EAX, 5, ZMM},
    {"avx512_fp16", 7, 0, EDX, 23, ZMM}, {"amx_tile", 7, 0, EDX, 24, TILES},  {"amx_bf16", 7, 0, EDX, 22, TILES},
    {"amx_int8", 7, 0, EDX, 25, TILES},
};

/* XCR0: the register states that the operating system saves; 0 where it saves none. */
static uint64_t saved_states(void)
{
    unsigned r[4], low, high;
    if (!__get_cpuid(1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) || !(r[ECX] >> 27 & 1)) /* OSXSAVE */
        return 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool has(const feature *f, uint64_t saved)
{
    unsigned r[4];
    if (!__get_cpuid_count(f->leaf, f->subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]))
        return false;
    return (r[f->reg] >> f->bit & 1) && (saved & f->saved) == f->saved;
}

static bool has_named(const char *name, uint64_t saved)
{
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        if (strcmp(features[i].name, name) == 0)
            return has(&features[i], saved);
    return false;
}

/* Each needs all of those above it. */
static const struct {
    const char *name;
    const char *needs[6]; /* NULL at the end */
} sets[] = {
    {"x86-64", {NULL}},
    {"avx2", {"avx2", "fma", "f16c", NULL}},
    {"avx512", {"avx512f", "avx512dq", "avx512bw", "avx512vl", NULL}},
    {"avx512bf16", {"avx512_bf16", NULL}},
};
enum { SETS = sizeof sets / sizeof sets[0] };

static int widest_set(void)
{
    uint64_t saved = saved_states();
    for (int i = 0; i < SETS; i++)
        for (const char *const *need = sets[i].needs; *need; need++)
            if (!has_named(*need, saved))
                return i - 1;
    return SETS - 1;
}

const char *hone__cpu_isa(void)
{
    int widest = widest_set();
    const char *wanted = getenv("HONE_ISA");
    for (int i = 0; wanted && i < widest; i++)
        if (strcmp(sets[i].name, wanted) == 0)
            return sets[i].name;
    return sets[widest].name;
}

bool hone__cpu_has_bf16(void)
{
    return strcmp(hone__cpu_isa(), "avx512bf16") == 0;
}

const char *hone__cpu_features(char *out, size_t size)
{
    uint64_t saved = saved_states();
    size_t used = 0;
    if (size)
        out[0] = '\0';
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        size_t need = strlen(features[i].name) + (used > 0);
        if (!has(&features[i], saved) || used + need >= size)
            continue;
        snprintf(out + used, size - used, "%s%s", used ? " " : "", features[i].name);
        used += need;
    }
    return out;
}

#else

const char *hone__cpu_isa(void)
{
#if defined(__aarch64__)
    return "aarch64";
#elif defined(__riscv)
    return "riscv";
#elif defined(__powerpc64__)
    return "ppc64";
#else
    return "generic";
#endif
}

bool hone__cpu_has_bf16(void)
{
    return false;
}

const char *hone__cpu_features(char *out, size_t size)
{
    if (size)
        out[0] = '\0';
    return out;
}

#endif

/* The value behind "key<white space>: " in a line of /proc/cpuinfo; NULL for other lines. */
static const char *value_of(char *line, const char *key)
{
    size_t n = strlen(key);
    if (strncmp(line, key, n) != 0)
        return NULL;
    char *value = line + n + strspn(line + n, " \t");
    if (*value != ':')
        return NULL;
    value++;
    value += strspn(value, " \t");
    value[strcspn(value, "\n")] = '\0';
    return value;
}

const char *hone__cpu_model(char *out, size_t size)
{
    char line[512];
    FILE *f = fopen("/proc/cpuinfo", "re");
    snprintf(out, size, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        const char *model = value_of(line, "model name");
        if (!model)
            continue;
        snprintf(out, size, "%s", model);
        break;
    }
    if (f)
        fclose(f);
    return out;
}

/* ---- How many ---------------------------------------------------------------------------------------------------- */

static int affinity_count(void)
{
    /* The kernel refuses a set smaller than its own, so it is asked with larger ones. */
    for (int most = 1024; most <= 1 << 20; most *= 4) {
        cpu_set_t *set = CPU_ALLOC(most);
        if (!set)
            return 1;
        size_t size = CPU_ALLOC_SIZE(most);
        int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
    return 1;
}

/* Processors that one cgroup's cpu.max ("quota period", or "max period") comes to, rounded up; 0: no limit. */
static int quota_of(const char *path)
{
    long long quota = 0, period = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    int fields = fscanf(f, "%lld %lld", &quota, &period);
    fclose(f);
    if (fields != 2 || quota <= 0 || period <= 0 || (quota - 1) / period >= INT32_MAX)
        return 0;
    return (int)((quota - 1) / period) + 1;
}

int hone__cgroup_quota(const char *own_cgroup, const char *mount)
{
    char line[2048], group[2048] = "", path[4608];
    FILE *f = fopen(own_cgroup, "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "0::/", 4) == 0) /* version 2 */
            snprintf(group, sizeof group, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    if (f)
        fclose(f);
    /* The limits of all groups above hold too. */
    int least = 0;
    for (;;) {
        snprintf(path, sizeof path, "%s%s/cpu.max", mount, group);
        int quota = quota_of(path);
        if (quota && (!least || quota < least))
            least = quota;
        char *slash = strrchr(group, '/');
        if (!slash)
            break;
        *slash = '\0';
    }
    return least;
}

int hone__cpu_count(void)
{
    int count = affinity_count();
    int quota = hone__cgroup_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    return quota && quota < count ? quota : count;
}
