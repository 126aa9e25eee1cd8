import { readDocument } from '../formats/document-file.js';
import { InvalidInputError } from '../lib/errors.js';
import { isJsonObject, type JsonObject } from '../lib/json.js';
import type { ActualStateSource } from './source.js';

export interface ActualFileOptions {
  /** The file lists everything: a resource that is not in it is gone. Otherwise such a resource was not compared. */
  readonly complete?: boolean | undefined;
}

/**
 * The actual state in a file, JSON or YAML: an object of address → properties, null for a resource that is gone. It is
 * parsed here, and kept in memory.
 * @param what names the file in errors; JSON if it ends in `.json`
 * @throws InvalidInputError `ACTUAL_INVALID`, or as {@link readDocument} does
 */
export function actualFile(
  bytes: Uint8Array,
  what: string,
  { complete = false }: ActualFileOptions = {},
): ActualStateSource {
  const actual = readActual(bytes, what);
  return {
    name: 'actual',
    async *observe(pages, { signal, note, onUnknown } = {}) {
      const unasked = new Set(actual.keys());
      for await (const page of pages) {
        for (const { address } of page) {
          signal?.throwIfAborted();
          unasked.delete(address);
          const found = actual.get(address);
          if (found !== undefined || complete) yield { address, actual: found ?? null };
        }
      }
      if (unasked.size === 0) return;
      note?.(passedOver(what, unasked));
      onUnknown?.([...unasked]);
    },
  };
}

function readActual(bytes: Uint8Array, what: string): ReadonlyMap<string, JsonObject | null> {
  const document = readDocument(bytes, what);
  const refuse = (problem: string, address?: string): never => {
    throw new InvalidInputError('ACTUAL_INVALID', `${what}: ${problem}`, {
      hint: 'Write an object that gives for each address an object of its actual properties, or null where it is gone.',
      details: { field: address ?? 'document', file: what },
    });
  };
  if (!isJsonObject(document)) return refuse('must be an object of address and properties');
  const actual = new Map<string, JsonObject | null>();
  for (const [address, value] of Object.entries(document)) {
    if (value !== null && !isJsonObject(value)) refuse(`${address}: must be an object of properties, or null`, address);
    actual.set(address, value as JsonObject | null);
  }
  return actual;
}

const NAMED = 5;

/** They may belong to another stack or be misspelt, so some of them are shown. */
function passedOver(what: string, addresses: ReadonlySet<string>): string {
  const named = [...addresses].slice(0, NAMED).join(', ');
  const count = addresses.size === 1 ? '1 address' : `${addresses.size} addresses`;
  return `${what}: ${count} ignored, because the stack has no such resources: ${named}${addresses.size > NAMED ? ', …' : ''}`;
}
