import type { Command } from '../commands/index.js';
import type { JsonObject } from '../lib/json.js';

export type Apply = Extract<Command, { type: 'apply' }>;
export type IncomingResource = NonNullable<Apply['resources']>[number];
export type IncomingOutput = NonNullable<Apply['outputs']>[number];

/** What another tool keeps, in the engine's terms. */
export interface Incoming {
  readonly format: 'terraform' | 'pulumi';
  readonly lineage: string;
  readonly serial: number;
  /** What belongs to no resource and no output. */
  readonly header: JsonObject;
  readonly resources: readonly IncomingResource[];
  readonly outputs: readonly IncomingOutput[];
}
