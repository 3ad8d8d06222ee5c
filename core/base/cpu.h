/* cpu.h - what the processor can do, asked once where needed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_BASE_CPU_H
#define HONE_CORE_BASE_CPU_H

#include <hone/base.h>

/* "avx512bf16", "avx512", "avx2" (with fma), "x86-64", or the machine's name elsewhere: the widest set that both the
 * processor and the operating system support. HONE_ISA in the environment may lower it, never raise it; other words there are no
 * instruction set and change nothing. */
const char *hone__cpu_isa(void);
/* Does that set have instructions for products of bf16? */
bool hone__cpu_has_bf16(void);
/* "AMD EPYC ...", from /proc/cpuinfo; "unknown" where absent. */
const char *hone__cpu_model(char *out, size_t size);
/* "sse4.2 avx avx2 fma ..." */
const char *hone__cpu_features(char *out, size_t size);

/* Processors that the cgroups (version 2) named in the file `own_cgroup` may use, from cpu.max below `mount`, rounded up; 0 where
 * there is no limit. hone__cpu_count (pool.h) asks for this process. */
int hone__cgroup_quota(const char *own_cgroup, const char *mount);

#endif
