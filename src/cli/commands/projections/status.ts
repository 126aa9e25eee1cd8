import { projectionsJson } from '../../../json/projections.js';
import { BaseCommand } from '../../base-command.js';
import { projectionTable } from '../../present/projections.js';

export default class ProjectionsStatus extends BaseCommand {
  static override summary = 'Show each projection: its version, checkpoint, lag and rows.';
  static override description =
    'A projection is a set of tables built from the event log. Its checkpoint is the position up to which it is built; its lag is the number of later events.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<void> {
    const { flags } = await this.parse(ProjectionsStatus);
    const backend = await this.open(flags, { skipRebuild: true });
    const projections = await backend.getAdmin().projections();
    this.show(
      flags,
      () => projectionsJson(projections),
      () => projectionTable(projections),
    );
  }
}
