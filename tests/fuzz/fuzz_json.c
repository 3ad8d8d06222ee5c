/* fuzz_json.c - any bytes are read as JSON or refused with a message; what is read, printed and read again is the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *root, *again;
    hone_error err = {HONE_OK, ""};
    if (hone__json_parse((const char *)data, size, "input", &root, &err) != HONE_OK) {
        if (root || !err.msg[0])
            abort();
        return 0;
    }
    hone__str printed = {0};
    hone__json_print(root, &printed);
    if (hone__json_parse(hone__str_text(&printed), printed.n, "printed", &again, &err) != HONE_OK || !json_equal(root, again))
        abort();
    json_decref(root);
    json_decref(again);
    hone__str_clear(&printed);
    return 0;
}
