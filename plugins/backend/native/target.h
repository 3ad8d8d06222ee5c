/* target.h - functions that may use instructions which the rest of the build may not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_PLUGINS_BACKEND_NATIVE_TARGET_H
#define HONE_PLUGINS_BACKEND_NATIVE_TARGET_H

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define TARGET_BEGIN(set) PRAGMA(clang attribute push(__attribute__((target(set))), apply_to = function))
#define TARGET_END PRAGMA(clang attribute pop)
#define UNROLL PRAGMA(clang loop unroll(full))
#define UNROLL_8 PRAGMA(clang loop unroll_count(8))
#else
#define TARGET_BEGIN(set) PRAGMA(GCC push_options) PRAGMA(GCC target(set))
#define TARGET_END PRAGMA(GCC pop_options)
#define UNROLL PRAGMA(GCC unroll 16)
#define UNROLL_8 PRAGMA(GCC unroll 8)
#endif

#endif
