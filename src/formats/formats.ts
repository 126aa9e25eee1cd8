import type { JsonObject } from '../lib/json.js';
import type { StateView } from '../queries/state.js';
import type { Incoming } from './incoming.js';
import { parsePulumi, readDeployment, toPulumiState } from './pulumi/index.js';
import { incoming, readTerraformDocument, stateOf, toTerraformState } from './terraform/index.js';

/** How the state of another tool comes in and goes out. */
interface Format {
  /** @throws InvalidInputError for bytes that are no such state */
  read(document: Uint8Array, what: string): JsonObject;
  /**
   * A document that was read, in the engine's terms.
   * @throws InvalidInputError for what has no place here
   */
  take(document: JsonObject, what: string): Incoming;
  give(view: StateView): JsonObject;
}

/** The tools whose state we read and write. */
export const FORMATS = {
  terraform: {
    read: readTerraformDocument,
    take: (document) => incoming(stateOf(document)),
    give: toTerraformState,
  },
  pulumi: { read: parsePulumi, take: readDeployment, give: toPulumiState },
} satisfies { readonly [name: string]: Format };

export type InteropFormat = keyof typeof FORMATS;
