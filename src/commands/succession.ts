import * as z from 'zod';
import type { Origin } from '../events/index.js';
import { ConflictError } from '../lib/errors.js';
import { originInput } from './stack-document.js';

/** A document of another tool that is to follow the stored one. */
export const successionInput = z.strictObject({
  ...originInput.shape,
  format: z.enum(['terraform', 'pulumi']),
  /** Accept it even if it does not follow: a lower serial, another lineage. */
  force: z.boolean().default(false),
});
export type Succession = z.output<typeof successionInput>;

type Next = Pick<Succession, 'format' | 'lineage' | 'serial'>;

/** The fields of a stack that the next document is compared with. */
export interface Held {
  readonly name: string;
  /** The state version. */
  readonly version: number;
  /** Of the last imported document. */
  readonly origin: Origin | null;
  readonly hasResources: boolean;
}

/** Why a document does not follow: a code and the problem. */
type Refusal = readonly [code: string, message: string];

type Rule = (next: Next, known: Origin, held: Held, unchanged: boolean) => Refusal | undefined;

/** Whether a document may follow one of the same format. */
const RULES: { readonly [F in Succession['format']]: Rule } = {
  /** A state follows another if it has the same lineage and a higher serial. */
  terraform: (next, known, held, unchanged) => {
    if (known.lineage !== next.lineage) return otherLineage(next, known, held);
    if (next.serial < known.serial) {
      return ['SERIAL_TOO_LOW', `stack "${held.name}" holds serial ${known.serial}, this state has ${next.serial}`];
    }
    if (next.serial === known.serial && !unchanged) {
      return [
        'SERIAL_NOT_ADVANCED',
        `this state differs from stack "${held.name}" but has the serial it holds, ${known.serial}`,
      ];
    }
    return undefined;
  },
  /** A deployment follows another of the same stack unless it is older. */
  pulumi: (next, known, held, unchanged) => {
    const { name } = held;
    if (known.lineage !== '' && known.lineage !== next.lineage) return otherLineage(next, known, held);
    const [at, nextAt] = [known, next].map(({ serial }) => new Date(serial).toISOString());
    if (next.serial < known.serial) {
      return ['DEPLOYMENT_OLDER', `stack "${name}" holds the deployment of ${at}, this one is of ${nextAt}`];
    }
    // `pulumi state` edits a deployment and keeps its time
    if (next.serial === known.serial && !unchanged && held.version !== known.version) {
      return ['STACK_CHANGED', `stack "${name}" was changed here since it took in the deployment of ${at}`];
    }
    return undefined;
  },
};

/**
 * Refuses a document that does not follow the stored one.
 * @param unchanged the stack already equals the document
 * @throws ConflictError
 */
export function checkSuccession(next: Next, held: Held, unchanged: boolean): void {
  const refusal = refusalOf(next, held, unchanged);
  if (!refusal) return;
  const [code, message] = refusal;
  throw new ConflictError(code, message, {
    hint: 'Make sure that this is the state you mean, then import it with --force.',
    details: {
      stack: held.name,
      lineage: next.lineage,
      serial: next.serial,
      known: held.origin?.lineage,
      at: held.origin?.serial,
    },
  });
}

function refusalOf(next: Next, held: Held, unchanged: boolean): Refusal | undefined {
  const { origin: known, name, hasResources } = held;
  if (!known) {
    return hasResources ? ['NOT_IMPORTED', `stack "${name}" holds resources that were not imported`] : undefined;
  }
  return known.format === next.format
    ? RULES[next.format](next, known, held, unchanged)
    : otherLineage(next, known, held);
}

const otherLineage = (next: Next, known: Origin, { name }: Held): Refusal => [
  'LINEAGE_MISMATCH',
  `stack "${name}" holds lineage ${known.lineage}, not ${next.lineage}`,
];
