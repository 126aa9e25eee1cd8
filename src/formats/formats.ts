import type { JsonObject } from '../lib/json.js';
import type { StateView } from '../queries/state.js';
import type { Apply } from './incoming.js';
import { importPulumi, parsePulumi, toPulumiState } from './pulumi/index.js';
import { importTerraform, incoming, readTerraformDocument, stateOf, toTerraformState } from './terraform/index.js';

/** How the state of another tool comes in and goes out. */
interface Format {
  /** @throws InvalidInputError for bytes that are no such state */
  read(document: Uint8Array, what: string): JsonObject;
  /** The command that takes a document in that was read; see `StateBackend.importCommand`. */
  take(stack: string, document: JsonObject, what: string, current: StateView | undefined, force: boolean): Apply;
  give(view: StateView): JsonObject;
}

/** The tools whose state we read and write. */
export const FORMATS = {
  terraform: {
    read: readTerraformDocument,
    take: (stack, document, _what, current, force) =>
      importTerraform(stack, incoming(stateOf(document)), current, force),
    give: toTerraformState,
  },
  pulumi: { read: parsePulumi, take: importPulumi, give: toPulumiState },
} satisfies { readonly [name: string]: Format };

export type InteropFormat = keyof typeof FORMATS;
