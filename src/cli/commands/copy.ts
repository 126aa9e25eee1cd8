import { Flags } from '@oclif/core';
import { StateBackend } from '../../index.js';
import { headJson } from '../../json/head.js';
import { shownLocation } from '../../lib/database-url.js';
import { BaseCommand } from '../base-command.js';
import { refuseMemory } from '../database-path.js';
import { escapeText } from '../output/escape.js';
import { withProgress } from '../output/progress.js';
import { headText } from '../present/database.js';

export default class Copy extends BaseCommand {
  static override summary = 'Copy the whole log of a database to another: from a file to PostgreSQL, and back.';
  static override description =
    'Positions and hashes stay the same, and the tables are built from the log during the copy. The target must be empty, or contain the beginning of the same log: an interrupted copy resumes, and a complete one gets the new events. Nobody may write to the target meanwhile. Passwords may come from PGPASSWORD or a password file.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> --from stacks.db --to postgres://sloth@db.example.com/stacks',
    '<%= config.bin %> <%= command.id %> --from postgres://sloth@db.example.com/stacks --to copy.db',
  ];
  static override flags = {
    from: Flags.string({ description: 'database file or URL', required: true, helpValue: 'DB' }),
    to: Flags.string({ description: 'database file or URL', required: true, helpValue: 'DB' }),
    verify: Flags.boolean({ description: 'compare the copy with its log afterwards', default: true, allowNo: true }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Copy);
    const { verify } = flags;
    const from = refuseMemory(flags.from, '--from');
    const to = refuseMemory(flags.to, '--to');
    const { head, events } = await withProgress('copying', 'events', (onProgress) =>
      StateBackend.copy(from, to, { verify, onProgress, onCreate: () => this.noteCreated(to) }),
    );
    this.warnWhereEmpty(head, from, 'copied');
    this.show(
      flags,
      () => ({ from: shownLocation(from), to: shownLocation(to), events, head: headJson(head) }),
      () =>
        [
          `Copied ${events.toLocaleString('en-US')} events to ${escapeText(shownLocation(to))}.`,
          `Head: ${headText(head)}`,
        ].join('\n'),
    );
  }
}
