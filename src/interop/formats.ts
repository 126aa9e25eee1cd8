import type { JsonObject } from '../kernel/json.js';
import type { StateView } from '../queries/state.js';
import type { Apply } from './incoming.js';
import { importPulumi, toPulumiState } from './pulumi/index.js';
import { importTerraform, readTerraformState, toTerraformState } from './terraform/index.js';

/** How the state of another tool comes in and goes out. */
interface Format {
  /** The command that takes a document in; see `StateBackend.importCommand`. */
  take(stack: string, document: Uint8Array, what: string, current: StateView | undefined, force: boolean): Apply;
  give(view: StateView): JsonObject;
}

/** The tools whose state we read and write. */
export const FORMATS = {
  terraform: {
    take: (stack, document, what, current, force) =>
      importTerraform(stack, readTerraformState(document, what), current, force),
    give: toTerraformState,
  },
  pulumi: { take: importPulumi, give: toPulumiState },
} satisfies { readonly [name: string]: Format };

export type InteropFormat = keyof typeof FORMATS;
