/* half.h - the two 16-bit floating-point types as bits, and back.
 *
 * To float32 is exact; from float32 rounds to nearest, ties to even. NaN stays NaN (quiet), infinities and signed zeros stay what
 * they are. All functions [any thread] in the rounding mode that hone sets.
 * Source: IEEE 754-2019, binary16; bfloat16 is the upper half of a binary32.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef HONE_CORE_TENSOR_HALF_H
#define HONE_CORE_TENSOR_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t hone__f32_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float hone__bits_f32(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float hone__bf16_to_f32(uint16_t b)
{
    return hone__bits_f32((uint32_t)b << 16);
}

static inline uint16_t hone__f32_to_bf16(float x)
{
    uint32_t bits = hone__f32_bits(x);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

static inline float hone__f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 0x1Fu, mantissa = h & 0x3FFu;
    if (exponent == 0x1F) /* infinity and NaN */
        return hone__bits_f32(sign | 0x7F800000u | mantissa << 13);
    if (exponent != 0)
        return hone__bits_f32(sign | (exponent + 112) << 23 | mantissa << 13);
    float subnormal = (float)mantissa * 0x1p-24f;
    return hone__bits_f32(sign | hone__f32_bits(subnormal));
}

static inline uint16_t hone__f32_to_f16(float x)
{
    uint32_t bits = hone__f32_bits(x), size = bits & 0x7FFFFFFFu;
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    if (size > 0x7F800000u)
        return (uint16_t)(sign | 0x7E00u | (size >> 13 & 0x1FFu));
    if (size >= 0x477FF000u) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7C00u);
    if (size < 0x38800000u) { /* below 2^-14: one unit is 2^-24, which is the unit of float32 just above 0.5 */
        uint32_t shifted = hone__f32_bits(hone__bits_f32(size) + 0.5f);
        return (uint16_t)(sign | (shifted - 0x3F000000u));
    }
    size += 0xFFFu + (size >> 13 & 1u);
    return (uint16_t)(sign | (size - (112u << 23)) >> 13);
}

#endif
