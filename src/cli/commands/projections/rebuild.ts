import { Args } from '@oclif/core';
import { BaseCommand } from '../../base-command.js';
import { withProgress } from '../../output/progress.js';

export default class ProjectionsRebuild extends BaseCommand {
  static override summary = 'Build tables anew from the event log and put them in the place of the old ones.';
  static override description =
    'The new tables are built beside the live ones and swapped in at once: whoever reads sees the old or the new ones, and whoever writes goes on. Broken off, it goes on where it was when run again. The file grows by the size of the tables while they are built; the space is used again afterwards.';
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
    const backend = await this.open(flags, { asItIs: true });
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
