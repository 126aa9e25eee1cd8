import { createRequire } from 'node:module';
import type CliProgress from 'cli-progress';
import type { OnProgress, Progress } from '../../index.js';

/** No progress is shown for shorter work, in milliseconds. */
const PATIENCE = 500;

/** `12,345` in any locale. */
const grouped = (count: number): string => count.toLocaleString('en-US');

/**
 * Runs long work with a progress bar on standard error: progress, rate and remaining time. There is no bar without a
 * terminal, and none for short work.
 * @param what names the work, as `rebuilding`, if the progress has no names of steps
 * @param unit names the counted items, as `events`, if the progress has none
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
  // loaded only when it is shown: most commands end before
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
