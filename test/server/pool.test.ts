import { describe, expect, onTestFinished, test } from 'vitest';
import { Pool, type PoolOptions, type Terms } from '../../src/server/workers/pool.js';
import { OutOfMemory, type Runner } from '../../src/server/workers/runner.js';

/** A pool whose jobs end when the test says so, and what it did in order. */
function controlled(options: PoolOptions = {}) {
  const began: string[] = [];
  const ends = new Map<string, { resolve: (result: string) => void; reject: (error: Error) => void }>();
  let ended = 0;
  const start = (): Runner<string, string> => {
    const listeners: (() => void)[] = [];
    return {
      onEnd: (listener) => void listeners.push(listener),
      run: (job) =>
        new Promise((resolve, reject) => {
          began.push(job);
          ends.set(job, { resolve, reject });
        }),
      end: async () => {
        ended += 1;
        for (const listener of listeners) listener();
      },
    };
  };
  const pool = new Pool(start, { size: 1, ...options });
  const run = (owner: string, job: string, terms: Partial<Terms> = {}) => {
    const result = pool.run(job, {
      owner,
      isShort: false,
      timeoutMs: 60_000,
      tooLong: () => new Error('too long'),
      tooLarge: () => new Error('too large'),
      ...terms,
    });
    result.catch(() => undefined); // some tests leave jobs unfinished, which the end of the test refuses
    return result;
  };
  onTestFinished(async () => {
    await pool.close();
    for (const { reject } of ends.values()) reject(new Error('the test ended'));
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const finish = async (job: string) => {
    ends.get(job)?.resolve(job);
    await settle();
  };
  return { pool, run, finish, settle, began, ends, ended: () => ended };
}

describe('a pool of workers', () => {
  test('takes turns between owners: the first job of one passes six jobs of another', async () => {
    const { run, finish, began } = controlled();
    const jobs = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map((job) => run('a', job));
    jobs.push(run('b', 'b1'), run('c', 'c1'), run('b', 'b2'));
    for (let n = 0; n < jobs.length; n += 1) await finish(began[n] as string);
    expect(began).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4', 'a5', 'a6']);
    expect(await Promise.all(jobs)).toHaveLength(9);
  });

  test('does short work while all long runners are busy', async () => {
    const { run, finish, began } = controlled();
    const long = ['a1', 'a2'].map((job) => run('a', job));
    const short = run('a', 'short', { isShort: true });
    expect(began).toEqual(['a1', 'short']);
    await finish('short');
    expect(await short).toBe('short');
    await finish('a1');
    await finish('a2');
    expect(await Promise.all(long)).toEqual(['a1', 'a2']);
  });

  test('does long work while short work keeps arriving', async () => {
    const { run, finish, began } = controlled();
    void run('a', 's1', { isShort: true });
    void run('a', 's2', { isShort: true });
    void run('a', 's3', { isShort: true });
    void run('b', 'long');
    await finish('s1');
    expect(began).toEqual(['s1', 's2', 'long']);
    await finish('s2');
    expect(began.at(-1)).toBe('s3');
  });

  test('refuses an owner that has too many waiting, and nobody else', async () => {
    const { run } = controlled({ waitingOfOwner: 2 });
    for (const job of ['a1', 'a2', 'a3']) void run('a', job);
    await expect(run('a', 'a4')).rejects.toMatchObject({ code: 'TOO_BUSY' });
    void run('b', 'b1');
    void run('b', 'b2');
    await expect(run('b', 'b3')).rejects.toMatchObject({ code: 'TOO_BUSY' });
  });

  test('never starts a job whose client has disconnected', async () => {
    const { run, finish, began } = controlled();
    const client = new AbortController();
    void run('a', 'a1');
    const waiting = run('a', 'a2', { signal: client.signal });
    void run('a', 'a3');
    client.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CLIENT_LEFT' });
    await finish('a1');
    expect(began).toEqual(['a1', 'a3']);
    await expect(run('a', 'a4', { signal: client.signal })).rejects.toMatchObject({ code: 'CLIENT_LEFT' });
  });

  test('stops the job of a client that has disconnected, and continues with the next', async () => {
    const { run, settle, began, ends, ended } = controlled();
    const client = new AbortController();
    const left = run('a', 'a1', { signal: client.signal });
    void run('b', 'b1');
    client.abort();
    await expect(left).rejects.toMatchObject({ code: 'CLIENT_LEFT' });
    while (ended() === 0) await settle();
    ends.get('a1')?.reject(new Error('the runner ended'));
    await settle();
    expect(began).toEqual(['a1', 'b1']);
  });

  test('reports a job that exceeds its memory, and continues in another runner', async () => {
    const { run, finish, settle, ends } = controlled();
    const large = run('a', 'a1');
    const next = run('a', 'a2');
    ends.get('a1')?.reject(new OutOfMemory());
    await expect(large).rejects.toThrow('too large');
    await settle();
    await finish('a2');
    expect(await next).toBe('a2');
  });

  test('ends work that takes too long', async () => {
    const { run, ended } = controlled();
    await expect(run('a', 'a1', { timeoutMs: 1 })).rejects.toThrow('too long');
    expect(ended()).toBe(1);
  });

  test('refuses queued and running jobs when it is closed', async () => {
    const { pool, run, ends, ended } = controlled();
    const refused = ['a1', 'a2'].map((job) => expect(run('a', job)).rejects.toMatchObject({ code: 'TOO_BUSY' }));
    await pool.close();
    ends.get('a1')?.reject(new Error('the runner ended'));
    await Promise.all(refused);
    expect(ended()).toBe(1);
    await expect(run('a', 'a3')).rejects.toMatchObject({ code: 'TOO_BUSY' });
  });
});
