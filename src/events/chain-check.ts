import type { StoredEvent } from './envelope.js';
import { GENESIS_HASH, hashEvent } from './hash-chain.js';
import { isSameCommit } from './same-commit.js';

/** The first problem of a log, in the order of its positions. */
export interface ChainProblem {
  readonly position: number;
  readonly stream: number;
  /** The violated rule: the field it is about, or `hash`. */
  readonly field: 'position' | 'stream' | 'revision' | 'version' | 'text' | 'commit' | 'hash';
  readonly expected: string | number;
  readonly actual: string | number;
}

export interface ChainChecker {
  /** Checks the next event of the log. After a problem, the result for later events has no meaning. */
  next(event: StoredEvent): ChainProblem | undefined;
  /** Continues at another position of the log, whose previous hash is trusted: for a log read stream by stream. */
  seek(position: number, hash: string): void;
  /** The position and recomputed hash of the last valid event. */
  readonly position: number;
  readonly hash: string;
}

interface StreamEnd {
  revision: number;
  version: number;
}

/**
 * Checks a log: positions and revisions without gaps, streams that begin with themselves, versions that grow by at most one
 * in a commit, commits whose events are consecutive, no line feed in any field (docs/adr/0002), and each hash. Keeps only
 * two numbers for each stream.
 * @param start the position and hash of the event before the first one passed; without it, the log is checked from its
 * beginning. A log that is checked from the middle is trusted before that position, and so is each stream's first revision.
 */
export function checkChain(start: { readonly position: number; readonly hash: string } = BEGINNING): ChainChecker {
  const whole = start.position === 0;
  const ends = new Map<number, StreamEnd>();
  let { position, hash } = start;
  let commit: StoredEvent | undefined;

  const problemOf = (event: StoredEvent, found: string): ChainProblem | undefined => {
    const { stream } = event;
    const wrong = (field: ChainProblem['field'], expected: string | number, actual: string | number) => ({
      position: event.position,
      stream,
      field,
      expected,
      actual,
    });
    if (event.position !== position + 1) return wrong('position', position + 1, event.position);
    if (hasLineFeed(event)) return wrong('text', 'no line feed', 'a line feed');
    if (found !== event.hash) return wrong('hash', found, event.hash);

    const end = ends.get(stream);
    const begins = !end && (whole || stream > start.position);
    if (begins && stream !== event.position) return wrong('stream', event.position, stream);
    if (begins && event.type !== 'StackCreated') return wrong('commit', 'StackCreated first', event.type);
    const revision = end ? end.revision + 1 : begins ? 1 : event.revision;
    if (event.revision !== revision) return wrong('revision', revision, event.revision);

    if (commit && isSameCommit(commit, event)) {
      const { meta, recordedAt, version } = commit;
      if (meta !== event.meta) return wrong('commit', meta, event.meta);
      if (recordedAt !== event.recordedAt) return wrong('commit', recordedAt, event.recordedAt);
      if (version !== event.version) return wrong('version', version, event.version);
    } else {
      const before = end ? end.version : begins ? 0 : event.version;
      if (event.version !== before && event.version !== before + 1) return wrong('version', before + 1, event.version);
    }
    return undefined;
  };

  return {
    next(event) {
      const found = hashEvent(hash, event);
      const problem = problemOf(event, found);
      if (problem) return problem;
      const end = ends.get(event.stream);
      if (end) {
        end.revision = event.revision;
        end.version = event.version;
      } else ends.set(event.stream, { revision: event.revision, version: event.version });
      commit = event;
      position = event.position;
      hash = found;
      return undefined;
    },
    seek(toPosition, toHash) {
      position = toPosition;
      hash = toHash;
    },
    get position() {
      return position;
    },
    get hash() {
      return hash;
    },
  };
}

const BEGINNING = { position: 0, hash: GENESIS_HASH };

/** With one in a field, two different rows could have the same bytes to hash. */
const hasLineFeed = ({ type, data, meta, recordedAt, commandId }: StoredEvent): boolean =>
  data.includes('\n') ||
  meta.includes('\n') ||
  type.includes('\n') ||
  recordedAt.includes('\n') ||
  commandId.includes('\n');
