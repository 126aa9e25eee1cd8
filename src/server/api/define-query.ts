import type * as z from 'zod';
import type { StateBackend } from '../../api/state-backend.js';
import { NO_BODY } from '../bodies/limits.js';
import type { Weight } from '../reads/index.js';
import type { Call, Route } from './route.js';

/** The inputs of a query. It may run in another process, without a request. */
export interface QueryCall<Query = unknown> {
  readonly backend: StateBackend;
  /** The parameters of the path; a stack by name or id. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  mayReach(stack: string): boolean;
}

/** A query of the API. Short ones run in this process, others in another one. */
export interface Query<Parameters extends z.ZodObject = z.ZodObject>
  extends Pick<Route<Parameters>, 'path' | 'summary' | 'scope' | 'query' | 'answer'> {
  readonly weight: Weight;
  /** Whether it takes no longer than a page, whatever the stack's size. */
  isShort?(query: z.output<Parameters>): boolean;
  /** Refuses a request that is not permitted, before anything is read. */
  check?(call: Call<z.output<Parameters>>): Promise<void>;
  read(call: QueryCall<z.output<Parameters>>): Promise<object>;
  /** The ETag of a result. */
  etag?(answer: object): string;
}

/** Keeps the type of the parameters in the functions. */
export const query = <Parameters extends z.ZodObject>(definition: Query<Parameters>): Query =>
  definition as unknown as Query;

export const routeOf = (definition: Query): Route => {
  const { path, summary, scope, query, answer } = definition;
  return {
    method: 'GET',
    role: 'read',
    body: NO_BODY,
    path,
    summary,
    scope,
    query,
    answer,
    handle: answering(definition),
  };
};

const answering = (definition: Query) => async (call: Call<Record<string, unknown>>) => {
  const { backend, reads, request, reply, path, query } = call;
  await definition.check?.(call);
  const { principal } = request;
  const stack = path.stack === undefined ? undefined : await backend.findStack(path.stack, { deleted: true });
  const isPast = ['at_version', 'at_time', 'at_position'].some((field) => query[field] !== undefined);
  if (await reads.isSmall(definition.weight, stack, isPast)) {
    const answer = await definition.read({ backend, path, query, mayReach: principal.mayReach });
    const etag = definition.etag?.(answer);
    if (etag !== undefined) void reply.header('etag', etag);
    return answer;
  }
  const asked = stack ? { ...path, stack: stack.id } : path; // the stack that was authorised, even if it was renamed since
  const { stacks } = principal;
  const job = { what: 'query', route: definition.path, path: asked, query, stacks } as const;
  return reads.send(job, { isShort: definition.isShort?.(query) ?? false }, request, reply);
};
