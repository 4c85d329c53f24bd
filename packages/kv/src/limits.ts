/** The longest key, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 1024;
/** The longest value, in bytes. */
export const VALUE_BYTES_MAX = 1_048_576;
