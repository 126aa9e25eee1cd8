import { headJson } from '../../../json/head.js';
import { BaseCommand } from '../../base-command.js';
import { table } from '../../output/table.js';

export default class AuditHead extends BaseCommand {
  static override summary = 'Print the end of the log: its last position, its hash and its time.';
  static override description =
    'The hash covers everything before it. Keep it where nobody who can write the database can change it; later, audit verify --head proves that nothing up to it was changed. An empty log has position 0 and a hash of 64 zeros, which proves nothing.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output json >> heads.jsonl',
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditHead);
    const backend = await this.open(flags, { skipRebuild: true });
    const head = await backend.head();
    this.show(
      flags,
      () => headJson(head),
      () =>
        table(
          [{ title: 'POSITION', align: 'right' }, { title: 'HASH' }, { title: 'RECORDED' }],
          [[String(head.position), head.hash, head.recordedAt ?? 'the log is empty']],
        ),
    );
  }
}
