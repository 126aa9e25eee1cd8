import type { JsonObject } from '../lib/json.js';
import type { StateView } from '../queries/state.js';
import type { Incoming } from './incoming.js';
import { parsePulumi, readDeployment, toPulumiState } from './pulumi/index.js';
import { incoming, readTerraformDocument, stateOf, toTerraformState } from './terraform/index.js';

/** Import and export of the state of another tool. */
interface Format {
  /** @throws InvalidInputError for bytes that are not such a state */
  read(document: Uint8Array, what: string): JsonObject;
  /**
   * A parsed document as content of the engine.
   * @throws InvalidInputError for content that the engine cannot hold
   */
  take(document: JsonObject, what: string): Incoming;
  give(view: StateView): JsonObject;
}

/** The tools whose state can be imported and exported. */
export const FORMATS = {
  terraform: {
    read: readTerraformDocument,
    take: (document) => incoming(stateOf(document)),
    give: toTerraformState,
  },
  pulumi: { read: parsePulumi, take: readDeployment, give: toPulumiState },
} satisfies { readonly [name: string]: Format };

export type InteropFormat = keyof typeof FORMATS;
