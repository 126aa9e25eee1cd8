import type { JsonObject } from '../../lib/json.js';
import type { Incoming } from '../incoming.js';
import type { EncryptedDocument, TerraformDocument, TerraformState } from './format.js';
import type { Header } from './header.js';
import { readInstance } from './instances.js';
import { isCanonical } from './order.js';
import { readOutputs } from './outputs.js';

const format = 'terraform' as const;

/** A state as content of the engine. */
export const incoming = (state: TerraformState): Incoming =>
  'encrypted' in state ? readEncrypted(state.encrypted) : readPlain(state.document);

function readEncrypted(document: EncryptedDocument): Incoming {
  const header: Header = { fields: document, absent: [], emptyBlocks: [], encrypted: true };
  const { lineage = '', serial = 0 } = document;
  return { format, lineage, serial, header: header as unknown as JsonObject, resources: [], outputs: [] };
}

function readPlain(document: TerraformDocument): Incoming {
  const { version: _, serial, lineage, outputs, resources, ...rest } = document;
  const blocks = resources ?? [];
  const ranked = !isCanonical(blocks);
  const header: Header = {
    fields: {
      ...(outputs === null ? { outputs } : {}),
      ...(resources === null ? { resources } : {}),
      ...rest,
    },
    absent: ['outputs', 'resources'].filter((field) => !Object.hasOwn(document, field)),
    emptyBlocks: blocks.flatMap((block, rank) =>
      block.instances?.length ? [] : [ranked ? { block, rank } : { block }],
    ),
    encrypted: false,
  };
  return {
    format,
    lineage,
    serial,
    header: header as unknown as JsonObject,
    resources: blocks.flatMap((block, blockRank) =>
      (block.instances ?? []).map((instance, rank) =>
        readInstance(block, instance, ranked ? [blockRank, rank] : undefined),
      ),
    ),
    outputs: readOutputs(outputs ?? {}),
  };
}
