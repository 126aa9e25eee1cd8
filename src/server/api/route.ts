import type { FastifyReply, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import type { StateBackend } from '../../api/state-backend.js';
import type { Role } from '../access.js';
import type { BodyOptions } from '../bodies/index.js';
import type { Bodies } from '../bodies/limits.js';
import type { Reads } from '../reads/index.js';
import type { EventStreams } from './event-streams.js';

/** The inputs of a handler. */
export interface Call<Query = unknown> {
  readonly backend: StateBackend;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly bodies: BodyOptions;
  readonly reads: Reads;
  /** The decoded parameters of the path. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Fires when the server stops. */
  readonly stopping: AbortSignal;
  readonly streams: EventStreams;
  /** Whether locks may be broken through this server at all. */
  readonly forceUnlock: boolean;
}

/** A path of the API. One table registers all routes and produces the OpenAPI document, so that the two cannot differ. */
export interface Route<Query extends z.ZodObject = z.ZodObject> {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: `/stacks/{stack}`. */
  readonly path: string;
  readonly summary: string;
  readonly role: Role;
  /**
   * `stack`: about the stack that the path names. `all`: about the whole database. `reachable`: the handler filters by or
   * checks the principal's permissions.
   */
  readonly scope: 'stack' | 'all' | 'reachable';
  readonly query: Query;
  /** The accepted bodies and their sizes. */
  readonly body: Bodies;
  /** The description of the 200 response; JSON unless `media` is set. */
  readonly answer: string;
  readonly media?: string;
  /** Errors of this route after which a client may wait and retry: status and reason; each has Retry-After. */
  readonly refusals?: Readonly<Record<number, string>>;
  /** Whether it is a command, with the headers of `call-options.ts`. */
  readonly isCommand?: boolean;
  handle(call: Call<z.output<Query>>): Promise<unknown>;
}

/** Keeps the type of the query in the handler. */
export const route = <Query extends z.ZodObject>(definition: Route<Query>): Route => definition as unknown as Route;
