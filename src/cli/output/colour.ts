import pc from 'picocolors';

/** https://no-color.org and https://force-color.org; otherwise colours only on a terminal. */
export function wantsColour(env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return isTty && env.TERM !== 'dumb';
}

const paint = pc.createColors(wantsColour(process.env, process.stdout.isTTY === true));

export const colour = {
  heading: paint.bold,
  faint: paint.dim,
  added: paint.green,
  changed: paint.yellow,
  removed: paint.red,
  name: paint.cyan,
};

const MARKS = { added: ['+', colour.added], changed: ['~', colour.changed], removed: ['-', colour.removed] } as const;
export type ChangeKind = keyof typeof MARKS;

/** `+ aws_vpc.main`, coloured by kind. */
export function marked(kind: ChangeKind, text: string): string {
  const [sign, tint] = MARKS[kind];
  return tint(`${sign} ${text}`);
}

/** `+3 ~1 -0`, with dimmed zeros. */
export const counts = (added: number, changed: number, removed: number): string =>
  [
    ['+', added, colour.added],
    ['~', changed, colour.changed],
    ['-', removed, colour.removed],
  ]
    .map(([sign, count, tint]) => {
      const text = `${sign}${count}`;
      return count === 0 ? colour.faint(text) : (tint as (text: string) => string)(text);
    })
    .join(' ');
