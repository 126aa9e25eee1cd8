import type { Command } from '../commands/index.js';
import type { JsonObject } from '../kernel/json.js';
import type { StateView } from '../queries/state.js';
import { importTerraform, readTerraformState, toTerraformState } from './terraform/index.js';

/** How the state of another tool comes in and goes out. */
interface Format {
  /** The command that takes a document in; see `StateBackend.importCommand`. */
  take(
    stack: string,
    document: Uint8Array,
    what: string,
    current: StateView | undefined,
    force: boolean,
  ): Extract<Command, { type: 'apply' }>;
  give(view: StateView): JsonObject;
}

/** The tools whose state we read and write. */
export const FORMATS = {
  terraform: {
    take: (stack, document, what, current, force) =>
      importTerraform(stack, readTerraformState(document, what), current, force),
    give: toTerraformState,
  },
} satisfies { readonly [name: string]: Format };

export type InteropFormat = keyof typeof FORMATS;
