/* format.c - the sentence about a file of another format.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/format.h"

hone_status hone__format_check(const char *what, int64_t format, int64_t newest, hone_error *err)
{
    if (format < 1)
        return hone_fail(err, HONE_EUNSUPPORTED, "%s has format %lld; formats begin at 1", what, (long long)format);
    if (format > newest)
        return hone_fail(err, HONE_EUNSUPPORTED,
                         "%s has format %lld; hone %s reads formats up to %lld, so a newer one wrote it", what,
                         (long long)format, HONE_VERSION, (long long)newest);
    return HONE_OK;
}
