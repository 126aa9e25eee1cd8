import { readDocument } from '../document-file.js';
import { type DesiredState, toDesiredState } from './format.js';

export { applyCommand } from './command.js';

/**
 * Reads a YAML or JSON document that states what a stack shall be.
 * @param name names the document in errors
 * @throws InvalidInputError
 */
export const readDesiredState = (document: Uint8Array, name: string): DesiredState =>
  toDesiredState(readDocument(document, name), name);
