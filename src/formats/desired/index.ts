import { readDocument } from '../document-file.js';
import type { DocumentFormat } from '../document-format.js';
import { type DesiredState, toDesiredState } from './format.js';

export { applyCommand } from './command.js';
export { toDesiredState } from './format.js';

/**
 * Reads a YAML or JSON document that states what a stack shall be.
 * @param name names the document in errors
 * @throws InvalidInputError
 */
export const readDesiredState = (document: Uint8Array, name: string, format?: DocumentFormat): DesiredState =>
  readDesired(document, name, format).desired;

/** The same, with the document itself: made of that again, a desired state is the same. */
export function readDesired(bytes: Uint8Array, name: string, format?: DocumentFormat) {
  const document = readDocument(bytes, name, format);
  return { document, desired: toDesiredState(document, name) };
}
