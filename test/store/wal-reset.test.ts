import { expect, test } from 'vitest';
import { commandLine } from '../support/cli.js';
import { provenLog } from '../support/database.js';
import { requireGdb, stoppedAt, withoutGdb } from '../support/gdb.js';

/** Commands whose pages fill the write-ahead log before the checkpoint, and those of the command line afterwards. */
const BEFORE = 40;
const WHILE_STOPPED = 6;
const AFTER = 6;

/**
 * SQLite before 3.51.3: a process that is about to checkpoint has read the length of the write-ahead log. While it waits, a
 * writer restarts that log. The process then marks the writer's new frames as copied, and they are lost when the log is
 * next restarted (https://sqlite.org/wal.html#walresetbug).
 */
test.skipIf(withoutGdb())(
  'commands acknowledged while another process is about to checkpoint are all kept',
  {
    timeout: 300_000,
  },
  async () => {
    requireGdb();
    const cli = commandLine();
    const acknowledged: { last_position: number; hash: string }[] = [];
    const set = async (n: number) =>
      acknowledged.push(await cli.json('stack', 'resource', 'set', 'web', `item.r${n}`, '-p', `n=${n}`));
    {
      await using holder = await cli.open({ actor: 'holder' });
      const manager = holder.getStackManager();
      await manager.createStack({ name: 'web' });
      for (let n = 0; n < BEFORE; n++) {
        await manager.setResource('web', { type: 'item', name: `r${n}`, properties: { n: -1 } });
      }
      const checkpointer = await stoppedAt('walCheckpoint', 'checkpointer.mjs', cli.db);
      for (let n = 0; n < WHILE_STOPPED; n++) await set(n);
      await checkpointer.resume();
      for (let n = 0; n < AFTER; n++) await set(WHILE_STOPPED + n);
    }
    const events = await provenLog(cli.db);
    const kept = acknowledged.filter(({ last_position: position, hash }) => events[position - 1]?.hash === hash);
    expect(kept.map(({ last_position }) => last_position)).toEqual(
      Array.from(acknowledged, (_, index) => 2 + BEFORE + index),
    );
    expect(kept).toHaveLength(WHILE_STOPPED + AFTER);
    expect(events).toHaveLength(1 + BEFORE + kept.length);
  },
);
