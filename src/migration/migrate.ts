import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { bringUpToDate, copyPrivately, type Engine, openEngine, writeScript } from '../engine.js';
import type { LogHead } from '../events/index.js';
import type { Clock } from '../lib/clock.js';
import { InvalidInputError } from '../lib/errors.js';
import { clearedUp, statOf } from '../lib/files.js';
import { newId } from '../lib/ids.js';
import { stringifyJson } from '../lib/json.js';
import { checkNewFile, isSameFile, writeNewFile } from '../lib/new-file.js';
import { verifyStore } from '../operations/audit/verify.js';
import { backupTo } from '../operations/backup.js';
import { stampOf } from '../operations/backup-rotation.js';
import { databaseFile } from '../operations/database-file.js';
import type { OnProgress } from '../store/maintenance.js';
import { compareMigration, type OutcomeOf } from './comparison.js';
import { type Begun, type Journal, openJournal } from './journal.js';
import type { MigrationReport } from './report.js';
import { runMigration } from './run.js';
import { type LegacySource, openLegacy } from './source/source.js';

export interface MigrationOptions {
  /** Stop at the first row that cannot be taken unchanged, before anything is written. */
  readonly strict?: boolean;
  /** Read source and target again afterwards and compare them. Default: true. */
  readonly verify?: boolean;
  /** Also write the report to this file. An existing file is refused before anything is done. */
  readonly report?: string;
  /** Replace an existing report. */
  readonly overwriteReport?: boolean;
  readonly onProgress?: OnProgress;
}

/** An opened source, and its target. Must be disposed of, whether carried out or not. */
export interface PreparedMigration extends Disposable {
  readonly source: Pick<LegacySource, 'path' | 'counts'>;
  /** The database file. */
  readonly target: string;
  /** Whether an earlier run was interrupted. */
  readonly resumes: boolean;
  /** Runs the whole migration on a scratch copy. Changes nothing. */
  dryRun(options?: MigrationOptions): Promise<MigrationReport>;
  /**
   * The same, and writes SQL that migrates a target in the current state.
   * @param options `overwrite`: replace an existing script
   * @throws ConflictError `TARGET_EXISTS`, before anything is done
   */
  writeScript(file: string, options?: MigrationOptions & { readonly overwrite?: boolean }): Promise<MigrationReport>;
  /** Migrates everything; after an interrupted run, the rest. */
  carryOut(options?: MigrationOptions): Promise<MigrationReport>;
}

interface Setting {
  readonly clock: Clock;
  readonly actor: string;
  readonly onProgress?: OnProgress | undefined;
}

/** @see StateBackend.prepareMigration */
export async function prepareMigration(
  target: string,
  sourcePath: string,
  { clock, actor, onProgress }: Setting,
): Promise<PreparedMigration> {
  const file = databaseFile(target, 'an old state is migrated');
  const source = await openLegacy(sourcePath, onProgress);
  try {
    const work: Work = { source, file, journal: openJournal(file, source.path), clock, actor };
    return {
      source,
      target: file,
      resumes: work.journal.begun !== undefined,
      dryRun: (options = {}) => inScratch(work, options),
      writeScript: async (script, { overwrite = false, ...options } = {}) => {
        checkOutput(work, script, 'generate-script', overwrite);
        return inScratch(work, options, (scratch, from, report) =>
          writeNewFile(script, 'generate-script', { overwrite }, (write) =>
            writeScript(scratch, write, {
              from,
              about: scriptTitle(report),
              ...(options.onProgress && { onProgress: options.onProgress }),
            }),
          ),
        );
      },
      carryOut: (options = {}) => carryOut(work, options),
      [Symbol.dispose]: () => source.close(),
    };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** KiB. Migrated data are written and read in order, and the source has a cache too. */
const CACHE = 16_384;

interface Work {
  readonly source: LegacySource;
  readonly file: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly actor: string;
}

const scriptTitle = ({ migration, source, target, start_time }: MigrationReport): readonly string[] => [
  'The migration of an old workflow state into a log of events.',
  `Made ${start_time} by migration ${migration} from ${source} for ${target}.`,
  'It does what `sloth-runner stack migrate` does. Another run differs in meta.imported, which says which migration it was,',
  'whose, and when; in meta.content, which is signed with the key of each database; in times that the old rows lack, or that',
  'are to come: they become that instant; and so in the hashes.',
];

/** Refuses a file that cannot be written before any work is done. */
function checkOutput({ file, source }: Work, path: string, field: string, overwrite: boolean): void {
  if ([file, source.path].some((database) => isSameFile(path, database))) {
    throw new InvalidInputError('TARGET_IS_DATABASE', `${field}: this is a database of the migration: ${path}`, {
      hint: 'Choose another name for the file.',
      details: { field, file: path },
    });
  }
  checkNewFile(path, field, { overwrite });
}

function checkReport(work: Work, { report, overwriteReport = false }: MigrationOptions): void {
  // The folder of a new target is created with it.
  const isBeside =
    report !== undefined && dirname(resolve(report)) === dirname(work.file) && !statOf(dirname(work.file));
  if (report !== undefined && !isBeside) checkOutput(work, report, 'report', overwriteReport);
}

async function carryOut(work: Work, { strict, ...options }: MigrationOptions): Promise<MigrationReport> {
  checkReport(work, options);
  if (strict) await inScratch(work, { strict, verify: false });
  const report = await run(work, work.file, options, false);
  work.journal.remove();
  return report;
}

/** Runs on a copy of the target, which is removed afterwards. */
async function inScratch(
  work: Work,
  options: MigrationOptions,
  then?: (scratch: string, from: LogHead, report: MigrationReport) => Promise<unknown>,
): Promise<MigrationReport> {
  checkReport(work, options);
  const folder = mkdtempSync(join(tmpdir(), 'sloth-runner-migration-'));
  const clear = clearedUp(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const scratch = join(folder, 'scratch.db');
    if ((statOf(work.file)?.size ?? 0) > 0) await copyPrivately(work.file, scratch, options.onProgress);
    const from = await withEngine(scratch, work.clock, options, ({ store }) => store.head());
    const report = await run(work, scratch, options, true);
    await then?.(scratch, from, report);
    return report;
  } finally {
    clear();
  }
}

/** Opens a database with the engine, and closes it. */
async function withEngine<T>(
  file: string,
  clock: Clock,
  { onProgress }: MigrationOptions,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = openEngine(file, clock, { cacheKiB: CACHE });
  try {
    await bringUpToDate(engine, onProgress);
    return await use(engine);
  } finally {
    await engine.store.close();
  }
}

/**
 * Migrates everything, compares it, and writes the report.
 * @param database the target, or a copy of it for a dry run
 */
async function run(work: Work, database: string, options: MigrationOptions, dryRun: boolean): Promise<MigrationReport> {
  const { source, file, journal, clock, actor } = work;
  const { strict = false, verify = true, onProgress } = options;
  const began = clock.now();
  const resumed = journal.begun !== undefined;
  let begun: Begun = journal.begun ?? { id: newId(), by: actor, at: began, backup: null };
  const { totals, head } = await withEngine(database, clock, options, async (engine) => {
    const before = await engine.store.head();
    const beforeFirst = async (): Promise<void> => {
      if (dryRun || resumed) return;
      const copy = `${file}.before-migration-${stampOf(begun.at)}`;
      if (before.position > 0) begun = { ...begun, backup: (await backupTo(engine.store, copy, began)).file };
      await journal.write(begun);
    };
    const taken = await runMigration(engine, source, { ...begun, resumed }, { strict, beforeFirst, onProgress });
    return { totals: taken, head: await engine.store.head() };
  });
  // On a separate connection, so that it reads the content of the file.
  const verification = verify
    ? await withEngine(database, clock, options, async ({ store }) => {
        const outcomeOf: OutcomeOf = (record) => totals.outcomeOf(record);
        const compared = await compareMigration(source, store, { ...begun, resumed }, outcomeOf, onProgress);
        const audit = await verifyStore(store, onProgress ? { onProgress } : {});
        return { holds: compared.equal && audit.holds, ...compared, audit };
      })
    : null;
  const ended = clock.now();
  const report: MigrationReport = {
    stacks_migrated: totals.stacks,
    resources_migrated: totals.taken('workflow_resources'),
    outputs_migrated: totals.taken('workflow_outputs'),
    errors: totals.entries
      .filter(({ outcome }) => outcome === 'rejected')
      .map(({ table, id, problem }) => `${table} ${id}: ${problem}`),
    start_time: begun.at,
    end_time: ended,
    duration: (Date.parse(ended) - Date.parse(began)) / 1_000,
    migration: begun.id,
    by: begun.by,
    source: source.path,
    target: file,
    dry_run: dryRun,
    resumed,
    backup: begun.backup,
    versions_migrated: totals.taken('state_versions'),
    events: totals.events,
    head: { position: head.position, hash: head.hash },
    rows: totals.counts(source),
    entries: totals.entries,
    verification,
  };
  if (options.report !== undefined) {
    const text = `${stringifyJson(report, 2)}\n`;
    const overwrite = options.overwriteReport ?? false;
    await writeNewFile(options.report, 'report', { overwrite }, async (write) => write(text));
  }
  return report;
}
