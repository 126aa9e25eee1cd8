import { Args } from '@oclif/core';
import { BaseCommand } from '../../base-command.js';
import { withProgress } from '../../output/progress.js';

export default class ProjectionsRebuild extends BaseCommand {
  static override summary = 'Rebuild tables from the event log and swap them with the old ones.';
  static override description =
    'The new tables are built beside the live ones and swapped in at once: readers see the old or the new ones, and writers are not blocked. An interrupted rebuild resumes when it is run again. The file grows by the size of the tables while they are built; the space is reused afterwards.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> resources dependencies',
  ];
  static override strict = false;
  static override args = {
    projection: Args.string({ description: 'projections to rebuild, as in projections status (default: all)' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(ProjectionsRebuild);
    const backend = await this.open(flags, { skipRebuild: true });
    const names = argv as string[];
    const began = Date.now();
    const rebuilt = await withProgress('rebuilding', 'events', (onProgress) =>
      backend.getAdmin().rebuild({ onProgress, ...(names.length > 0 ? { names } : {}) }),
    );
    const milliseconds = Date.now() - began;
    this.show(
      flags,
      () => ({ ...rebuilt, duration_ms: milliseconds }),
      () => {
        const rate = Math.round((rebuilt.events / Math.max(milliseconds, 1)) * 1000).toLocaleString('en-US');
        return (
          `Rebuilt ${rebuilt.projections.join(', ')} from ${rebuilt.events.toLocaleString('en-US')} events ` +
          `in ${(milliseconds / 1000).toFixed(1)} s (${rate}/s), up to position ${rebuilt.position}.`
        );
      },
    );
  }
}
