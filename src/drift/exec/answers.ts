import {
  DOCUMENT_LIMITS,
  decodeUtf8,
  isJsonObject,
  type Json,
  type JsonObject,
  parseJson,
  stringifyJson,
} from '../../lib/json.js';
import type { Line } from '../process/lines.js';
import type { ExpectedResource, Observation } from '../source.js';

/** The longest line in bytes. */
export const MAX_LINE = DOCUMENT_LIMITS.maxBytes;

/** The fields of each resource that the program gets, one resource a line. */
export function* requests(batch: readonly ExpectedResource[]): Generator<string> {
  for (const { address, id, module, type, name, properties } of batch) {
    yield `${stringifyJson({ address, id, module, type, name, properties })}\n`;
  }
}

/** A result may repeat the request's other fields, as a program does that copies its input. */
const FIELDS = ['address', 'id', 'module', 'type', 'name', 'properties', 'error'];

/**
 * Collects the results of one process for its batch. An invalid line is an error of the resource it names; if it names none,
 * it is recorded, and reported for the resources without a result.
 */
export class Answers {
  readonly #unanswered: Map<string, ExpectedResource>;
  readonly #asked: ReadonlySet<string>;
  readonly #note: ((line: string) => void) | undefined;
  #problem: string | undefined;

  constructor(batch: readonly ExpectedResource[], note: ((line: string) => void) | undefined) {
    this.#unanswered = new Map(batch.map((resource) => [resource.address, resource]));
    this.#asked = new Set(this.#unanswered.keys());
    this.#note = note;
  }

  get unanswered(): readonly ExpectedResource[] {
    return [...this.#unanswered.values()];
  }

  /** The reason for the missing results. */
  get silence(): string {
    return this.#problem === undefined ? 'no answer' : `no answer; ${this.#problem}`;
  }

  take({ number, bytes }: Line): Observation | undefined {
    const where = `line ${number} of its output`;
    if (bytes === undefined) return this.#passOver(`${where} is longer than ${MAX_LINE} bytes`);
    if (bytes.toString('latin1').trim() === '') return undefined;
    let answer: Json;
    try {
      answer = parseJson(decodeUtf8(bytes, where), where);
    } catch (error) {
      return this.#passOver(`${where} is not valid JSON`, (error as Error).message);
    }
    const { address } = isJsonObject(answer) ? answer : {};
    if (!isJsonObject(answer) || typeof address !== 'string') return this.#passOver(`${where} names no address`);
    if (!this.#asked.has(address)) return this.#passOver(`${where} names "${address}", which it was not asked for`);
    if (!this.#unanswered.delete(address)) {
      this.#note?.(`${where} answers "${address}" a second time: the first answer counts`);
      return undefined;
    }
    return read(address, answer, where);
  }

  #passOver(problem: string, details = problem): undefined {
    this.#problem ??= problem;
    this.#note?.(`${details}: passed over`);
  }
}

function read(address: string, answer: JsonObject, where: string): Observation {
  const { properties, error } = answer;
  const wrong = (problem: string): Observation => ({ address, error: `${where}: ${problem}` });
  const strange = Object.keys(answer).find((key) => !FIELDS.includes(key));
  if (strange !== undefined) return wrong(`unknown field "${strange}" in a result`);
  if (error !== undefined) {
    return typeof error === 'string' && error !== '' ? { address, error } : wrong('"error" must be text');
  }
  if (properties === null || isJsonObject(properties)) return { address, actual: properties };
  return wrong('"properties" must be an object, or null where the resource is gone');
}
