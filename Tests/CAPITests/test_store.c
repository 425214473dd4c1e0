/* Section "store": blobs, references, keys, upkeep, and what happens when they are given nonsense. */
#define _GNU_SOURCE
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
static const char hexadecimal[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static lepton_store *open_store(const char *name, const char *config) {
    char *path = temporary_path(name);
    lepton_store *store = NULL;
    must(lepton_store_open(path, config, NULL, NULL, &store, &error));
    assert_non_null(store);
    free(path);
    return store;
}

static void blobs_come_back(void **state) {
    (void)state;
    lepton_store *store = open_store("blobs", NULL);
    char digest[LEPTON_DIGEST_SIZE], again[LEPTON_DIGEST_SIZE];
    must(lepton_store_put(store, "abc", 3, digest, &error));
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    must(lepton_store_put(store, "abc", 3, NULL, &error));
    size_t length = 0;
    must(lepton_store_get(store, digest, NULL, 0, &length, &error));
    assert_int_equal(length, 3);
    char buffer[4] = "xxx";
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_store_get(store, digest, buffer, 2, &length, &error));
    assert_string_equal(buffer, "xxx");
    must(lepton_store_get(store, digest, buffer, 3, NULL, &error));
    assert_string_equal(buffer, "abc");

    /* Large enough to be cut. */
    size_t size = 3u << 20;
    unsigned char *large = malloc(size);
    assert_non_null(large);
    for (size_t i = 0; i < size; i++)
        large[i] = (unsigned char)(i * i >> 7);
    must(lepton_store_put(store, large, size, digest, &error));
    lepton_blob *blob = NULL;
    must(lepton_store_map(store, digest, &blob, &error));
    const void *data = NULL;
    must(lepton_blob_get_data(blob, &data, &length, &error));
    assert_int_equal(length, size);
    assert_memory_equal(data, large, size);
    /* The memory outlives the blob and the store. */
    must(lepton_store_remove(store, digest, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_store_remove(store, digest, &error));
    lepton_store_release(store);
    assert_memory_equal(data, large, size);
    lepton_blob_release(blob);
    free(large);

    store = open_store("blobs", "{}");
    must(lepton_store_put(store, NULL, 0, again, &error));
    must(lepton_store_map(store, again, &blob, &error));
    must(lepton_blob_get_data(blob, &data, &length, &error));
    assert_int_equal(length, 0);
    lepton_blob_release(blob);
    lepton_store_release(store);
}

typedef struct {
    size_t left;
    int64_t answer; /* instead of content, when it is not 0 */
} source;

static int64_t read_zeros(void *buffer, size_t capacity, void *context) {
    source *from = context;
    if (from->answer != 0) return from->answer;
    size_t count = from->left < capacity ? from->left : capacity;
    memset(buffer, 0, count);
    from->left -= count;
    return (int64_t)count;
}

static void content_may_arrive_in_pieces(void **state) {
    (void)state;
    lepton_store *store = open_store("stream", NULL);
    char digest[LEPTON_DIGEST_SIZE] = "untouched", other[LEPTON_DIGEST_SIZE];
    source bad = {.answer = -1};
    refused(LEPTON_CANCELLED, NULL, lepton_store_put_stream(store, read_zeros, &bad, digest, &error));
    bad.answer = INT64_MAX;
    refused(LEPTON_INVALID_ARGUMENT, "read", lepton_store_put_stream(store, read_zeros, &bad, digest, &error));
    bad.answer = INT64_MIN;
    refused(LEPTON_CANCELLED, NULL, lepton_store_put_stream(store, read_zeros, &bad, digest, &error));
    assert_string_equal(digest, "untouched");
    source good = {.left = 2500000};
    must(lepton_store_put_stream(store, read_zeros, &good, digest, &error));
    void *content = calloc(1, 2500000);
    assert_non_null(content);
    must(lepton_store_put(store, content, 2500000, other, &error));
    assert_string_equal(digest, other);
    free(content);
    lepton_store_release(store);
}

static void references_are_swapped(void **state) {
    (void)state;
    lepton_store *store = open_store("references", NULL);
    char a[LEPTON_DIGEST_SIZE], b[LEPTON_DIGEST_SIZE], found[LEPTON_DIGEST_SIZE];
    must(lepton_store_put(store, "a", 1, a, &error));
    must(lepton_store_put(store, "b", 1, b, &error));
    must(lepton_store_set_reference(store, "x", a, "", &error));
    refused(LEPTON_INVALID_STATE, "expecting", lepton_store_set_reference(store, "x", b, "", &error));
    refused(LEPTON_INVALID_STATE, "expecting", lepton_store_set_reference(store, "x", b, b, &error));
    must(lepton_store_set_reference(store, "x", b, a, &error));
    must(lepton_store_get_reference(store, "x", found, &error));
    assert_string_equal(found, b);
    refused(LEPTON_INVALID_STATE, NULL, lepton_store_remove(store, b, &error));
    refused(LEPTON_INVALID_STATE, "expecting", lepton_store_remove_reference(store, "x", a, &error));

    size_t length = 0;
    char text[1024];
    must(lepton_store_list(store, NULL, 0, &length, &error));
    must(lepton_store_list(store, text, sizeof text, &length, &error));
    assert_int_equal(strlen(text), length);
    assert_non_null(strstr(text, "\"name\": \"x\""));
    must(lepton_store_statistics(store, text, sizeof text, &length, &error));
    assert_non_null(strstr(text, "\"blobs\": 2"));
    assert_non_null(strstr(text, "\"encrypted\": false"));

    lepton_store_collection collected = {.struct_size = sizeof collected};
    must(lepton_store_collect(store, 3600, 0, &collected, &error));
    assert_true(collected.removed_blobs == 0 && collected.kept_young_blobs == 1);
    must(lepton_store_collect(store, 0, 1, &collected, &error));
    must(lepton_store_collect(store, 0, 0, &collected, &error));
    assert_true(collected.removed_blobs == 1 && collected.freed_bytes == 1);
    must(lepton_store_remove_reference(store, "x", b, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_store_get_reference(store, "x", found, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_store_set_reference(store, "x", zeros, NULL, &error));
    must(lepton_store_collect(store, 0, 0, NULL, &error));
    lepton_store_release(store);
}

static int32_t give_key(const char *key_id, uint8_t *key, void *context) {
    if (context != NULL) snprintf(context, 32, "%s", key_id);
    if (strcmp(key_id, "first") != 0 && strcmp(key_id, "second") != 0) return 7;
    for (int i = 0; i < 32; i++)
        key[i] = (uint8_t)(i + (*key_id == 's'));
    return 0;
}

static void an_encrypted_store_needs_its_key(void **state) {
    (void)state;
    char *path = temporary_path("sealed"), *file = temporary_path("key");
    const char *first = "{\"encryption\": {\"callback\": true, \"key_id\": \"first\"}}";
    const char *any = "{\"encryption\": {\"callback\": true}}";
    char asked[32] = "", digest[LEPTON_DIGEST_SIZE], config[512];
    lepton_store *store = UNTOUCHED;
    refused(LEPTON_INVALID_ARGUMENT, "key", lepton_store_open(path, first, NULL, NULL, &store, &error));
    refused(LEPTON_INVALID_ARGUMENT, "key_id", lepton_store_open(path, any, give_key, asked, &store, &error));
    refused(LEPTON_PERMISSION_DENIED, "key",
            lepton_store_open(path, "{\"encryption\": {\"callback\": true, \"key_id\": \"third\"}}", give_key, NULL,
                              &store, &error));
    assert_ptr_equal(store, UNTOUCHED);
    assert_int_not_equal(access(path, F_OK), 0);
    must(lepton_store_open(path, first, give_key, asked, &store, &error));
    assert_string_equal(asked, "first");
    must(lepton_store_put(store, "secret", 6, digest, &error));
    lepton_store *other = UNTOUCHED;
    refused(LEPTON_PERMISSION_DENIED, "encryption", lepton_store_open(path, NULL, NULL, NULL, &other, &error));
    lepton_client *client = UNTOUCHED;
    lepton_client_options with_path;
    lepton_client_options_init(&with_path);
    with_path.store_path = path;
    refused(LEPTON_INVALID_ARGUMENT, "options.store_path",
            lepton_client_create_with_store(&with_path, store, &client, &error));
    assert_ptr_equal(client, UNTOUCHED);

    /* The same key from a file; then another, under another name. */
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fprintf(out, "%s\n", hexadecimal);
    fclose(out);
    snprintf(config, sizeof config, "{\"encryption\": {\"key_file\": \"%s\"}}", file);
    must(lepton_store_open(path, config, NULL, NULL, &other, &error));
    must(lepton_store_rotate_key(other, "{\"callback\": true, \"key_id\": \"second\"}", give_key, asked, &error));
    assert_string_equal(asked, "second");
    lepton_store_release(other);
    other = UNTOUCHED;
    refused(LEPTON_PERMISSION_DENIED, "encryption", lepton_store_open(path, config, NULL, NULL, &other, &error));
    must(lepton_store_open(path, any, give_key, asked, &other, &error));
    assert_string_equal(asked, "second");
    char content[6];
    must(lepton_store_get(other, digest, content, sizeof content, NULL, &error));
    assert_memory_equal(content, "secret", 6);

    /* A client keeps its models there. */
    must(lepton_client_create_with_store(NULL, other, &client, &error));
    lepton_store_release(other);
    lepton_model *model = make_linear(2);
    float x[] = {1, 2, 3, 4}, y[] = {1, 2};
    matrix features, targets;
    matrix_init(&features, x, 2, 2);
    matrix_init(&targets, y, 2, 1);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.store_name = "linear";
    must(lepton_client_fit(client, model, &features.view, 1, &targets.view, 1, &options, NULL, &error));
    lepton_client_release(client);
    char found[LEPTON_DIGEST_SIZE];
    must(lepton_store_get_reference(store, "linear/model", found, &error));
    lepton_model_release(model);
    lepton_store_release(store);
    free(path);
    free(file);
}

static int32_t count_damage(const char *kind, const char *name, const char *message, void *context) {
    assert_string_equal(kind, "blob");
    assert_int_equal(strlen(name), 64);
    assert_true(strlen(message) > 0);
    return ++*(int *)context >= 2;
}

static void damage_is_named(void **state) {
    (void)state;
    char *path = temporary_path("damaged");
    lepton_store *store = open_store("damaged", NULL);
    char digest[LEPTON_DIGEST_SIZE], file[512];
    for (int i = 0; i < 4; i++) {
        must(lepton_store_put(store, &i, sizeof i, digest, &error));
        if (i == 0) continue;
        snprintf(file, sizeof file, "%s/blobs/%.2s/%s", path, digest, digest + 2);
        assert_int_equal(truncate(file, 1), 0);
    }
    int count = 0;
    int64_t checked = 0, damaged = 0;
    must(lepton_store_verify(store, NULL, NULL, &checked, &damaged, &error));
    assert_true(checked == 4 && damaged == 3);
    must(lepton_store_verify(store, count_damage, &count, NULL, &damaged, &error));
    assert_true(count == 2 && damaged == 2);
    lepton_blob *blob = UNTOUCHED;
    size_t length = 0;
    refused(LEPTON_CORRUPT_DATA, NULL, lepton_store_map(store, digest, &blob, &error));
    assert_ptr_equal(blob, UNTOUCHED);
    refused(LEPTON_CORRUPT_DATA, NULL, lepton_store_get(store, digest, file, sizeof file, &length, &error));
    lepton_store_release(store);
    free(path);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    char *path = temporary_path("nonsense");
    lepton_store *store = UNTOUCHED;
    static const char *const configs[] = {"",
                                          "{",
                                          "[]",
                                          "3",
                                          "{\"capacity\": 1}",
                                          "{\"capacity_bytes\": \"many\"}",
                                          "{\"capacity_bytes\": 1.5}",
                                          "{\"capacity_bytes\": -1}",
                                          "{\"capacity_bytes\": 1e300}",
                                          "{\"encryption\": true}",
                                          "{\"encryption\": {}}",
                                          "{\"encryption\": {\"key\": \"0\"}}",
                                          "{\"encryption\": {\"callback\": 1}}",
                                          "{\"encryption\": {\"key_file\": 1}}",
                                          "{\"encryption\": {\"key_file\": \"/x\", \"key_environment\": \"X\"}}",
                                          "{\"encryption\": {\"key_file\": \"\"}}",
                                          "{\"encryption\": {\"key_environment\": \"\"}}",
                                          "{\"encryption\": {\"key_environment\": \"A=B\"}}",
                                          "{\"encryption\": {\"key_file\": \"/dev/null\"}}",
                                          "{\"encryption\": {\"key_file\": \"/x\\u0000y\"}}"};
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        lepton_status status = lepton_store_open(path, configs[i], give_key, NULL, &store, &error);
        if (status != LEPTON_INVALID_ARGUMENT) assert_int_equal(status, LEPTON_CORRUPT_DATA);
        lepton_error_release(error);
        error = NULL;
        assert_ptr_equal(store, UNTOUCHED);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    refused(LEPTON_INVALID_ARGUMENT, "path", lepton_store_open(NULL, NULL, NULL, NULL, &store, &error));
    refused(LEPTON_INVALID_ARGUMENT, "store_path", lepton_store_open("", NULL, NULL, NULL, &store, &error));
    refused(LEPTON_INVALID_ARGUMENT, "path", lepton_store_open("\xff", NULL, NULL, NULL, &store, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_store_open(path, NULL, NULL, NULL, NULL, &error));

    store = open_store("nonsense", "{\"capacity_bytes\": 10}");
    char digest[LEPTON_DIGEST_SIZE] = "untouched";
    char text[4];
    size_t length = 77;
    refused(LEPTON_RESOURCE_EXHAUSTED, "storage", lepton_store_put(store, zeros, 11, digest, &error));
    refused(LEPTON_INVALID_ARGUMENT, "data", lepton_store_put(store, NULL, 1, digest, &error));
    refused(LEPTON_INVALID_ARGUMENT, "size", lepton_store_put(store, zeros, SIZE_MAX, digest, &error));
    refused(LEPTON_INVALID_ARGUMENT, "read", lepton_store_put_stream(store, NULL, NULL, digest, &error));
    static const char *const digests[] = {NULL, "", "abc", "../../../../etc/passwd", "\xff\xfe"};
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        lepton_blob *blob = UNTOUCHED;
        refused(LEPTON_INVALID_ARGUMENT, "digest", lepton_store_get(store, digests[i], text, 4, &length, &error));
        refused(LEPTON_INVALID_ARGUMENT, "digest", lepton_store_map(store, digests[i], &blob, &error));
        refused(LEPTON_INVALID_ARGUMENT, "digest", lepton_store_remove(store, digests[i], &error));
        refused(LEPTON_INVALID_ARGUMENT, "digest", lepton_store_set_reference(store, "x", digests[i], NULL, &error));
        assert_ptr_equal(blob, UNTOUCHED);
    }
    static const char *const names[] = {NULL, "", "..", "a//b", "../x", "a\nb", "\xff"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        refused(LEPTON_INVALID_ARGUMENT, "name", lepton_store_set_reference(store, names[i], zeros, NULL, &error));
        refused(LEPTON_INVALID_ARGUMENT, "name", lepton_store_get_reference(store, names[i], digest, &error));
        refused(LEPTON_INVALID_ARGUMENT, "name", lepton_store_remove_reference(store, names[i], NULL, &error));
    }
    refused(LEPTON_INVALID_ARGUMENT, "digest", lepton_store_set_reference(store, "x", zeros, "abc", &error));
    refused(LEPTON_INVALID_ARGUMENT, "digest", lepton_store_get_reference(store, "x", NULL, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_store_get(store, zeros, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "length", lepton_store_get(store, zeros, NULL, 0, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "length", lepton_store_list(store, NULL, 0, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_store_statistics(store, text, 4, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "older_than", lepton_store_collect(store, -1, 0, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "dry_run", lepton_store_collect(store, 0, 2, NULL, &error));
    lepton_store_collection small = {.struct_size = 8};
    refused(LEPTON_INVALID_ARGUMENT, "out.struct_size", lepton_store_collect(store, 0, 0, &small, &error));
    refused(LEPTON_INVALID_STATE, NULL,
            lepton_store_rotate_key(store, "{\"callback\": true, \"key_id\": \"first\"}", give_key, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "encryption", lepton_store_rotate_key(store, NULL, NULL, NULL, &error));
    assert_true(length == 77);
    assert_string_equal(digest, "untouched");

    /* Handles that are none, or of another kind. */
    void *const handles[] = {NULL, UNTOUCHED, (char *)store + 2, &length};
    const void *data = UNTOUCHED;
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        lepton_client *client = UNTOUCHED;
        refused(LEPTON_INVALID_HANDLE, "store", lepton_store_put(handles[i], "a", 1, NULL, &error));
        refused(LEPTON_INVALID_HANDLE, "store", lepton_store_list(handles[i], NULL, 0, &length, &error));
        refused(LEPTON_INVALID_HANDLE, "store", lepton_store_verify(handles[i], NULL, NULL, NULL, NULL, &error));
        refused(LEPTON_INVALID_HANDLE, "store", lepton_store_retain(handles[i], &error));
        refused(LEPTON_INVALID_HANDLE, "store", lepton_client_create_with_store(NULL, handles[i], &client, &error));
        refused(LEPTON_INVALID_HANDLE, "blob", lepton_blob_get_data(handles[i], &data, &length, &error));
        lepton_store_release(handles[i]);
        lepton_blob_release(handles[i]);
    }
    refused(LEPTON_INVALID_HANDLE, "blob", lepton_blob_get_data((void *)store, &data, &length, &error));
    must(lepton_store_retain(store, &error));
    lepton_store_release(store);
    must(lepton_store_put(store, "a", 1, NULL, &error));
    lepton_store_release(store);
    refused(LEPTON_INVALID_HANDLE, "store", lepton_store_put(store, "a", 1, NULL, &error));
    free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blobs_come_back),        cmocka_unit_test(content_may_arrive_in_pieces),
        cmocka_unit_test(references_are_swapped), cmocka_unit_test(an_encrypted_store_needs_its_key),
        cmocka_unit_test(damage_is_named),        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
