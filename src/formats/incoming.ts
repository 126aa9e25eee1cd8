import type { Command } from '../commands/index.js';
import type { JsonObject } from '../lib/json.js';

export type Apply = Extract<Command, { type: 'apply' }>;
export type IncomingResource = NonNullable<Apply['resources']>[number];
export type IncomingOutput = NonNullable<Apply['outputs']>[number];

/** The content of another tool's state, as the engine holds it. */
export interface Incoming {
  readonly format: 'terraform' | 'pulumi';
  readonly lineage: string;
  readonly serial: number;
  /** Content that belongs to no resource and no output. */
  readonly header: JsonObject;
  readonly resources: readonly IncomingResource[];
  readonly outputs: readonly IncomingOutput[];
}
