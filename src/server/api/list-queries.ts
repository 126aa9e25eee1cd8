import * as z from 'zod';
import { entryJson } from '../../json/log.js';
import { stackListJson } from '../../json/stack.js';
import { stringifyJson } from '../../lib/json.js';
import { byBytes } from '../../lib/order.js';
import { requireStack } from '../access.js';
import { type Query, query } from './define-query.js';
import { flag, moment, momentOf, number, page, pageOf, several, text } from './parameters.js';

/**
 * The maximum number of positions of the log that one response scans, and of characters of events; a larger first event is
 * returned alone.
 */
const MOST_POSITIONS = 10_000;
const MOST_CHARS = 4 * 1024 * 1024;

/** Lists of stacks and of events that the principal may access. */
export const LIST_QUERIES: readonly Query[] = [
  query({
    scope: 'reachable',
    weight: 'stacks',
    path: '/stacks',
    summary: 'The stacks, in the order of their names',
    answer: 'Stacks, and in `next` the value of `after` for the next page',
    query: z.strictObject({
      tag: several().optional().describe('only those with this tag; several: with all of them'),
      status: text().optional().describe('only those with this status'),
      deleted: flag().default(false).describe('the deleted ones instead'),
      ...moment,
      ...page,
    }),
    read: async ({ backend, mayReach, query }) => {
      const { tag, status, deleted, ...when } = query;
      const filter = { ...(tag ? { tags: tag } : {}), ...(status === undefined ? {} : { status }), deleted };
      const isWanted = ({ name }: { readonly name: string }): boolean => mayReach(name);
      const stacks = await backend.getStackManager().listStacks({ ...filter, isWanted }, momentOf(when));
      const sorted = [...stacks].sort((a, b) => byBytes(keyOfStack(a), keyOfStack(b)));
      const { items, next } = pageOf(sorted, query, keyOfStack);
      return { ...stackListJson(items), next };
    },
  }),
  query({
    scope: 'reachable',
    weight: 'log',
    isShort: ({ limit }) => limit <= 100,
    path: '/events',
    summary: 'The log, oldest first',
    answer:
      'Events, and in `next` the position after which the next page begins. A page that scans much of the log ends early and may be empty: the list ends when `next` is null',
    query: z.strictObject({
      stack: text().optional().describe('only of this stack, by name or id'),
      type: several().optional().describe('only of this type; several: any of them'),
      actor: text().optional(),
      since: text().optional().describe('only recorded at or after this time'),
      until: text().optional().describe('only recorded at or before this time'),
      limit: page.limit,
      after: number().optional().describe('only after this position'),
    }),
    check: async ({ backend, request, query: { stack } }) => {
      if (stack !== undefined) await requireStack(request, 'read', backend, stack);
    },
    read: async ({ backend, mayReach, query: { stack, type, limit, ...filter } }) => {
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
      const wanted = { ...given, ...(stack === undefined ? {} : { stack }), ...(type ? { types: type } : {}) };
      const { position: head } = await backend.head();
      const upTo = Math.min(head, stack === undefined ? (filter.after ?? 0) + MOST_POSITIONS : head);
      const events = [];
      let chars = 0;
      for await (const entry of backend.getLog({ ...wanted, upTo })) {
        if (!mayReach(entry.stack.name)) continue;
        if (events.length === limit || chars >= MOST_CHARS) return { events, next: events.at(-1)?.position ?? null };
        const event = entryJson(entry);
        chars += stringifyJson(event).length;
        events.push(event);
      }
      return { events, next: upTo < head ? upTo : null };
    },
  }),
];

/** Deleted stacks may share a name; a name contains no tab. */
const keyOfStack = ({ name, id }: { readonly name: string; readonly id: string }): string => `${name}\t${id}`;
