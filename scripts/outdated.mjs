// Reports pinned packages that have newer versions, and how old each pin is. It never fails a run.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

/** Pins that are behind on purpose, and why. The oldest supported Node is 20. */
const ON_PURPOSE = {
  '@types/node': 'matches the oldest supported Node',
  '@vitest/coverage-v8': 'its version is that of vitest',
  'better-sqlite3': '13 needs Node 22',
  'slice-ansi': '8 adds 17 KiB to what each table loads; 9 needs Node 22',
  'string-width': 'oclif brings 4; a second copy would be loaded at each start',
  typescript: 'dependency-cruiser reads imports by the API of 5 and 6, which 7 no longer has',
  vitest: '5 needs Node 22',
};

const { dependencies, devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const pins = { ...dependencies, ...devDependencies };

const npm = async (...args) => {
  const limits = ['--json', '--fetch-retries=0', '--fetch-timeout=20000'];
  // `npm outdated` exits with 1 where there is something to report.
  const { stdout } = await promisify(execFile)('npm', [...args, ...limits]).catch((error) => error);
  const result = JSON.parse(stdout || '{}');
  if (result.error) throw new Error(result.error.code);
  return result;
};

const dayOf = (time) => String(time ?? 'unknown').slice(0, 10);
const monthsSince = (time) => Math.floor((Date.now() - Date.parse(time)) / (30.44 * 24 * 3_600_000));

async function row(name, usable) {
  const { 'dist-tags.latest': latest, time = {} } = await npm('view', name, 'dist-tags.latest', 'time');
  const pinned = pins[name];
  if (pinned === latest) return undefined;
  const age = time[pinned] ? `${dayOf(time[pinned])} (${monthsSince(time[pinned])} months)` : 'unknown';
  return [name, pinned, age, usable ?? pinned, latest, ON_PURPOSE[name] ?? ''];
}

try {
  // What npm calls the latest is the latest that this Node may run.
  const outdated = await npm('outdated');
  const names = [...new Set([...Object.keys(outdated), ...Object.keys(ON_PURPOSE)])].sort();
  const rows = (await Promise.all(names.map((name) => row(name, outdated[name]?.latest)))).filter(Boolean);
  if (rows.length === 0) console.log('outdated pins: none');
  else {
    const table = [
      ['PACKAGE', 'PINNED', 'PUBLISHED', `ON NODE ${process.versions.node.split('.')[0]}`, 'NEWEST', 'BEHIND BECAUSE'],
      ...rows,
    ];
    const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
    for (const cells of table)
      console.log(
        cells
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd(),
      );
  }
} catch {
  console.log('outdated pins: not checked, because the registry did not answer');
}
