import Table from 'cli-table3';
import stringWidth from 'string-width';
import { colour } from './colour.js';

export interface Column {
  readonly title: string;
  /** May be cut to make the table fit; the widest such column is cut first. */
  readonly flexible?: boolean;
  readonly align?: 'left' | 'right';
}

const GAP = 2;
const NARROWEST = 5;
/** Rows laid out at once: cli-table3's time grows with their square (50,000 rows at once: over a minute). */
const BATCH = 100;

/**
 * Columns of the terminal, 80 for one that does not know its own; without a terminal COLUMNS, else no limit: what a
 * program reads is never cut.
 */
export function terminalWidth(stdout: Partial<NodeJS.WriteStream> = process.stdout, env = process.env): number {
  if (stdout.isTTY) return stdout.columns || 80;
  const columns = Number(env.COLUMNS);
  return columns > 0 ? columns : Number.POSITIVE_INFINITY;
}

/** How wide each column becomes: natural widths, the widest flexible one made narrower until the row fits. */
export function fitColumns(natural: readonly number[], flexible: readonly boolean[], width: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, column) => sum + column + GAP, -GAP) - width;
  while (excess > 0) {
    const widest = widths.reduce(
      (best, column, index) => (flexible[index] && column > (widths[best] ?? 0) ? index : best),
      flexible.indexOf(true),
    );
    const current = widths[widest];
    if (current === undefined || current <= NARROWEST) break;
    widths[widest] = current - 1;
    excess--;
  }
  return widths;
}

const NO_BORDER = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid', 'middle', 'top-mid', 'top-left', 'top-right', 'bottom-mid']
    .concat(['bottom-left', 'bottom-right', 'left-mid', 'mid-mid', 'right-mid'])
    .map((name) => [name, '']),
);

/** Rows of already escaped cells under bold titles, no wider than the terminal. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const natural = columns.map(({ title }, index) =>
    rows.reduce((widest, row) => Math.max(widest, stringWidth(row[index] ?? '')), stringWidth(title)),
  );
  const flexible = columns.map((column) => column.flexible ?? false);
  const layout = {
    chars: NO_BORDER,
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [] },
    colWidths: fitColumns(natural, flexible, width).map((column) => column + GAP),
    colAligns: columns.map(({ align }) => align ?? 'left'),
  };
  const lines = [columns.map(({ title }) => colour.heading(title)), ...rows];
  const parts: string[] = [];
  for (let start = 0; start < lines.length; start += BATCH) {
    const printer = new Table(layout);
    printer.push(...lines.slice(start, start + BATCH).map((line) => [...line]));
    parts.push(printer.toString().replace(/[ \t]+$/gm, ''));
  }
  return parts.join('\n');
}
