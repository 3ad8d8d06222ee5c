/* kernels_elements.h - what is done element by element and row by row, over the vectors of the file that includes this.
 *
 * The end of a row goes through the same vectors as its beginning, so that an element's bits do not depend on where it stands. Sums run
 * in lanes, element j in lane j % LANES, which are added up pairwise: one order, whatever the number of threads.
 *
 * SPDX-License-Identifier: Apache-2.0 */

/* The number of elements of the vector that begins at j. */
static ALWAYS_INLINE int part_of(int64_t j, int64_t n)
{
    return n - j < LANES ? (int)(n - j) : LANES;
}

/* ---- Transcendentals --------------------------------------------------------------------------------------------- */

/* exp x within 2e-7 of itself, for x from -87 to 88; beyond, that of the nearer end; NaN stays NaN. x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two
 * parts (Cody and Waite 1980); exp r by its Taylor polynomial of degree 7 (the next term is below 6e-9); 2^n by a float's bits. */
static ALWAYS_INLINE vec exp_of(vec x)
{
    const vec rounder = vec_set(12582912.0f); /* 1.5 x 2^23: adding it leaves an integer in the low bits */
    x = vec_most(vec_set(-87.0f), vec_least(vec_set(88.0f), x));
    const vec shifted = vec_fma(x, vec_set(1.44269504f), rounder), n = shifted - rounder;
    const vec r = vec_fma(n, vec_set(2.12194440e-4f), vec_fma(n, vec_set(-0.693359375f), x));
    vec p = vec_set(1.0f / 5040);
    p = vec_fma(p, r, vec_set(1.0f / 720));
    p = vec_fma(p, r, vec_set(1.0f / 120));
    p = vec_fma(p, r, vec_set(1.0f / 24));
    p = vec_fma(p, r, vec_set(1.0f / 6));
    p = vec_fma(p, r, vec_set(0.5f));
    p = vec_fma(p, r, vec_set(1.0f));
    p = vec_fma(p, r, vec_set(1.0f));
    return p * vec_power_of_two(shifted);
}

/* Phi(x), the normal distribution, within 3.5e-7 (by the formula 0.75e-7, the rest are roundings); *density becomes exp(-x^2 / 2). With
 * z = |x| / sqrt 2, erfc z is exp(-z^2) times a polynomial of degree 5 in 1 / (1 + 0.3275911 z). Source: Abramowitz and Stegun 1964,
 * 7.1.26. */
static ALWAYS_INLINE vec normal_of(vec x, vec *density)
{
    const vec z = vec_abs(x) * vec_set(0.70710678f);
    const vec t = vec_set(1) / vec_fma(vec_set(0.3275911f), z, vec_set(1));
    vec p = vec_set(1.061405429f);
    p = vec_fma(p, t, vec_set(-1.453152027f));
    p = vec_fma(p, t, vec_set(1.421413741f));
    p = vec_fma(p, t, vec_set(-0.284496736f));
    p = vec_fma(p, t, vec_set(0.254829592f));
    *density = exp_of(vec_set(0) - z * z);
    const vec tail = vec_set(0.5f) * p * t * *density;
    return vec_if_negative(x, tail, vec_set(1) - tail);
}

/* 1 / (1 + e) with *e = exp(-2 u) and u = sqrt(2 / pi) (x + 0.044715 x^3): (1 + tanh u) / 2. */
static ALWAYS_INLINE vec sigmoid_of_cubic(vec x, vec *e)
{
    const vec u = x * vec_fma(x * x, vec_set(2 * 0.79788456f * 0.044715f), vec_set(2 * 0.79788456f));
    *e = exp_of(vec_set(0) - u);
    return vec_set(1) / (vec_set(1) + *e);
}

/* Both GELUs are within 3.5e-7 |x|, where x is finite. */
static ALWAYS_INLINE vec gelu_of(vec x)
{
    vec density;
    return x * normal_of(x, &density);
}

/* Within 4e-7 + 7e-39 |x|: the density does not fall below exp(-87). */
static ALWAYS_INLINE vec gelu_slope(vec x)
{
    vec density;
    const vec phi = normal_of(x, &density);
    return vec_fma(x * vec_set(0.39894228f), density, phi);
}

static ALWAYS_INLINE vec gelu_tanh_of(vec x)
{
    vec e;
    return x * sigmoid_of_cubic(x, &e);
}

/* Within 5e-7. Beyond 10 on either side it is 1 or 0 as exactly as floats can be, and factors of it would overflow; one less the sigmoid is
 * e times the sigmoid, without what a difference would lose. */
static ALWAYS_INLINE vec gelu_tanh_slope(vec x)
{
    vec e;
    x = vec_most(vec_set(-10), vec_least(vec_set(10), x));
    const vec s = sigmoid_of_cubic(x, &e);
    const vec slope = vec_fma(x * x, vec_set(6 * 0.79788456f * 0.044715f), vec_set(2 * 0.79788456f));
    return vec_fma(x * s * (e * s), slope, s);
}

/* ---- Element by element ------------------------------------------------------------------------------------------ */

/* Runs `statement` for every full vector, from element j on with part = LANES, and once more for what is left of n. */
#define FOR_VECTORS(n, statement)                                                                                              \
    do {                                                                                                                       \
        int64_t j = 0;                                                                                                         \
        for (; j + LANES <= (n); j += LANES) {                                                                                 \
            const int part = LANES;                                                                                            \
            statement;                                                                                                         \
        }                                                                                                                      \
        if (j < (n)) {                                                                                                         \
            const int part = (int)((n)-j);                                                                                     \
            statement;                                                                                                         \
        }                                                                                                                      \
    } while (0)

#define LOAD(x) vec_load_part((x) + j, part)
#define STORE(x, value) vec_store_part((x) + j, part, value)

static void add(int64_t n, const float *a, const float *b, float *y)
{
    FOR_VECTORS(n, STORE(y, LOAD(a) + LOAD(b)));
}

static void gelu(int64_t n, const float *x, float *y)
{
    FOR_VECTORS(n, STORE(y, gelu_of(LOAD(x))));
}

static void gelu_back(int64_t n, const float *x, const float *dy, float *dx, bool add)
{
    if (add)
        FOR_VECTORS(n, STORE(dx, vec_fma(LOAD(dy), gelu_slope(LOAD(x)), LOAD(dx))));
    else
        FOR_VECTORS(n, STORE(dx, LOAD(dy) * gelu_slope(LOAD(x))));
}

static void gelu_tanh(int64_t n, const float *x, float *y)
{
    FOR_VECTORS(n, STORE(y, gelu_tanh_of(LOAD(x))));
}

static void gelu_tanh_back(int64_t n, const float *x, const float *dy, float *dx, bool add)
{
    if (add)
        FOR_VECTORS(n, STORE(dx, vec_fma(LOAD(dy), gelu_tanh_slope(LOAD(x)), LOAD(dx))));
    else
        FOR_VECTORS(n, STORE(dx, LOAD(dy) * gelu_tanh_slope(LOAD(x))));
}

static void mask(int64_t n, const float *x, const float *factors, float *y)
{
    FOR_VECTORS(n, STORE(y, LOAD(x) * LOAD(factors)));
}

static void mask_add(int64_t n, const float *x, const float *factors, float *y)
{
    FOR_VECTORS(n, STORE(y, vec_fma(LOAD(x), LOAD(factors), LOAD(y))));
}

/* ---- Over rows --------------------------------------------------------------------------------------------------- */

/* Rows that are added up together: that many additions to each sum that is read and written. */
enum { TOGETHER = 4 };

/* What was summed of the columns goes to, or is added to, the gradient. */
static void store_sums(const float *room, int columns, float *sum, bool add)
{
    FOR_VECTORS(columns, STORE(sum, (add ? LOAD(sum) : vec_set(0)) + LOAD(room)));
}

static void add_row(int columns, const float *dy, float *room)
{
    FOR_VECTORS(columns, STORE(room, LOAD(room) + LOAD(dy)));
}

static void add_four_rows(int64_t ld, int columns, const float *dy, float *room)
{
    FOR_VECTORS(columns, STORE(room, LOAD(room) + LOAD(dy) + LOAD(dy + ld) + LOAD(dy + 2 * ld) + LOAD(dy + 3 * ld)));
}

static void column_sums(int64_t rows, int64_t ld, int columns, const float *dy, float *sum, bool add)
{
    float room[NATIVE_SUMS] = {0};
    int64_t r = 0;
    for (; r + TOGETHER <= rows; r += TOGETHER)
        add_four_rows(ld, columns, dy + r * ld, room);
    for (; r < rows; r++)
        add_row(columns, dy + r * ld, room);
    store_sums(room, columns, sum, add);
}

static void norm(int64_t n, const float *x, const float *gain, const float *bias, float eps, float *y, float *saved)
{
    vec total = vec_set(0), squares = vec_set(0);
    FOR_VECTORS(n, total = total + LOAD(x));
    const float mean = vec_sum(total) / (float)n;
    const vec m = vec_set(mean);
    FOR_VECTORS(n, {
        const vec d = vec_first(LOAD(x) - m, part);
        squares = vec_fma(d, d, squares);
    });
    const float inverse = 1 / sqrtf(vec_sum(squares) / (float)n + eps);
    const vec i = vec_set(inverse);
    FOR_VECTORS(n, STORE(y, vec_fma((LOAD(x) - m) * i, LOAD(gain), LOAD(bias))));
    saved[0] = mean;
    saved[1] = inverse;
}

/* With h = (x - mean) / deviation and g = dy gain: dx = (g - mean(g) - h mean(g h)) / deviation. */
static void norm_back(int64_t n, const float *x, const float *gain, const float *dy, const float *saved, float *dx, bool add)
{
    const vec m = vec_set(saved[0]), i = vec_set(saved[1]);
    vec g_sum = vec_set(0), gh_sum = vec_set(0);
    FOR_VECTORS(n, {
        const vec g = LOAD(dy) * LOAD(gain);
        g_sum = g_sum + g;
        gh_sum = vec_fma(g, (LOAD(x) - m) * i, gh_sum);
    });
    const vec g_mean = vec_set(vec_sum(g_sum) / (float)n), gh_mean = vec_set(vec_sum(gh_sum) / (float)n);
    FOR_VECTORS(n, {
        const vec h = (LOAD(x) - m) * i;
        const vec d = LOAD(dy) * LOAD(gain) - vec_fma(h, gh_mean, g_mean);
        STORE(dx, vec_fma(i, d, add ? LOAD(dx) : vec_set(0)));
    });
}

/* The same of a layer norm's gain and bias. */
static ALWAYS_INLINE void plus_norm_rows(vec *gain, vec *bias, int rows, int64_t ld, const float *x, const float *dy,
                                         const float *saved, int part)
{
    UNROLL for (int r = 0; r < rows; r++)
    {
        const vec d = vec_load_part(dy + r * ld, part);
        const vec h = (vec_load_part(x + r * ld, part) - vec_set(saved[2 * r])) * vec_set(saved[2 * r + 1]);
        *gain = vec_fma(d, h, *gain);
        *bias = *bias + d;
    }
}

static ALWAYS_INLINE void add_norm_rows(int rows, int64_t ld, int columns, const float *x, const float *dy, const float *saved,
                                        float *gains, float *biases)
{
    FOR_VECTORS(columns, {
        vec gain = LOAD(gains);
        vec bias = LOAD(biases);
        plus_norm_rows(&gain, &bias, rows, ld, x + j, dy + j, saved, part);
        STORE(gains, gain);
        STORE(biases, bias);
    });
}

static void norm_sums(int64_t rows, int64_t ld, int columns, const float *x, const float *dy, const float *saved, float *gain,
                      bool add_gain, float *bias, bool add_bias)
{
    float gains[NATIVE_SUMS] = {0}, biases[NATIVE_SUMS] = {0};
    int64_t r = 0;
    for (; r + TOGETHER <= rows; r += TOGETHER)
        add_norm_rows(TOGETHER, ld, columns, x + r * ld, dy + r * ld, saved + 2 * r, gains, biases);
    for (; r < rows; r++)
        add_norm_rows(1, ld, columns, x + r * ld, dy + r * ld, saved + 2 * r, gains, biases);
    if (gain)
        store_sums(gains, columns, gain, add_gain);
    if (bias)
        store_sums(biases, columns, bias, add_bias);
}

/* ---- Softmax ----------------------------------------------------------------------------------------------------- */

static float softmax(int64_t n, float *s, float scale, const float *factors)
{
    vec most = vec_set(s[0]), sum = vec_set(0);
    FOR_VECTORS(n, most = vec_most(most, part == LANES ? vec_load(s + j) : vec_load_or(s + j, part, s[0])));
    const float top = vec_top(most) * scale;
    const vec factor = vec_set(scale), base = vec_set(-top);
    FOR_VECTORS(n, {
        const vec e = vec_first(exp_of(vec_fma(LOAD(s), factor, base)), part);
        STORE(s, e);
        sum = sum + e;
    });
    const float total = vec_sum(sum);
    const vec inverse = vec_set(1 / total);
    if (factors)
        FOR_VECTORS(n, STORE(s, LOAD(s) * inverse * LOAD(factors)));
    else
        FOR_VECTORS(n, STORE(s, LOAD(s) * inverse));
    return top + logf(total);
}

static void softmax_back(int64_t n, float *s, float *d, float scale, float denominator, const float *factors)
{
    const vec factor = vec_set(scale), base = vec_set(-denominator);
    vec inner = vec_set(0);
    FOR_VECTORS(n, {
        const vec p = exp_of(vec_fma(LOAD(s), factor, base));
        const vec dp = LOAD(d) * (factors ? LOAD(factors) : vec_set(1));
        inner = vec_fma(vec_first(p, part), dp, inner);
        STORE(s, p);
        STORE(d, dp);
    });
    const vec mean = vec_set(vec_sum(inner));
    FOR_VECTORS(n, {
        const vec p = LOAD(s);
        STORE(d, p * (LOAD(d) - mean) * factor);
        STORE(s, p * (factors ? LOAD(factors) : vec_set(1)));
    });
}

/* ---- Cross entropy ----------------------------------------------------------------------------------------------- */

/* Not a number where one of the scores is none. */
static float log_sum_exp(int64_t n, const float *s)
{
    vec most = vec_set(s[0]), sum = vec_set(0);
    FOR_VECTORS(n, most = vec_most(most, part == LANES ? vec_load(s + j) : vec_load_or(s + j, part, s[0])));
    const float top = vec_top(most);
    const vec base = vec_set(top);
    FOR_VECTORS(n, sum = sum + vec_first(exp_of(LOAD(s) - base), part));
    return top + logf(vec_sum(sum));
}

static float nll_sum(int64_t n, const float *s, const float *w, float log_sum)
{
    const vec whole = vec_set(log_sum);
    vec sum = vec_set(0);
    if (w)
        FOR_VECTORS(n, sum = sum + LOAD(w) * vec_first(whole - LOAD(s), part));
    else
        FOR_VECTORS(n, sum = sum + vec_first(whole - LOAD(s), part));
    return vec_sum(sum);
}

static void cross_entropy_back(int64_t n, const float *s, const float *w, float log_sum, float whole, float share, float *ds,
                               bool add)
{
    const vec base = vec_set(log_sum), factor = vec_set(whole);
    FOR_VECTORS(n, {
        const vec less = vec_set(-share) * (w ? LOAD(w) : vec_set(1));
        const vec d = vec_fma(exp_of(LOAD(s) - base), factor, less);
        STORE(ds, d + (add ? LOAD(ds) : vec_set(0)));
    });
}

/* ---- The set ----------------------------------------------------------------------------------------------------- */

#define NATIVE_SET(word)                                                                                                       \
    {                                                                                                                          \
        .name = (word), .rows = ROWS, .vectors = VECTORS, .lanes = LANES, .by_rows = KERNELS(by_rows),                         \
        .by_columns = KERNELS(by_columns), .transpose = transpose, .pack = pack, .pack_strips = pack_strips, .add = add,       \
        .gelu = gelu, .gelu_back = gelu_back, .gelu_tanh = gelu_tanh, .gelu_tanh_back = gelu_tanh_back,                        \
        .column_sums = column_sums, .masks = masks, .mask = mask, .mask_add = mask_add, .norm = norm, .norm_back = norm_back,  \
        .norm_sums = norm_sums, .softmax = softmax, .softmax_back = softmax_back, .log_sum_exp = log_sum_exp,                  \
        .nll_sum = nll_sum, .cross_entropy_back = cross_entropy_back                                                           \
    }
