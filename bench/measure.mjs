// Times two or more things in turn, A B A B …, so that a machine whose speed drifts treats them alike.
import { spawnSync } from 'node:child_process';

/** Waits until the disk has what was written before, which else is written while the next thing is timed. */
export const diskAtRest = () => spawnSync('sync');

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const summary = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });

/**
 * @param subjects name → async function that does the thing once
 * @param rounds how often each is timed
 * @param times how often the thing is done in each round; a number, or by name
 * @param warmUp whether a first round is done and not counted
 * @returns name → {median, min, max} in milliseconds for one time
 */
export async function interleaved(subjects, { rounds = 7, times = 20, warmUp = true } = {}) {
  const samples = new Map(Object.keys(subjects).map((name) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const [name, once] of Object.entries(subjects)) {
      const often = typeof times === 'number' ? times : times[name];
      const begin = performance.now();
      for (let time = 0; time < often; time++) await once();
      if (round >= 0) samples.get(name).push((performance.now() - begin) / often); // the first round warms up
    }
  }
  return Object.fromEntries([...samples].map(([name, values]) => [name, summary(values)]));
}

export const milliseconds = ({ median: middle, min, max }) =>
  `${middle.toFixed(3)} ms (${min.toFixed(3)}–${max.toFixed(3)})`;

export const seconds = ({ median: middle, min, max }) =>
  `${(middle / 1000).toFixed(2)} s (${(min / 1000).toFixed(2)}–${(max / 1000).toFixed(2)})`;

/** So many in a second, of what takes so many milliseconds each. */
export const perSecond = ({ median: middle, min, max }, each = 1) => {
  const rate = (time) => Math.round((each * 1_000) / time).toLocaleString('en-US');
  return `${rate(middle)} (${rate(max)}–${rate(min)})`;
};

/** Whether a figure reaches its goal, for people. */
export const atLeast = (value, goal) => `${figure(value)} ${value >= goal ? '✓' : '✗'} ≥ ${goal}`;
export const atMost = (value, goal) => `${figure(value)} ${value <= goal ? '✓' : '✗'} ≤ ${goal}`;
const figure = (value) => value.toFixed(value < 0.1 ? 4 : 2);
