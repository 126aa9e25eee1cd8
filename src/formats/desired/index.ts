import { readDocument } from '../document-file.js';
import type { DocumentFormat } from '../document-format.js';
import { type DesiredState, toDesiredState } from './format.js';

export { applyCommand } from './command.js';
export { toDesiredState } from './format.js';

/**
 * Parses a YAML or JSON document with the desired state of a stack.
 * @param name names the document in errors
 * @throws InvalidInputError
 */
export const readDesiredState = (document: Uint8Array, name: string, format?: DocumentFormat): DesiredState =>
  readDesired(document, name, format).desired;

/** The same, with the parsed document, from which `toDesiredState` makes the same desired state. */
export function readDesired(bytes: Uint8Array, name: string, format?: DocumentFormat) {
  const document = readDocument(bytes, name, format);
  return { document, desired: toDesiredState(document, name) };
}
