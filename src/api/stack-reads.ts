import type { RecordedEvent, UnknownEvent } from '../events/index.js';
import { readDriftRules, readLock, readTags } from '../queries/annotations.js';
import { stackMoment } from '../queries/at.js';
import { readDetails, type StackDetails } from '../queries/details.js';
import { diffVersions, type StateDiff } from '../queries/diff.js';
import { type FindingView, readFindings } from '../queries/drift.js';
import type { GraphOptions, GraphView, Impact } from '../queries/graph.js';
import { blame, resourceHistory } from '../queries/history.js';
import { readResource, readResources } from '../queries/resource.js';
import { readState, type StateView } from '../queries/state.js';
import { readActivity, readVersions, type VersionView } from '../queries/versions.js';
import type { At, Page } from '../store/event-store.js';
import type { DependencyRecord, DriftRuleRecord, LockRecord, StackRecord } from '../store/records.js';
import type { Query } from '../store/snapshot.js';
import { EngineAccess } from './engine-access.js';

/** A drift finding, with the field names of the original API. */
export interface DriftInfo extends FindingView {
  /** Names of the top-level fields that differ. */
  readonly driftedFields: readonly string[];
}

/** Reads of stacks. Each result comes from one snapshot, now or at a version, a time or a position of the log. */
export class StackReads extends EngineAccess {
  /** The stack of this id or name, or undefined. With `deleted` also a deleted one. */
  findStack(ref: string, options?: { readonly deleted?: boolean }): Promise<StackRecord | undefined> {
    return this.read((s) => s.stack(ref, options));
  }

  /** The whole stack, now or at a version, a time or a position of the log. */
  getState(stack: string, at?: At): Promise<StateView> {
    return this.read((s) => readState(s, stack, at));
  }

  /** The same with tags and the lock in force, from one snapshot. */
  getDetails(stack: string, at?: At): Promise<StackDetails> {
    return this.read((s) => readDetails(s, stack, this.clock.now(), at));
  }

  diff(stack: string, from: number, to?: number): Promise<StateDiff> {
    return this.read((s) => diffVersions(s, stack, from, to));
  }

  /** Newest first. */
  listVersions(
    stack: string,
    options: { readonly limit?: number; readonly onlySnapshots?: boolean; readonly at?: At } = {},
  ): Promise<{ readonly stack: StackRecord; readonly versions: readonly VersionView[] }> {
    return this.read((s) => readVersions(s, stack, options));
  }

  /** A stack's events, newest first. */
  getActivity(
    stack: string,
    options: { readonly limit?: number; readonly at?: At } = {},
  ): Promise<{ readonly stack: StackRecord; readonly events: readonly (RecordedEvent | UnknownEvent)[] }> {
    return this.read((s) => readActivity(s, stack, { limit: 50, ...options }));
  }

  /** One resource, by address or id. */
  getResource(stack: string, resource: string, at?: At) {
    return this.read((s) => readResource(s, stack, resource, at));
  }

  /** All resources sorted by address, or a page of them: at most `limit` whose addresses come after `after`. */
  getResources(stack: string, at?: At, page?: Page) {
    return this.read((s) => readResources(s, stack, at, page));
  }

  /** Each change of a resource, newest first. */
  getResourceHistory(stack: string, resource: string, at?: At) {
    return this.read((s) => resourceHistory(s, stack, resource, at));
  }

  /** For each field of a resource, the version that set it. */
  getBlame(stack: string, resource: string, at?: At) {
    return this.read((s) => blame(s, stack, resource, at));
  }

  /** The stack's edges, or those that start from one resource. */
  async getDependencies(stack: string, resource?: string, at?: At): Promise<readonly DependencyRecord[]> {
    const edges = await this.read(function* (s) {
      const { stack: record, version, past } = yield* stackMoment(s, stack, at);
      return yield* s.dependencies(record.stream, past ? version : undefined);
    });
    return resource === undefined ? edges : edges.filter(({ address }) => address === resource);
  }

  /** The dependencies of the whole stack, or those reachable from a root. */
  getGraph(stack: string, options?: GraphOptions): Promise<GraphView> {
    return this.#readGraph((queries) => (s) => queries.readGraph(s, stack, options));
  }

  /** Everything that depends on a resource, directly or indirectly, in the order in which a change reaches it. */
  getImpact(stack: string, resource: string, at?: At): Promise<Impact> {
    return this.#readGraph((queries) => (s) => queries.readImpact(s, stack, resource, at));
  }

  async #readGraph<T>(choose: (queries: Awaited<ReturnType<typeof graphQueries>>) => Query<T>): Promise<T> {
    return this.read(choose(await graphQueries()));
  }

  /** In alphabetical order. */
  async getTags(stack: string, at?: At): Promise<readonly string[]> {
    return (await this.read((s) => readTags(s, stack, at))).tags.map(({ tag }) => tag);
  }

  async getTagRecords(stack: string, at?: At) {
    return (await this.read((s) => readTags(s, stack, at))).tags;
  }

  /** The lock in force, now or at a past position. */
  async getLockInfo(stack: string, at?: At): Promise<LockRecord | undefined> {
    return (await this.getLock(stack, at)).lock;
  }

  /** The same, with the stack. */
  getLock(stack: string, at?: At): Promise<{ readonly stack: StackRecord; readonly lock: LockRecord | undefined }> {
    return this.read((s) => readLock(s, stack, this.clock.now(), at));
  }

  /** Recorded findings, newest first. */
  async getDriftInfo(stack: string, at?: At): Promise<readonly DriftInfo[]> {
    return (await this.getDrift(stack, at)).findings;
  }

  /** The same, with the stack; with `newest` only the newest finding of each resource. */
  async getDrift(
    stack: string,
    at?: At,
    { newest = false }: { readonly newest?: boolean } = {},
  ): Promise<{ readonly stack: StackRecord; readonly findings: readonly DriftInfo[] }> {
    const { stack: record, findings } = await this.read((s) => readFindings(s, stack, at, newest));
    return { stack: record, findings: findings.map((finding) => ({ ...finding, driftedFields: finding.fields })) };
  }

  /** The rules that exclude differences from drift, oldest first, including expired ones. */
  getDriftRules(
    stack: string,
    at?: At,
  ): Promise<{ readonly stack: StackRecord; readonly rules: readonly DriftRuleRecord[] }> {
    return this.read((s) => readDriftRules(s, stack, at));
  }
}

/** Loaded on demand: loading the library takes longer than most commands. */
const graphQueries = () => import('../queries/graph.js');
