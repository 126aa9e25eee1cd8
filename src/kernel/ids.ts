import { v7 } from 'uuid';

/** A new id (UUIDv7, RFC 9562): unique everywhere, and in the order of their making. */
export const newId = (): string => v7();
