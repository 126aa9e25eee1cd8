import type { FastifyReply, FastifyRequest } from 'fastify';
import type * as z from 'zod';
import type { StateBackend } from '../../api/state-backend.js';
import type { Role } from '../access.js';
import type { BodyOptions } from '../bodies/index.js';
import type { Bodies } from '../bodies/limits.js';
import type { Reads } from '../reads/index.js';
import type { EventStreams } from './event-streams.js';

/** What a handler works with. */
export interface Call<Query = unknown> {
  readonly backend: StateBackend;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly bodies: BodyOptions;
  readonly reads: Reads;
  /** The parts of the path that stand in braces, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Ends when the server is to stop. */
  readonly stopping: AbortSignal;
  readonly streams: EventStreams;
  /** Whether locks may be broken through this server at all. */
  readonly forceUnlock: boolean;
}

/**
 * A path of the API. The table of all of them is what is registered and what the OpenAPI document is made of, so that
 * the two cannot differ.
 */
export interface Route<Query extends z.ZodObject = z.ZodObject> {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: `/stacks/{stack}`. */
  readonly path: string;
  readonly summary: string;
  readonly role: Role;
  /**
   * `stack`: about the stack that the path names. `all`: about the whole database. `reachable`: the handler leaves out
   * what the principal does not reach, or judges it.
   */
  readonly scope: 'stack' | 'all' | 'reachable';
  readonly query: Query;
  /** What it takes as a body, and how much of it. */
  readonly body: Bodies;
  /** What is answered with 200; JSON unless `media` says something else. */
  readonly answer: string;
  readonly media?: string;
  /** Refusals of this route that a client may wait for and try again: status and why; each has Retry-After. */
  readonly refusals?: Readonly<Record<number, string>>;
  /** Whether it is a command: what its headers may say then, see `call-options.ts`. */
  readonly isCommand?: boolean;
  handle(call: Call<z.output<Query>>): Promise<unknown>;
}

/** Keeps the type of the query in the handler. */
export const route = <Query extends z.ZodObject>(definition: Route<Query>): Route => definition as unknown as Route;
