import { Args, Flags } from '@oclif/core';
import { type PreparedRestore, StateBackend } from '../../index.js';
import { headJson } from '../../json/head.js';
import { BaseCommand } from '../base-command.js';
import { confirm } from '../confirm.js';
import { chooseDatabaseFile } from '../database-path.js';
import { endOnSignals } from '../interrupts.js';
import { escapeText } from '../output/escape.js';
import { withProgress } from '../output/progress.js';
import { table } from '../output/table.js';
import { headText } from '../present/database.js';

export default class RestoreCommand extends BaseCommand {
  static override summary = 'Replace the content of the database with a backup. The previous content is kept.';
  static override description =
    `The whole backup is verified before anything changes. The content is replaced in one step: commands that run meanwhile
see the old content or the new, and those that write wait. The previous content is kept in a file beside the database.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> stacks-before-upgrade.db',
    '<%= config.bin %> <%= command.id %> /var/backups/sloth-runner/stacks-20260131T120000Z.db --yes',
  ];
  static override args = { file: Args.string({ description: 'the backup', required: true }) };
  static override flags = { yes: Flags.boolean({ char: 'y', description: 'do not ask' }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RestoreCommand);
    const path = chooseDatabaseFile(flags.db);
    endOnSignals();
    using restore = await withProgress('verifying', '', (onProgress) =>
      StateBackend.prepareRestore(path, args.file, { onProgress }),
    );
    await confirm(question(path, args.file, restore), flags.yes);
    const wasRead = !(restore.current && 'unusable' in restore.current);
    const restored = await withProgress('restoring', '', (onProgress) => restore.carryOut({ onProgress }));
    const { database, file, head, stacks, kept } = restored;
    if (restore.current === undefined) this.noteCreated(database);
    this.show(
      flags,
      () => ({ database, file, events: head.position, stacks, head: headJson(head), kept }),
      () =>
        [
          table(
            [{ title: 'RESTORED' }, { title: escapeText(database), flexible: true }],
            [
              ['from', escapeText(file)],
              ['stacks', String(stacks)],
              ['events', String(head.position)],
              ['head', headText(head)],
            ],
          ),
          '',
          ...heldBefore(kept, wasRead, this.config.bin),
        ].join('\n'),
    );
  }
}

/** Names the file with the earlier content. A database that could not be read is not a backup and cannot be restored. */
function heldBefore(kept: string | null, wasRead: boolean, bin: string): string[] {
  if (kept === null) return ['There was nothing in it before.'];
  const file = escapeText(kept);
  return [`What it held before is in ${file}`, ...(wasRead ? [`Put that back with: ${bin} restore ${file}`] : [])];
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** Names the database that is replaced and the backup that replaces it. */
function question(path: string, file: string, { current, backup }: PreparedRestore): string {
  const held = ({ head, stacks }: PreparedRestore['backup']) =>
    `${counted(stacks, 'stack')}, ${counted(head.position, 'event')}, head ${head.hash}`;
  const comes = `${escapeText(file)} (${held(backup)})`;
  if (current === undefined) return `Make ${escapeText(path)} from ${comes}?`;
  const goes = 'unusable' in current ? `unreadable: ${escapeText(current.unusable.message)}` : held(current);
  return `Replace ${escapeText(path)} (${goes}) by ${comes}?`;
}
