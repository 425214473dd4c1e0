/* Reads a table of numbers with a header line, and standardises its columns. */
#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>

enum { FEATURES = 30 };

/** Rows of the data set in file order. */
typedef struct table {
    size_t rows;
    double (*features)[FEATURES];
    float *labels;
} table;

/** Reads FEATURES numbers and a label from each line after the first. Ends the program when the file is not that. */
table table_read(const char *path);

void table_free(table *table);

/** Rows in training order: every fifth row of the file is a test row, the others train. */
typedef struct split {
    size_t rows;
    float *x; /* rows x FEATURES, standardised */
    float *y; /* rows */
} split;

/** Splits the table and scales both parts by the training rows' means and standard deviations. */
void table_split(const table *table, split *training, split *test);

void split_free(split *split);

#endif
