import { COMMANDS, type Command, prepare } from '../../src/commands/index.js';
import type { AppendRequest } from '../../src/store/event-store.js';

/** The visible parts of a result or of an error. */
export const outcome = <T>(promise: Promise<T>): Promise<T | { readonly code: string }> =>
  promise.catch(({ code, message, hint, details }) => ({ code, message, hint, details }));

/** The same request can be sent to two stores, also without an id of the caller. */
export function requestOf(command: Command, envelope: Parameters<typeof prepare>[2]): AppendRequest | undefined {
  try {
    return prepare(COMMANDS[command.type], command, envelope);
  } catch {
    return undefined; // refused before any store sees it
  }
}
