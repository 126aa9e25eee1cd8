import type { Json, JsonObject } from '../lib/json.js';
import type { ResourceRecord } from '../store/records.js';

/** The fields of a resource that a source gets. */
export type ExpectedResource = Pick<ResourceRecord, 'address' | 'id' | 'module' | 'type' | 'name'> & {
  readonly properties: JsonObject;
  readonly metadata: Json;
};

/** An observation: the actual properties, null if the resource is gone, or the reason why it could not be read. */
export type Observation =
  | { readonly address: string; readonly actual: JsonObject | null }
  | { readonly address: string; readonly error: string };

export interface ObserveContext {
  readonly signal?: AbortSignal;
  /** A line for people: a program's standard error, skipped input. */
  readonly note?: (line: string) => void;
  /** Addresses in the source that no resource of the stack has. Called at most once, at the end. */
  readonly onUnknown?: (addresses: readonly string[]) => void;
}

export interface ActualStateSource {
  readonly name: string;
  /**
   * Observes the given resources, page by page; resources without an observation were not compared. No other address is
   * yielded, and none twice.
   * @throws the signal's reason once it is aborted
   */
  observe(pages: AsyncIterable<readonly ExpectedResource[]>, context?: ObserveContext): AsyncIterable<Observation>;
}
