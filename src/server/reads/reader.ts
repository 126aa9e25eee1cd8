import { createHash } from 'node:crypto';
import { StateBackend } from '../../api/state-backend.js';
import type { Command } from '../../commands/index.js';
import { planJson } from '../../json/diff.js';
import { NotFoundError } from '../../lib/errors.js';
import { unpackJson } from '../../lib/packed-json.js';
import { reaches } from '../access.js';
import { QUERIES } from '../api/queries.js';
import { noState } from '../terraform/no-state.js';
import type { ReadJob } from './job.js';
import type { AnswerBytes } from './messages.js';
import { encode, jsonPieces, piecesOf } from './pieces.js';
import type { ReadPlace } from './runner.js';

/** Answers reads in a separate process, with its own connection. */
export interface Reader {
  /** @throws SlothError as the read does; StoreError `ANSWER_TOO_LARGE` */
  read(job: ReadJob): Promise<AnswerBytes>;
}

export async function openReader({ location, largestAnswer }: ReadPlace): Promise<Reader> {
  const options = { create: false, skipRebuild: true, connections: 1 };
  const backend = await StateBackend.open(location, options);
  const states = await backend.getTerraformStates({ cacheChars: 1 });

  async function query({ route, path, query, stacks }: Extract<ReadJob, { what: 'query' }>): Promise<AnswerBytes> {
    const definition = QUERIES.find((one) => one.path === route);
    if (!definition) throw new NotFoundError('NO_SUCH_ROUTE', `no query answers ${route}`);
    const answer = await definition.read({ backend, path, query, mayReach: (name) => reaches(stacks, name) });
    const etag = definition.etag?.(answer);
    return { ...encode(jsonPieces(answer), largestAnswer), headers: etag === undefined ? {} : { etag } };
  }

  async function plan({ command, call, stacks }: Extract<ReadJob, { what: 'plan' }>): Promise<AnswerBytes> {
    const caller = { ...call.caller, mayReach: (name: string) => reaches(stacks, name) };
    const unpacked = (await unpackJson(command)) as unknown as Command;
    const planned = await backend.execute(unpacked, { ...call, caller, dryRun: true });
    return { ...encode(jsonPieces(planJson(planned)), largestAnswer), headers: {} };
  }

  async function terraform(name: string): Promise<AnswerBytes> {
    const state = await states.get(name);
    if (!state) throw noState(name);
    const digest = createHash('md5');
    const encoded = encode(piecesOf(state.text), largestAnswer, (part) => void digest.update(part));
    return { ...encoded, headers: { 'content-type': 'application/json', 'content-md5': digest.digest('base64') } };
  }

  return {
    read: (job) => {
      if (job.what === 'query') return query(job);
      return job.what === 'plan' ? plan(job) : terraform(job.stack);
    },
  };
}
