import type { CallOptions } from '../../api/options.js';
import type { Caller } from '../../commands/index.js';
import type { PackedJson } from '../../lib/packed-json.js';

/** A job for a read process: one of the queries of the API, a command that is only planned, or a Terraform state. */
export type ReadJob =
  | {
      readonly what: 'query';
      /** The query, by its path in the table of routes. */
      readonly route: string;
      /** The parameters of the path; a stack by its id. */
      readonly path: Readonly<Record<string, string>>;
      readonly query: Readonly<Record<string, unknown>>;
      /** Those of the principal, see {@link Principal.stacks}. */
      readonly stacks: readonly string[];
    }
  | {
      readonly what: 'plan';
      readonly command: PackedJson;
      readonly call: Omit<CallOptions, 'caller'> & { readonly caller: Omit<Caller, 'mayReach'> };
      readonly stacks: readonly string[];
    }
  | { readonly what: 'terraform'; readonly stack: string };
