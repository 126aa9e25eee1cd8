import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { type StateBackend, type StoreDescription, StoreError } from '../../index.js';
import { shownLocation } from '../../lib/database-url.js';
import { isTooOld, OLDEST_SQLITE, sqliteVersion } from '../../lib/sqlite.js';
import { BaseCommand, type GlobalValues } from '../base-command.js';
import { chooseDatabase } from '../database-path.js';
import { colour } from '../output/colour.js';
import { table } from '../output/table.js';

/** File systems on which SQLite's locks are not reliable (statfs magic numbers, linux/magic.h). */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB2'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x65735546, 'FUSE'],
]);

/**
 * What was checked. A server checks its own pages; its schema is compared by audit verify, which may create temporary
 * tables.
 */
const checkedIn = (kind: string | undefined): readonly string[] =>
  kind === 'sqlite' ? ['settings', 'pages', 'schema'] : ['settings'];
const VERIFY = 'To check the log, and every row of its tables: sloth-runner audit verify';

export default class Doctor extends BaseCommand {
  static override summary = 'Show which database is in use, and check it.';
  static override description =
    'Checks settings, all pages of a file (quick_check of SQLite), and that tables, views, indexes and triggers are as this release creates them; exits with 7 if they are not. audit verify checks the content of the log.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --output json',
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor);
    const { path: location, why } = chooseDatabase(flags.db);
    const path = shownLocation(location);
    const sqlite = { version: sqliteVersion(), oldest: OLDEST_SQLITE };
    const store = await this.#openUnlessTooOld(flags).then((backend) => backend && contentOf(backend));
    const file = existsSync(path) ? fileFacts(path) : undefined;
    const problems = store?.problems ?? [];
    const checked = checkedIn(store?.description.kind);
    const warnings = [
      ...problems.map(({ where, problem }) => `damaged: ${where}: ${problem}`),
      ...(isTooOld(sqlite.version)
        ? [
            `SQLite ${sqlite.version} can lose acknowledged commits; ${OLDEST_SQLITE} is needed: install sloth-runner again`,
          ]
        : []),
      ...(file?.network ? [`the file is on ${file.network}, where SQLite's locks may not work; use a local disk`] : []),
      ...(file && !file.writable ? ['the file cannot be written by you'] : []),
      ...(file && (file.mode & 0o077) !== 0
        ? [`others may read the file (mode ${file.mode.toString(8)}); run chmod 600 on it`]
        : []),
      ...(!store || isFlushed(store.description.settings)
        ? []
        : ['commits are not flushed to disk before they are acknowledged']),
      ...(store?.projections ?? [])
        .filter(({ position }) => position !== store?.head.position)
        .map(({ name }) => `the projection ${name} lags behind`),
    ];
    if (!store) process.exitCode = 1;
    if (problems.length > 0) process.exitCode = 7;
    const json = {
      database: {
        path,
        why,
        ...store?.description,
        ...(store && {
          head: { position: store.head.position, hash: store.head.hash, recorded_at: store.head.recordedAt },
        }),
      },
      file: file ? { mode: file.mode.toString(8), writable: file.writable, network: file.network ?? null } : null,
      sqlite,
      projections: store?.projections ?? [],
      checked,
      problems,
      node: process.version,
      warnings,
    };
    this.show(
      flags,
      () => json,
      () => {
        const rows: [string, string][] = [
          ['database', `${path} (${why})`],
          ...(store ? contentRows(store) : []),
          ['permissions', file ? `${file.mode.toString(8)}${file.writable ? ', writable' : ''}` : 'no file'],
          ['sqlite', `${sqlite.version}, at least ${sqlite.oldest}`],
          ['node', process.version],
        ];
        const text = table([{ title: 'WHAT' }, { title: 'HOW IT IS', flexible: true }], rows);
        const closing =
          warnings.length === 0
            ? [colour.added(`No problems found in ${checked.join(', ')}.`), VERIFY]
            : [...warnings.map((one) => colour.removed(`Warning: ${one}`)), VERIFY];
        return [text, '', ...closing].join('\n');
      },
    );
  }

  /** Undefined if SQLite is too old to open the database; then the report contains what can be found without it. */
  async #openUnlessTooOld(flags: GlobalValues): Promise<StateBackend | undefined> {
    try {
      return await this.open(flags);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'SQLITE_TOO_OLD') return undefined;
      throw error;
    }
  }
}

async function contentOf(backend: StateBackend) {
  const { head, projections, ...description } = await backend.describe();
  const readsPages = checkedIn(description.kind).includes('pages');
  const problems = readsPages ? await backend.getAdmin().checkStorage({ quick: true }) : [];
  return { description, head, projections, problems };
}

const contentRows = ({
  description: store,
  head,
  projections,
}: Awaited<ReturnType<typeof contentOf>>): [string, string][] => [
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
  ['projections', projections.map(({ name, version, position }) => `${name} v${version} at ${position}`).join(', ')],
];

/** SQLite has `synchronous`, PostgreSQL `synchronous_commit` and `fsync`. */
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
