import { createRequire } from 'node:module';
import type CliProgress from 'cli-progress';
import type { OnProgress, Progress } from '../../index.js';

/** Nothing is shown of what is over before that, in milliseconds. */
const PATIENCE = 500;

/** `12,345` whatever the locale of the machine. */
const grouped = (count: number): string => count.toLocaleString('en-US');

/**
 * Runs something long with a bar on standard error: how far it is, at what rate, and how long it will still take. No bar
 * where nobody looks, and none before there is something to show.
 * @param what what is done, as `rebuilding`, where the progress itself does not name its steps
 * @param unit what is counted, as `events`, where the progress does not say it
 */
export async function withProgress<T>(
  what: string,
  unit: string,
  run: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return run(() => {});
  const began = Date.now();
  let bar: CliProgress.SingleBar | undefined;
  let current: { readonly step: string; readonly since: number; readonly from: number } | undefined;
  const onProgress = ({ step = what, unit: counted = unit, done, total }: Progress): void => {
    const now = Date.now();
    if (current?.step !== step) current = { step, since: now, from: done };
    if (!bar && !(now - began > PATIENCE && done < total)) return;
    const rate = ((done - current.from) / Math.max(now - current.since, 1)) * 1000;
    const payload = {
      step,
      shown: `${grouped(done)}/${grouped(total)} ${counted}`,
      rate: grouped(Math.round(rate)),
      left: rate > 0 ? `${Math.ceil((total - done) / rate)} s left` : '',
    };
    if (!bar) {
      bar = newBar();
      bar.start(total, done, payload);
    }
    bar.setTotal(total);
    bar.update(done, payload);
  };
  try {
    return await run(onProgress);
  } finally {
    bar?.stop();
  }
}

function newBar(): CliProgress.SingleBar {
  // Loaded only when there is something to show: most commands end before.
  const progress = createRequire(import.meta.url)('cli-progress') as typeof CliProgress;
  return new progress.SingleBar({
    format: '{step} [{bar}] {percentage}%  {shown}  {rate}/s  {left}',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  });
}
