import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Flags } from '@oclif/core';
import { type MigrationOptions, type MigrationReport, type PreparedMigration, StateBackend } from '../../../index.js';
import { InvalidInputError } from '../../../lib/errors.js';
import { statOf } from '../../../lib/files.js';
import { BaseCommand } from '../../base-command.js';
import { confirm } from '../../confirm.js';
import { chooseDatabaseFile } from '../../database-path.js';
import { endOnSignals } from '../../interrupts.js';
import { escapeText } from '../../output/escape.js';
import { withProgress } from '../../output/progress.js';
import { migrationText } from '../../present/migration.js';

/** Some rows were rejected. */
const REJECTED = 1;
/** Source and target differ. */
const NOT_EQUAL = 7;

export default class StackMigrate extends BaseCommand {
  static override summary = 'Migrate a database of the legacy workflow state into the log, and verify the result.';
  static override description =
    `Every workflow becomes a stack with its versions, resources, outputs, tags, drift and activity, in the original order and with the original times. The source is never written. The report names each row that had to be repaired or rejected; the exit code is 1 if rows were rejected, and 7 if source and target differ afterwards.

The target is backed up first. An interrupted migration resumes when it is started again; a later run takes in new rows of the source.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> --source ~/.sloth-runner/state.db --target /etc/sloth-runner/stacks.db',
    '<%= config.bin %> <%= command.id %> --dry-run',
    '<%= config.bin %> <%= command.id %> --generate-script migration.sql',
  ];
  static override flags = {
    source: Flags.string({
      description: 'database of the legacy workflow state (default: ~/.sloth-runner/state.db)',
      helpValue: 'PATH',
      default: async () => join(homedir(), '.sloth-runner', 'state.db'),
      noCacheDefault: true,
    }),
    target: Flags.string({ description: 'database to take it into (default: that of --db)', helpValue: 'PATH' }),
    'dry-run': Flags.boolean({ description: 'run it into a scratch copy and show the result' }),
    'generate-script': Flags.string({
      description: 'do the same, and write SQL with which the sqlite3 program changes the target',
      helpValue: 'FILE',
      exclusive: ['dry-run'],
    }),
    overwrite: Flags.boolean({
      description: 'replace the script or the report if it exists',
      relationships: [{ type: 'some', flags: ['generate-script', 'report'] }],
    }),
    report: Flags.string({
      description:
        'write the report to this file (default: migration_report.json beside the target, with a number if another migration has that name)',
      helpValue: 'FILE',
    }),
    strict: Flags.boolean({
      description: 'stop if a row would have to be repaired or rejected, before anything is written',
    }),
    verify: Flags.boolean({
      description: 'compare source and target afterwards, and verify the target',
      default: true,
      allowNo: true,
    }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(StackMigrate);
    const target = flags.target ?? chooseDatabaseFile(flags.db);
    endOnSignals();
    using migration = await withProgress('reading', '', (onProgress) =>
      StateBackend.prepareMigration(target, flags.source, { actor: flags.actor, onProgress }),
    );
    if (Object.values(migration.source.counts).every((count) => count === 0))
      throw nothingToMigrate(migration.source.path);
    const script = flags['generate-script'];
    const scratch = flags['dry-run'] || script !== undefined;
    if (!scratch) await confirm(question(migration), flags.yes || !process.stdin.isTTY);
    const isNew = !scratch && !statOf(migration.target)?.size;
    const report = flags.report ?? (scratch ? undefined : defaultReport(migration));
    const options = {
      strict: flags.strict,
      verify: flags.verify,
      ...(report !== undefined && { report }),
      overwriteReport: flags.overwrite || flags.report === undefined,
    };
    const done = await withProgress('migrating', '', (onProgress) =>
      carryOut(migration, { ...options, onProgress }, { dryRun: flags['dry-run'], script, overwrite: flags.overwrite }),
    );
    if (isNew) this.noteCreated(migration.target);
    this.show(
      flags,
      () => done,
      () => migrationText(done, { bin: this.config.bin, report, script }),
    );
    process.exitCode = exitCodeOf(done);
  }
}

const nothingToMigrate = (source: string): InvalidInputError =>
  new InvalidInputError('NOTHING_TO_MIGRATE', `source: ${source} holds no rows: there is nothing to migrate`, {
    hint: 'Name the database that the old system used with --source.',
    details: { field: '--source', source },
  });

/** The report of an earlier run of this migration is replaced; any other file stays. */
function defaultReport({ source, target }: PreparedMigration): string {
  for (let number = 1; ; number++) {
    const file = join(dirname(target), `migration_report${number === 1 ? '' : `-${number}`}.json`);
    if (!statOf(file) || isReportOf(file, source.path, target)) return file;
  }
}

function isReportOf(file: string, source: string, target: string): boolean {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    return report.source === source && report.target === target;
  } catch {
    return false; // not a report, or not one of ours
  }
}

function carryOut(
  migration: PreparedMigration,
  options: MigrationOptions,
  how: { readonly dryRun: boolean; readonly script: string | undefined; readonly overwrite: boolean },
): Promise<MigrationReport> {
  if (how.script !== undefined) return migration.writeScript(how.script, { ...options, overwrite: how.overwrite });
  return how.dryRun ? migration.dryRun(options) : migration.carryOut(options);
}

function question({ source, target, resumes }: PreparedMigration): string {
  const workflows = source.counts.workflow_states ?? 0;
  const what = `${workflows} workflow${workflows === 1 ? '' : 's'} from ${escapeText(source.path)}`;
  return resumes
    ? `Go on taking ${what} into ${escapeText(target)}?`
    : `Take ${what} into ${escapeText(target)}? What that holds is backed up first.`;
}

const exitCodeOf = ({ errors, verification }: MigrationReport): number =>
  verification && !verification.holds ? NOT_EQUAL : errors.length > 0 ? REJECTED : 0;
