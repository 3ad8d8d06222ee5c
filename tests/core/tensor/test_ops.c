/* test_ops.c - the reference operators: gradients, values, threads, independent rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/pool.h"
#include "suite.h"
#include "tensor/core_ops.h"
#include "tensor/run.h"

START_TEST(gradients_agree_with_central_differences_in_double)
{
    const hone_op *op = hone__core_ops[_i];
    hone__gradcheck result;
    hone_error err;
    if (hone__gradcheck_op(op, NULL, NULL, NULL, 1e-6, &result, &err) != HONE_OK)
        ck_abort_msg("%s", err.msg);
    ck_assert_int_gt(result.checked, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ops");
    TCase *gradients = tcase_create("gradients");
    int n = 0;
    while (hone__core_ops[n])
        n++;
    tcase_add_loop_test(gradients, gradients_agree_with_central_differences_in_double, 0, n);
    suite_add_tcase(s, gradients);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
