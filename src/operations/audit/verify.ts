import { PROJECTION } from '../../engine.js';
import { type ChainProblem, checkChain, GENESIS_HASH, type LogHead } from '../../events/index.js';
import { ConflictError, InvalidInputError, NotFoundError, StoreError } from '../../lib/errors.js';
import { eventPages } from '../../store/event-page.js';
import type { EventStore } from '../../store/event-store.js';
import type { OnProgress, RowProblem } from '../../store/maintenance.js';
import { stackNotFound } from '../../store/stack-errors.js';
import type { Check, CheckName, Problem, Verification } from './verification.js';

export interface VerifyOptions {
  /** Only the events and rows of this stack, by id or name. */
  readonly stack?: string;
  /** Check the chain from this position on; the hash before it is trusted. */
  readonly from?: number;
  /** The hash of a head kept elsewhere, which the log must contain. Not that of an empty log, which proves nothing. */
  readonly head?: string;
  /** Only the chain, not the tables. */
  readonly chainOnly?: boolean;
  readonly onProgress?: OnProgress;
}

const PAGE = 1_000;

interface Outcome {
  readonly check: Check;
  readonly problems: readonly Problem[];
}

/**
 * Verifies that the log is complete and that the tables match it: recomputes positions, revisions and hashes, projects the
 * whole log again and compares every row, and checks checkpoints, views, triggers and pages. Events that are appended
 * meanwhile are not checked.
 * @throws InvalidInputError for options that contradict each other; NotFoundError for an unknown stack
 */
export async function verifyStore(store: EventStore, options: VerifyOptions = {}): Promise<Verification> {
  const { stack, head: kept, onProgress } = options;
  if (stack !== undefined && (kept !== undefined || options.from !== undefined)) {
    throw new InvalidInputError('CONTRADICTION', 'a head and a position are about the whole log, not about one stack', {
      hint: 'Leave out the stack, or leave out --head and --from.',
      details: { field: kept === undefined ? 'from' : 'head' },
    });
  }
  if (kept === GENESIS_HASH) {
    throw new InvalidInputError(
      'HEAD_OF_EMPTY_LOG',
      'head: this is the head of an empty log, with which every log begins',
      {
        hint: 'It proves nothing. Pass a hash that audit head printed for a log with events.',
        details: { field: 'head', value: kept },
      },
    );
  }
  const head = await store.head();
  const stream = stack === undefined ? undefined : await streamOf(store, stack);
  const outcomes: Outcome[] = [];
  const check = async (name: CheckName, run: () => Promise<readonly Outcome[]>): Promise<void> => {
    outcomes.push(...(await run().catch((error: unknown) => [outcome(name, 0, 'nothing', [unchecked(name, error)])])));
  };
  const outdated = options.chainOnly ? [] : await outdatedProjections(store);
  const comparesTables = !options.chainOnly && outdated.length === 0;
  if (stream === undefined && comparesTables) await check('storage', async () => [await checkedStorage(store)]);
  await check('chain', async () =>
    stream === undefined ? chainOfLog(store, head, options) : [await chainOfStream(store, stream, onProgress)],
  );
  if (!options.chainOnly) {
    await check('checkpoints', async () => [await checkedCheckpoints(store)]);
    if (comparesTables) await check('tables', async () => [await checkedTables(store, stream, onProgress)]);
  }
  const problems = outcomes.flatMap((outcome) => outcome.problems);
  return { holds: problems.length === 0, head, checks: outcomes.map(({ check }) => check), outdated, problems };
}

/** Those whose tables were built by an earlier version of their projector. */
async function outdatedProjections(store: EventStore): Promise<readonly string[]> {
  const checkpoints = await store.checkpoints().catch(() => []); // the check of the checkpoints reports it
  const wanted = new Map(PROJECTION.projectors.map(({ name, version }) => [name, version]));
  return checkpoints
    .filter(({ name, version }) => version > 0 && version < (wanted.get(name) ?? 0))
    .map(({ name }) => name);
}

/**
 * An error that stops a check is itself a finding (a missing table, an invalid document), except for errors of the machine
 * or the caller: a full disk, a busy or closed database, a position that does not exist.
 */
function unchecked(check: CheckName, error: unknown): Problem {
  if (error instanceof StoreError || error instanceof ConflictError || error instanceof NotFoundError) throw error;
  return { check, message: `this cannot be checked: ${error instanceof Error ? error.message : String(error)}` };
}

const outcome = (name: CheckName, examined: number, unit: string, problems: readonly Problem[]): Outcome => ({
  check: { name, examined, unit, problems: problems.length },
  problems,
});

async function streamOf(store: EventStore, ref: string): Promise<number> {
  const stack = await store.read((s) => s.stack(ref, { deleted: true }));
  if (!stack) throw stackNotFound(ref);
  return stack.stream;
}

async function checkedStorage(store: EventStore): Promise<Outcome> {
  const problems = await store.checkStorage();
  return outcome(
    'storage',
    1,
    'database',
    problems.map(({ where, problem }) => ({ check: 'storage', table: where, message: `${where}: ${problem}` })),
  );
}

const broken = ({ position, field, expected, actual }: ChainProblem): Problem => ({
  check: 'chain',
  position,
  field,
  expected,
  actual,
  message: `event ${position}: ${field} is ${actual}, must be ${expected}`,
});

/** Checks the whole log, or from a position on, and whether it contains a head kept elsewhere. */
async function chainOfLog(
  store: EventStore,
  { position: last }: LogHead,
  { from = 1, head: kept, onProgress }: VerifyOptions,
): Promise<Outcome[]> {
  if (from > last + 1) {
    throw new NotFoundError('POSITION_NOT_FOUND', `the log has no position ${from}, its last is ${last}`, {
      hint: 'See the last one with: sloth-runner audit head',
      details: { field: 'from', from, last },
    });
  }
  const [before] = from > 1 ? await store.events({ after: from - 2, limit: 1 }) : [];
  const chain = checkChain(before && { position: before.position, hash: before.hash });
  let keptFound = kept === undefined || kept === chain.hash;
  let problem: ChainProblem | undefined =
    from > 1 && before?.position !== from - 1
      ? { position: from - 1, stream: 0, field: 'position', expected: from - 1, actual: 'missing' }
      : undefined;
  for await (const page of eventPages(store, { after: chain.position, upTo: last }, PAGE)) {
    for (const event of page) {
      problem ??= chain.next(event);
      if (problem) break;
      keptFound ||= event.hash === kept;
    }
    onProgress?.({ step: 'chain', done: chain.position, total: last });
    if (problem) break;
  }
  if (!problem && chain.position < last) {
    const position = chain.position + 1;
    problem = { position, stream: 0, field: 'position', expected: position, actual: 'missing' };
  }
  const examined = chain.position - from + 1;
  const outcomes = [outcome('chain', examined, 'events', problem ? [broken(problem)] : [])];
  if (kept === undefined) return outcomes;
  const message =
    `no event has the hash ${kept}: the log was cut off before it or rewritten since` +
    (from > 1 ? `, or it lies before position ${from - 1}, where the check began` : '');
  return [...outcomes, outcome('head', 1, 'hash', keptFound ? [] : [{ check: 'head', expected: kept, message }])];
}

/** Checks one stream: each of its events against the hash stored before it, and its revisions without gaps. */
async function chainOfStream(store: EventStore, stream: number, onProgress?: OnProgress): Promise<Outcome> {
  const chain = checkChain();
  const [latest] = await store.events({ stream, descending: true, limit: 1 });
  const total = latest?.revision ?? 0;
  let examined = 0;
  let problem: ChainProblem | undefined;
  let last = { position: 0, hash: chain.hash };
  for await (const page of eventPages(store, { stream }, PAGE)) {
    for (const event of page) {
      if (event.position !== last.position + 1) {
        const [before] = await store.events({ after: event.position - 2, limit: 1 });
        last = event.position === 1 || !before ? last : before;
        chain.seek(last.position, last.hash);
      }
      problem = chain.next(event);
      if (problem) break;
      last = event;
      examined++;
    }
    onProgress?.({ step: 'chain', done: examined, total });
    if (problem || examined >= total) break;
  }
  return outcome('chain', examined, 'events', problem ? [broken(problem)] : []);
}

async function checkedCheckpoints(store: EventStore): Promise<Outcome> {
  const projections = await store.projections();
  const problems = projections.flatMap(({ name, version, wanted, position, lag }): Problem[] => {
    const about = { check: 'checkpoints' as const, table: name };
    if (version !== wanted) {
      const message = `projection ${name} was built by version ${version} of its projector, this release has ${wanted}`;
      return [{ ...about, field: 'version', expected: wanted, actual: version, message }];
    }
    if (lag === 0) return [];
    const message = `the checkpoint of projection ${name} is ${position}, the log ends at ${position + lag}`;
    return [{ ...about, field: 'position', expected: position + lag, actual: position, message }];
  });
  const known = new Set(projections.map(({ name }) => name));
  const unknown = (await store.checkpoints())
    .filter(({ name }) => !known.has(name))
    .map(
      ({ name }): Problem => ({ check: 'checkpoints', table: name, message: `this release has no projection ${name}` }),
    );
  return outcome('checkpoints', projections.length, 'projections', [...problems, ...unknown]);
}

const shown = (value: string | number | null | undefined): string => JSON.stringify(value ?? null);

function differing({ table, key, kind, column, expected, actual }: RowProblem): Problem {
  const row = `${table} (${Object.entries(key)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')})`;
  const about = { check: 'tables' as const, table, key };
  if (kind === 'missing') return { ...about, message: `${row}: the row is missing` };
  if (kind === 'unexpected') return { ...about, message: `${row}: the log knows no such row` };
  const message = `${row}: ${column} is ${shown(actual)}, the log says ${shown(expected)}`;
  return { ...about, field: column ?? '', expected: expected ?? null, actual: actual ?? null, message };
}

async function checkedTables(store: EventStore, stream: number | undefined, onProgress?: OnProgress): Promise<Outcome> {
  const comparison = await store.compareTables({
    ...(stream === undefined ? {} : { stream }),
    ...(onProgress && { onProgress }),
  });
  const rows = comparison.tables.reduce((sum, table) => sum + table.rows, 0);
  const found = outcome('tables', rows, 'rows', comparison.problems.map(differing));
  const problems = comparison.tables.reduce((sum, table) => sum + table.problems, 0);
  return { ...found, check: { ...found.check, problems } };
}
