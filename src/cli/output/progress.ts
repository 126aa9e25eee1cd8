import { Presets, SingleBar } from 'cli-progress';

/** Work shorter than this, in milliseconds, shows no bar. */
const PATIENCE = 1_000;

export interface Progress {
  /** How much of `total` is done. */
  update(done: number): void;
  stop(): void;
}

/** A bar with rate and time left on standard error, once the work has taken a second, and only where a person looks. */
export function progressBar(what: string, total: number): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar(
    { format: `${what} {bar} {percentage}% {value}/{total} {eta_formatted}`, hideCursor: true, clearOnComplete: true },
    Presets.shades_classic,
  );
  const begun = Date.now();
  let shown = false;
  return {
    update: (done) => {
      if (!shown && Date.now() - begun > PATIENCE) {
        bar.start(total, done);
        shown = true;
      }
      if (shown) bar.update(done);
    },
    stop: () => bar.stop(),
  };
}
