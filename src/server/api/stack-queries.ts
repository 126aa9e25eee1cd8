import * as z from 'zod';
import { diffJson } from '../../json/diff.js';
import { driftsJson } from '../../json/drift.js';
import { driftRulesJson } from '../../json/drift-rules.js';
import { executionsJson } from '../../json/executions.js';
import { graphJson, impactJson } from '../../json/graph.js';
import { lockInfoJson } from '../../json/lock.js';
import { blameJson, historyJson, resourceJson, resourcesJson } from '../../json/resource.js';
import { detailsJson } from '../../json/stack.js';
import { tagsJson } from '../../json/tags.js';
import { activityJson, versionsJson } from '../../json/versions.js';
import { type Query, query } from './define-query.js';
import { at, atOf, flag, number, page, pageOf, text } from './parameters.js';

const STACK = '/stacks/{stack}';
const RESOURCE = `${STACK}/resources/{resource}`;
/** Queries whose cost grows with the content of the stack, and those whose cost grows with its whole history. */
const ofState = { scope: 'stack', weight: 'state' } as const;
const ofHistory = { scope: 'stack', weight: 'history' } as const;
const isShort = (): boolean => true;
const isShortPage = ({ limit }: { readonly limit: number }): boolean => limit <= 100;
const limit = page.limit;

/** Queries about one stack; each returns what the command line prints with `--output json`. */
export const STACK_QUERIES: readonly Query[] = [
  query({
    ...ofState,
    path: STACK,
    summary: 'A whole stack: its fields, resources, outputs, dependencies, tags and lock',
    answer: 'The stack; ETag is its version',
    query: z.strictObject(at),
    etag: (answer) => `"${(answer as ReturnType<typeof detailsJson>).resource_version}"`,
    read: async ({ backend, path: { stack = '' }, query }) => detailsJson(await backend.getDetails(stack, atOf(query))),
  }),
  query({
    ...ofState,
    isShort: isShortPage,
    path: `${STACK}/resources`,
    summary: 'The resources of a stack, in the order of their addresses',
    answer: 'Resources, and in `next` the address after which the next page begins',
    query: z.strictObject({ ...at, ...page }),
    read: async ({ backend, path: { stack = '' }, query }) => {
      const { after, limit } = query;
      // One more than the page shows whether there is a next page.
      const list = await backend.getResources(stack, atOf(query), { after, limit: limit + 1 });
      const { items, next } = pageOf(list.resources, { limit }, ({ address }) => address);
      return { ...resourcesJson({ ...list, resources: items }), next };
    },
  }),
  query({
    ...ofState,
    isShort,
    path: RESOURCE,
    summary: 'A resource, by its address or id',
    answer: 'The resource',
    query: z.strictObject(at),
    read: async ({ backend, path: { stack = '', resource = '' }, query }) => {
      const found = await backend.getResource(stack, resource, atOf(query));
      return resourceJson(found.stack.id, found.resource);
    },
  }),
  query({
    ...ofHistory,
    path: `${RESOURCE}/history`,
    summary: 'Each change of a resource, the newest first',
    answer: 'Changes with version, time, actor and fields',
    query: z.strictObject(at),
    read: async ({ backend, path: { stack = '', resource = '' }, query }) =>
      historyJson(await backend.getResourceHistory(stack, resource, atOf(query))),
  }),
  query({
    ...ofHistory,
    path: `${RESOURCE}/blame`,
    summary: 'For each field of a resource, the version that set it',
    answer: 'Fields, with version, time and actor',
    query: z.strictObject(at),
    read: async ({ backend, path: { stack = '', resource = '' }, query }) =>
      blameJson(await backend.getBlame(stack, resource, atOf(query))),
  }),
  query({
    ...ofHistory,
    isShort,
    path: `${STACK}/versions`,
    summary: 'The versions of a stack, the newest first',
    answer: 'Versions, and in `next` the `at_version` at which the next page begins',
    query: z.strictObject({ ...at, limit, snapshots: flag().default(false).describe('only those with a snapshot') }),
    read: async ({ backend, path: { stack = '' }, query }) => {
      const when = atOf(query);
      const list = await backend.listVersions(stack, {
        limit: query.limit,
        onlySnapshots: query.snapshots,
        ...(when ? { at: when } : {}),
      });
      const last = list.versions.length < query.limit ? undefined : list.versions.at(-1);
      return { ...versionsJson(list), next: last && last.version > 1 ? last.version - 1 : null };
    },
  }),
  query({
    ...ofHistory,
    path: `${STACK}/diff`,
    summary: 'The differences between two versions',
    answer: 'Stack fields, resources, outputs and dependencies that differ',
    query: z.strictObject({
      from: number(1).describe('a version'),
      to: number(1).optional().describe('a version; default: the latest'),
    }),
    read: async ({ backend, path: { stack = '' }, query: { from, to } }) =>
      diffJson(await backend.diff(stack, from, to)),
  }),
  query({
    ...ofState,
    path: `${STACK}/graph`,
    summary: 'The dependencies between resources',
    answer: 'Nodes, edges, an order, and cycles',
    query: z.strictObject({
      ...at,
      root: text().optional().describe('only this resource, by address or id, and what it depends on'),
      reverse: flag().default(false).describe('what depends on the root, instead of what it depends on'),
      depth: number(1).optional().describe('at most this many steps from the root'),
    }),
    read: async ({ backend, path: { stack = '' }, query: { root, reverse, depth, ...when } }) =>
      graphJson(await backend.getGraph(stack, { root, reverse, depth, at: atOf(when) })),
  }),
  query({
    ...ofState,
    path: `${STACK}/impact`,
    summary: 'Everything that depends on a resource, directly or through others',
    answer: 'Resources, nearest first',
    query: z.strictObject({ ...at, resource: text().describe('address or id') }),
    read: async ({ backend, path: { stack = '' }, query: { resource, ...when } }) =>
      impactJson(await backend.getImpact(stack, resource, atOf(when))),
  }),
  query({
    ...ofHistory,
    path: `${STACK}/drift`,
    summary: 'Drift findings, the newest first',
    answer: 'Findings',
    query: z.strictObject({ ...at, all: flag().default(false).describe('not only the newest of each resource') }),
    read: async ({ backend, path: { stack = '' }, query: { all, ...when } }) =>
      driftsJson(await backend.getDrift(stack, atOf(when), { newest: !all })),
  }),
  query({
    ...ofHistory,
    isShort,
    path: `${STACK}/drift/rules`,
    summary: 'Rules that exclude differences from drift',
    answer: 'Rules, the oldest first',
    query: z.strictObject(at),
    read: async ({ backend, path: { stack = '' }, query }) =>
      driftRulesJson(await backend.getDriftRules(stack, atOf(query))),
  }),
  query({
    ...ofHistory,
    weight: 'row',
    isShort,
    path: `${STACK}/lock`,
    summary: 'The lock and its holder',
    answer: 'Whether it is locked, and the lock',
    query: z.strictObject(at),
    read: async ({ backend, path: { stack = '' }, query }) => {
      const { stack: record, lock } = await backend.getLock(stack, atOf(query));
      return lockInfoJson(record.id, lock);
    },
  }),
  query({
    ...ofHistory,
    isShort,
    path: `${STACK}/tags`,
    summary: 'The tags of a stack',
    answer: 'Tags, in alphabetical order',
    query: z.strictObject(at),
    read: async ({ backend, path: { stack = '' }, query }) => tagsJson(await backend.getTagRecords(stack, atOf(query))),
  }),
  query({
    ...ofHistory,
    isShort: isShortPage,
    path: `${STACK}/executions`,
    summary: 'The executions of a stack, the newest first',
    answer: 'Executions',
    query: z.strictObject({ limit }),
    read: async ({ backend, path: { stack = '' }, query }) => {
      const { stack: record, executions } = await backend.getStackManager().getExecutions(stack, query.limit);
      return executionsJson(record, executions);
    },
  }),
  query({
    ...ofHistory,
    isShort: isShortPage,
    path: `${STACK}/activity`,
    summary: 'The events of a stack, the newest first',
    answer: 'Events, and in `next` the `at_position` at which the next page begins',
    query: z.strictObject({ ...at, limit }),
    read: async ({ backend, path: { stack = '' }, query }) => {
      const when = atOf(query);
      const activity = await backend.getActivity(stack, { limit: query.limit, ...(when ? { at: when } : {}) });
      const last = activity.events.length < query.limit ? undefined : activity.events.at(-1);
      return { ...activityJson(activity), next: last && last.revision > 1 ? last.position - 1 : null };
    },
  }),
  query({
    ...ofState,
    path: `${STACK}/export`,
    summary: 'The state as another tool reads it',
    answer: 'A Terraform state or a Pulumi checkpoint',
    query: z.strictObject({ ...at, to: z.enum(['terraform', 'pulumi'], 'must be terraform or pulumi') }),
    read: ({ backend, path: { stack = '' }, query: { to, ...when } }) => backend.exportState(stack, to, atOf(when)),
  }),
];
