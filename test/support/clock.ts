import type { Clock } from '../../src/index.js';

/** A clock that only moves when a test moves it, also backwards. */
export class TestClock implements Clock {
  #time = Date.parse('2026-01-01T00:00:00.000Z');

  now(): string {
    return new Date(this.#time).toISOString();
  }

  advance(milliseconds: number): void {
    this.#time += milliseconds;
  }
}
