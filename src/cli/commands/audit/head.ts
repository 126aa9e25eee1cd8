import { headJson } from '../../../json/head.js';
import { BaseCommand } from '../../base-command.js';
import { table } from '../../output/table.js';

export default class AuditHead extends BaseCommand {
  static override summary = 'Print where the log ends: its last position, its hash, and when that was recorded.';
  static override description =
    'The hash stands for everything before it. Keep it where those who can write the database cannot reach it; later, audit verify --head proves that nothing up to it was changed. An empty log has position 0 and a hash of 64 zeros, which proves nothing later.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output json >> heads.jsonl',
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditHead);
    const backend = await this.open(flags, { asItIs: true });
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
