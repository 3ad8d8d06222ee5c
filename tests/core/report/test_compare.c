/* test_compare.c - McNemar's test against its tables.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "report/compare.h"
#include "suite.h"

/* Source of the numbers: SciPy 1.17.1, binomtest(min(a, b), a + b, 0.5).pvalue, which is statsmodels' mcnemar(exact=True). */
START_TEST(mcnemar_gives_the_references_p)
{
    static const struct {
        uint64_t a, b;
        double p;
    } cases[] = {{0, 0, 1}, {1, 0, 1}, {5, 5, 1}, {10, 2, 0.03857421875}, {2, 10, 0.03857421875}, {0, 20, 1.9073486328125e-06}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_double_eq_tol(hone__mcnemar(cases[i].a, cases[i].b), cases[i].p, 1e-12);
    ck_assert_double_eq_tol(hone__mcnemar(400, 500) / 0.0009564441369189373, 1, 1e-9);
    ck_assert_double_eq_tol(hone__mcnemar(121, 59) / 4.4344492637551645e-06, 1, 1e-9);
}
END_TEST

SUITE("compare", mcnemar_gives_the_references_p)
