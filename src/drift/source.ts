import type { Json, JsonObject } from '../lib/json.js';
import type { ResourceRecord } from '../store/records.js';

/** What a source is told of a resource. */
export type ExpectedResource = Pick<ResourceRecord, 'address' | 'id' | 'module' | 'type' | 'name'> & {
  readonly properties: JsonObject;
  readonly metadata: Json;
};

/** What was found: its actual properties, null where it is gone, or why it could not be looked at. */
export type Observation =
  | { readonly address: string; readonly actual: JsonObject | null }
  | { readonly address: string; readonly error: string };

export interface ObserveContext {
  readonly signal?: AbortSignal;
  /** A line for people: what a program said on standard error, what was passed over. */
  readonly note?: (line: string) => void;
  /** Addresses that the source names and no resource of the stack has. Called at most once, at the end. */
  readonly onUnknown?: (addresses: readonly string[]) => void;
}

export interface ActualStateSource {
  readonly name: string;
  /**
   * Looks at the resources given, page by page; those it yields nothing for were not looked at. An address that is not
   * among them is never yielded, and none twice.
   * @throws the signal's reason once it is aborted
   */
  observe(pages: AsyncIterable<readonly ExpectedResource[]>, context?: ObserveContext): AsyncIterable<Observation>;
}
