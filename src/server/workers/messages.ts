/** A SlothError as its fields: structured clone would lose its class. */
export interface PackedError {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
}

/** The reason for a missing result: a refusal, or an internal error with its stack. */
export type Failed = { readonly refusal: PackedError } | { readonly failure: string };
