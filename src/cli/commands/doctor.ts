import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import type { StoreDescription } from '../../index.js';
import { shownLocation } from '../../kernel/database-url.js';
import { BaseCommand } from '../base-command.js';
import { chooseDatabase } from '../database-path.js';
import { colour } from '../output/colour.js';
import { table } from '../output/table.js';

/** File systems on which SQLite's locks are not to be trusted (statfs magic numbers, linux/magic.h). */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x65735546, 'FUSE'],
]);

export default class Doctor extends BaseCommand {
  static override summary = 'Show which database is in use and how it is.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output json',
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const { path: location, why } = chooseDatabase(flags.db);
    const path = shownLocation(location);
    const backend = await this.open(flags);
    const [store, head, projections] = [await backend.describe(), await backend.head(), await backend.checkpoints()];
    const file = existsSync(path) ? fileFacts(path) : undefined;
    const warnings = [
      ...(file?.network
        ? [`the file lies on ${file.network}: SQLite's locks may not hold there; use a local disk`]
        : []),
      ...(file && !file.writable ? ['the file cannot be written by you'] : []),
      ...(file && (file.mode & 0o077) !== 0
        ? [`others may read the file (mode ${file.mode.toString(8)}); run chmod 600 on it`]
        : []),
      ...(isFlushed(store.settings) ? [] : ['commits are not flushed to disk before they are acknowledged']),
      ...projections
        .filter(({ position }) => position !== head.position)
        .map(({ name }) => `the projection ${name} lags behind`),
    ];
    const json = {
      database: {
        path,
        why,
        ...store,
        head: { position: head.position, hash: head.hash, recorded_at: head.recordedAt },
      },
      file: file ? { mode: file.mode.toString(8), writable: file.writable, network: file.network ?? null } : null,
      projections,
      node: process.version,
      warnings,
    };
    this.show(
      flags,
      () => json,
      () => {
        const rows: [string, string][] = [
          ['database', `${path} (${why})`],
          ['engine', `${store.engine}, schema ${store.schemaVersion}`],
          [
            'settings',
            Object.entries(store.settings)
              .map(([name, value]) => `${name}=${value}`)
              .join(' '),
          ],
          ['size', `${(store.bytes / 1024).toFixed(0)} KiB`],
          ['stacks', `${store.stacks}, ${store.locks} locked`],
          ['events', String(store.events)],
          ['head', head.position === 0 ? 'empty log' : `position ${head.position}, hash ${head.hash}`],
          ['permissions', file ? `${file.mode.toString(8)}${file.writable ? ', writable' : ''}` : 'no file'],
          [
            'projections',
            projections.map(({ name, version, position }) => `${name} v${version} at ${position}`).join(', '),
          ],
          ['node', process.version],
        ];
        const text = table([{ title: 'WHAT' }, { title: 'HOW IT IS', flexible: true }], rows);
        const closing =
          warnings.length === 0
            ? [colour.added('No problems found.')]
            : warnings.map((one) => colour.removed(`Warning: ${one}`));
        return [text, '', ...closing].join('\n');
      },
    );
  }
}

/** SQLite says `synchronous`, PostgreSQL `synchronous_commit` and `fsync`. */
const isFlushed = ({ synchronous, synchronous_commit: commit, fsync }: StoreDescription['settings']): boolean =>
  synchronous === 'FULL' || (commit !== undefined && commit !== 'off' && fsync === 'on');

function fileFacts(path: string) {
  const type = statfsSync(path).type;
  return { mode: statSync(path).mode & 0o777, writable: isWritable(path), network: NETWORK_FILE_SYSTEMS.get(type) };
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
