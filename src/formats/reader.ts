import type * as z from 'zod';
import { InvalidInputError } from '../lib/errors.js';
import { decodeUtf8, FILE_LIMITS, type Json, parseJson } from '../lib/json.js';
import { checkShape } from '../lib/parse-input.js';

/** Parses documents of one kind. `what` names the file in errors. */
export interface Reader {
  /** @throws InvalidInputError for invalid JSON */
  parse(document: Uint8Array | string, what: string): Json;
  /** @throws InvalidInputError with the path of the problem */
  check(schema: z.ZodType, value: Json, what: string): void;
  problem(what: string, field: string, problem: string): InvalidInputError;
}

/** @param kind completes "FILE is no …" */
export function readerOf(code: string, kind: string, hint: string): Reader {
  const problem = (what: string, field: string, text: string): InvalidInputError =>
    new InvalidInputError(code, `${what} is no ${kind}: ${field}: ${text}`, { hint, details: { field, file: what } });
  return {
    problem,
    parse: (document, what) => {
      const text = typeof document === 'string' ? document : decodeUtf8(document, what);
      if (text.trim() === '') throw problem(what, 'document', 'it is empty');
      return parseJson(text, what, FILE_LIMITS);
    },
    check: (schema, value, what) => {
      const issue = checkShape(schema, value).error?.issues[0];
      if (issue) throw problem(what, issue.path.map(String).join('.') || 'document', issue.message);
    },
  };
}
