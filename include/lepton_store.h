/*
 * lepton_store.h - the store: a folder that keeps datasets, parameters and checkpoints, shared by processes, safe from
 * crashes, and encrypted where that is wished. A part of lepton.h, which includes it, and whose conventions hold here.
 * docs/storage.md describes the store, docs/security.md what encryption protects.
 *
 * A blob is content under a name that follows from it, its digest: 64 hexadecimal digits. A reference is a name that
 * stands for a blob.
 */
#ifndef LEPTON_STORE_H
#define LEPTON_STORE_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

/* ------------------------------------------------------------------ store */

/** An open store. Any number of processes and threads may have the same folder open. */
typedef struct lepton_store lepton_store;
/** A blob in memory, which can only be read. */
typedef struct lepton_blob lepton_blob;

/** Bytes of a digest as text, with the NUL. */
#define LEPTON_DIGEST_SIZE 65

/** Gives the library a key-encryption key.
 *  @param key_id the name of the key that is needed. @param key receives its 32 bytes. @return 0; another value when
 *  there is no such key. Called by the thread that opens or rotates, before the call returns. */
typedef int32_t (*lepton_store_key_fn)(const char *key_id, uint8_t *key, void *context);

/** Opens the store in a folder, or makes one in a folder that is empty or does not exist yet.
 *  @param config JSON object, or NULL: "capacity_bytes" (the most that its files may take), and "encryption", an object
 *  with one of "key_file" (a path), "key_environment" (the name of a variable) and "callback" (true: `key` is asked),
 *  and "key_id", the name that the store remembers the key by. A key is 32 bytes, in files and variables its 64
 *  hexadecimal digits. A new store is encrypted when "encryption" is there, and stays what it is for all its life.
 *  @param key NULL unless "callback" is true; called with `context`.
 *  Ownership: `*out` is the caller's. Errors: INVALID_ARGUMENT (also a key for a store that is not encrypted),
 *  PERMISSION_DENIED (also a missing or wrong key, and a folder with other files), CORRUPT_DATA, NOT_FOUND (the key's
 *  file or variable), NOT_SUPPORTED (another version), IO. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_open(const char *path, const char *config, lepton_store_key_fn key, void *context,
                                           lepton_store **out, lepton_error **error);

/** Adds a reference. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_retain(lepton_store *store, lepton_error **error);

/** Drops one reference. NULL is accepted. Since 0.2. */
LEPTON_API void lepton_store_release(lepton_store *store);

/** Creates a client that keeps its datasets and parameters in an open store.
 *  @param options as lepton_client_create; `store_path` must be NULL.
 *  Ownership: `*out` is the caller's; it keeps the store alive. Errors: as lepton_client_create, INVALID_HANDLE.
 *  Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_client_create_with_store(const lepton_client_options *options, lepton_store *store,
                                                         lepton_client **out, lepton_error **error);

/** Stores bytes; when it returns they are on the disk. Content that is there already is not stored again.
 *  @param data may be NULL when `size` is 0. @param digest receives LEPTON_DIGEST_SIZE bytes; may be NULL.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, RESOURCE_EXHAUSTED (beyond "capacity_bytes"), IO (a full disk).
 *  The store is then as it was. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_put(lepton_store *store, const void *data, size_t size, char *digest,
                                          lepton_error **error);

/** Gives the next piece of content. @return bytes written to `buffer`, 0 at the end, a negative value to stop. */
typedef int64_t (*lepton_store_read_fn)(void *buffer, size_t capacity, void *context);

/** Stores content that arrives piece by piece. @param read is called with `context` until it returns 0.
 *  Errors: as lepton_store_put, CANCELLED (`read` returned a negative value). Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_put_stream(lepton_store *store, lepton_store_read_fn read, void *context,
                                                 char *digest, lepton_error **error);

/** Copies a blob, checked against its digest. Size-query form, for bytes: `*length` receives the blob's size, and
 *  nothing is added at the end.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, NOT_FOUND, CORRUPT_DATA (damaged or tampered with), OUT_OF_MEMORY, IO.
 *  Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_get(lepton_store *store, const char *digest, void *buffer, size_t capacity,
                                          size_t *length, lepton_error **error);

/** Gives a blob as memory, checked against its digest: of a plain store its files, mapped, which processes share; of an
 *  encrypted one a copy in the clear.
 *  Ownership: `*out` is the caller's; it outlives the store and the blob's removal. Errors: as lepton_store_get.
 *  Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_map(lepton_store *store, const char *digest, lepton_blob **out,
                                          lepton_error **error);

/** Where a blob is in memory. @param data receives an address, NULL for an empty blob; @param size its bytes.
 *  Ownership: the memory lives as long as `blob`. Errors: INVALID_HANDLE, INVALID_ARGUMENT. Threads: concurrent.
 *  Since 0.2. */
LEPTON_API lepton_status lepton_blob_get_data(lepton_blob *blob, const void **data, size_t *size, lepton_error **error);

/** Drops one reference. NULL is accepted. Since 0.2. */
LEPTON_API void lepton_blob_release(lepton_blob *blob);

/** Removes a blob, with the chunks that no other has.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, NOT_FOUND, INVALID_STATE (a reference names it), IO. Threads: concurrent.
 *  Since 0.2. */
LEPTON_API lepton_status lepton_store_remove(lepton_store *store, const char *digest, lepton_error **error);

/** Makes `name` stand for a blob.
 *  @param name 1 to 255 bytes, such as "churn/model". @param expecting NULL: whatever it stood for; a digest: only if
 *  it still stands for that; "": only if there is no such reference yet.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, NOT_FOUND (no such blob), INVALID_STATE (it stands for something else),
 *  IO. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_set_reference(lepton_store *store, const char *name, const char *digest,
                                                    const char *expecting, lepton_error **error);

/** The blob that `name` stands for. @param digest receives LEPTON_DIGEST_SIZE bytes.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, NOT_FOUND, CORRUPT_DATA. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_get_reference(lepton_store *store, const char *name, char *digest,
                                                    lepton_error **error);

/** Removes a reference; the blob stays. @param expecting NULL, or the digest that it must still stand for.
 *  Errors: as lepton_store_set_reference. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_remove_reference(lepton_store *store, const char *name, const char *expecting,
                                                       lepton_error **error);

/** What is in the store, as JSON: "references" (objects of "name" and "digest") and "blobs" (objects of "digest",
 *  "bytes" and "chunks"). What is damaged is left out; lepton_store_verify names it. Size-query form.
 *  Errors: INVALID_HANDLE, IO. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_list(lepton_store *store, char *buffer, size_t capacity, size_t *length,
                                           lepton_error **error);

/** Numbers of the store, as JSON: "path", "capacity_bytes" (or null), "references", "blobs", "chunks", "logical_bytes",
 *  "stored_bytes", "unreferenced_bytes", "deduplication", "damaged", "encrypted" and "key_id" (or null).
 *  Size-query form. Errors: INVALID_HANDLE, IO. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_statistics(lepton_store *store, char *buffer, size_t capacity, size_t *length,
                                                 lepton_error **error);

/** Told of each thing that is not as it was written.
 *  @param kind "blob" or "reference". @param name the digest of a blob, the file of a reference.
 *  @return 0 to go on, another value to stop. The texts live until it returns. */
typedef int32_t (*lepton_store_damage_fn)(const char *kind, const char *name, const char *message, void *context);

/** Reads everything and compares it with its digests. Damage is no error of this call.
 *  @param damage may be NULL; called with `context`. @param checked receives how many blobs and references were looked
 *  at, @param damaged how many of them are damaged; each may be NULL.
 *  Errors: INVALID_HANDLE, IO. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_verify(lepton_store *store, lepton_store_damage_fn damage, void *context,
                                             int64_t *checked, int64_t *damaged, lepton_error **error);

/** What a garbage collection removed. */
typedef struct lepton_store_collection {
    size_t struct_size;       /**< set by the caller: the size it knows */
    int64_t removed_blobs;    /**< without a reference */
    int64_t removed_chunks;   /**< that no blob has any more */
    int64_t freed_bytes;      /**< of their files */
    int64_t kept_young_blobs; /**< without a reference, but put too short a time ago */
} lepton_store_collection;

/** Removes blobs that no reference names, and chunks that no blob has.
 *  @param older_than seconds; a blob that was put later stays, because its reference may be on its way. 3600 is a good
 *  value. @param dry_run 1 only counts. @param out may be NULL.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, CORRUPT_DATA (a reference, or a list of chunks, is damaged, so that it is
 *  not known what it names; nothing is removed), IO. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_collect(lepton_store *store, double older_than, int32_t dry_run,
                                              lepton_store_collection *out, lepton_error **error);

/** Seals an encrypted store with another key. Blobs are not rewritten; who has the store open goes on.
 *  @param encryption JSON object as "encryption" of lepton_store_open. @param key, @param context likewise.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, INVALID_STATE (not encrypted), IO. The store
 *  is then sealed as it was. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_store_rotate_key(lepton_store *store, const char *encryption, lepton_store_key_fn key,
                                                 void *context, lepton_error **error);

#endif /* LEPTON_STORE_H */
