/* main.c - the program `hone`; everything it does is in libhone.so.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return hone_main(argc, argv);
}
