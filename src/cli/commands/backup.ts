import { Args, Flags } from '@oclif/core';
import { headJson } from '../../json/head.js';
import { parseDuration } from '../../lib/durations.js';
import { BaseCommand } from '../base-command.js';
import { chooseDatabase } from '../database-path.js';
import { wholeNumber } from '../flags.js';
import { endOnSignals } from '../interrupts.js';
import { escapeText } from '../output/escape.js';
import { withProgress } from '../output/progress.js';
import { table } from '../output/table.js';
import { headText, sizeText } from '../present/database.js';

export default class BackupCommand extends BaseCommand {
  static override summary = 'Copy the database to a file while others use it, and verify the copy.';
  static override description =
    `The file (mode 0600) gets its name only when the copy is complete, verified and on disk.

In a folder, the backup is named after the database and the time, in UTC. With --keep, older backups of this database
in the folder are deleted afterwards: the newest of each --every is kept, and of those the newest N. No other file is
deleted.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> stacks-before-upgrade.db',
    {
      description: 'A backup a day, the last 14 days; run as often as you like:',
      command: '<%= config.bin %> <%= command.id %> /var/backups/sloth-runner --keep 14 --every 1d',
    },
  ];
  static override args = {
    file: Args.string({ description: 'the file of the backup, or an existing folder', required: true }),
  };
  static override flags = {
    overwrite: Flags.boolean({ description: 'replace the file if it exists' }),
    keep: wholeNumber({ description: 'keep this many backups in the folder, the newest', helpValue: 'N', min: 1 }),
    every: Flags.string({
      description: 'keep only the newest of each interval: 1h, 1d (a day in UTC), 7d',
      helpValue: 'DURATION',
      dependsOn: ['keep'],
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(BackupCommand);
    const rotation = flags.keep === undefined ? undefined : { keep: flags.keep, every: interval(flags.every) };
    endOnSignals();
    const backend = await this.open(flags, { skipRebuild: true });
    const backup = await withProgress('backing up', '', (onProgress) =>
      backend
        .getAdmin()
        .backup(args.file, { overwrite: flags.overwrite, onProgress, ...(rotation === undefined ? {} : { rotation }) }),
    );
    const { file, bytes, head, stacks, deleted } = backup;
    this.warnWhereEmpty(head, chooseDatabase(flags.db).path, 'backed up');
    this.show(
      flags,
      () => ({ file, bytes, events: head.position, stacks, head: headJson(head), deleted }),
      () =>
        table(
          [{ title: 'BACKUP' }, { title: escapeText(file), flexible: true }],
          [
            ['size', sizeText(bytes)],
            ['stacks', String(stacks)],
            ['events', String(head.position)],
            ['head', headText(head)],
            ...deleted.map((path) => ['deleted', escapeText(path)]),
          ],
        ),
    );
  }
}

const interval = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseDuration(text, '--every');
