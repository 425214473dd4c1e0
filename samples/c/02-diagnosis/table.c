#include "table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(const char *path, size_t line, const char *what) {
    fprintf(stderr, "%s:%zu: %s\n", path, line, what);
    exit(EXIT_FAILURE);
}

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

static void parse_row(const char *path, size_t line, char *text, double features[FEATURES], float *label) {
    for (int column = 0; column <= FEATURES; column++) {
        char *end = NULL;
        double value = strtod(text, &end);
        if (end == text || *end != (column < FEATURES ? ',' : '\n'))
            stop(path, line, "expected 30 numbers and a label, separated by commas");
        if (column < FEATURES)
            features[column] = value;
        else
            *label = (float)value;
        text = end + 1;
    }
}

table table_read(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) stop(path, 0, strerror(errno));
    char line[4096];
    size_t lines = 0;
    while (fgets(line, sizeof line, file) != NULL)
        lines++;
    if (lines < 2) stop(path, lines, "expected a header line and rows");
    rewind(file);

    table table = {.rows = lines - 1};
    table.features = allocate(table.rows, sizeof *table.features);
    table.labels = allocate(table.rows, sizeof *table.labels);
    for (size_t i = 0; i < lines && fgets(line, sizeof line, file) != NULL; i++) {
        if (i > 0) parse_row(path, i + 1, line, table.features[i - 1], &table.labels[i - 1]);
    }
    fclose(file);
    return table;
}

void table_free(table *table) {
    free(table->features);
    free(table->labels);
}

static int is_test(size_t row) { return row % 5 == 2; }

static void column_statistics(const table *table, double mean[FEATURES], double deviation[FEATURES]) {
    size_t count = 0;
    for (size_t row = 0; row < table->rows; row++) {
        if (is_test(row)) continue;
        count++;
        for (int column = 0; column < FEATURES; column++)
            mean[column] += table->features[row][column];
    }
    for (int column = 0; column < FEATURES; column++)
        mean[column] /= (double)count;
    for (size_t row = 0; row < table->rows; row++) {
        for (int column = 0; column < FEATURES && !is_test(row); column++) {
            double difference = table->features[row][column] - mean[column];
            deviation[column] += difference * difference;
        }
    }
    for (int column = 0; column < FEATURES; column++)
        deviation[column] = sqrt(deviation[column] / (double)count);
}

void table_split(const table *table, split *training, split *test) {
    double mean[FEATURES] = {0}, deviation[FEATURES] = {0};
    column_statistics(table, mean, deviation);
    split *parts[] = {training, test};
    for (int part = 0; part < 2; part++) {
        parts[part]->rows = 0;
        parts[part]->x = allocate(table->rows * FEATURES, sizeof(float));
        parts[part]->y = allocate(table->rows, sizeof(float));
    }
    for (size_t row = 0; row < table->rows; row++) {
        split *part = parts[is_test(row)];
        for (int column = 0; column < FEATURES; column++) {
            double scaled = (table->features[row][column] - mean[column]) / deviation[column];
            part->x[part->rows * FEATURES + column] = (float)scaled;
        }
        part->y[part->rows++] = table->labels[row];
    }
}

void split_free(split *split) {
    free(split->x);
    free(split->y);
}
