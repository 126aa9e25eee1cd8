import * as z from 'zod';
import type { Origin } from '../../events/index.js';
import type { JsonObject } from '../../lib/json.js';
import { isBlock, isEncrypted, isRestOfState, type TerraformBlock } from './format.js';

/**
 * The parts of the document that the stack keeps: its other fields, whether `outputs` and `resources` were missing, blocks
 * without instances, and everything of an encrypted one. Nothing in it grows with the number of resources.
 */
export interface Header {
  readonly fields: JsonObject;
  readonly absent: readonly string[];
  /** `rank` is the block's index, if the document was not in Terraform's own order. */
  readonly emptyBlocks: readonly { readonly block: TerraformBlock; readonly rank?: number }[];
  readonly encrypted: boolean;
}

/** For a state that did not come from Terraform: readable by any release. */
const MADE_HERE: Header = { fields: { terraform_version: '1.0.0' }, absent: [], emptyBlocks: [], encrypted: false };

const parts = {
  absent: z.array(z.string()),
  emptyBlocks: z.array(z.strictObject({ block: z.custom(isBlock), rank: z.number().optional() })),
};
const headerSchema = z.discriminatedUnion('encrypted', [
  z.strictObject({ ...parts, encrypted: z.literal(false), fields: z.custom(isRestOfState) }),
  z.strictObject({ ...parts, encrypted: z.literal(true), fields: z.custom(isEncrypted) }),
]);

/** The header from an import. A stack that was created here has none, nor does one whose header somebody else wrote. */
export const headerOf = (imported: Origin | undefined): Header =>
  imported && headerSchema.safeParse(imported.header).success ? (imported.header as unknown as Header) : MADE_HERE;
