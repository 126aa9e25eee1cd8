import { sha256 } from '../lib/digest.js';
import type { StoredEvent } from './envelope.js';

/** The previous hash of the first event: 64 zeros. */
export const GENESIS_HASH = '0'.repeat(64);

/**
 * The hash of an event: SHA-256 over the previous event's hash and the row's ten stored fields, joined by line feeds. No
 * field contains a line feed (JSON escapes it; names and ids refuse it), so no two rows have the same bytes. docs/adr/0002
 * fixes the layout: a log must stay verifiable in any language.
 */
export function hashEvent(previousHash: string, event: Omit<StoredEvent, 'hash'>): string {
  return sha256(
    `${previousHash}\n${event.position}\n${event.stream}\n${event.revision}\n${event.version}\n${event.type}\n${event.schemaVersion}\n${event.data}\n${event.meta}\n${event.recordedAt}\n${event.commandId}`,
  );
}
