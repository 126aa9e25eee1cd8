/** An error of ours as its fields: a clone of it would be of no class of ours. */
export interface PackedError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Why there is no result: a refusal, or a bug of ours with its stack. */
export type Failed = { readonly refusal: PackedError } | { readonly failure: string };
