import { StoreError } from '../../lib/errors.js';
import { stringifyJson } from '../../lib/json.js';
import type { AnswerBytes } from './messages.js';

/** Characters of a piece: encoding it takes a fraction of a millisecond. */
const PIECE = 512 * 1024;

/** A text in pieces. No piece ends between the halves of a surrogate pair. */
export function* piecesOf(text: string): Generator<string, void, undefined> {
  for (let from = 0; from < text.length; ) {
    const end = from + PIECE;
    const isPair = /[\ud800-\udbff]/.test(text.charAt(end - 1)) && end < text.length;
    const to = isPair ? end + 1 : end;
    yield text.slice(from, to);
    from = to;
  }
}

/**
 * The JSON of a document, in pieces, so that its whole text is never in memory. The items of each list of the document are
 * written one by one.
 */
export function* jsonPieces(document: unknown): Generator<string, void, undefined> {
  let piece = '{';
  let isFirst = true;
  for (const [key, value] of Object.entries(document as object)) {
    if (value === undefined) continue;
    piece += `${isFirst ? '' : ','}${JSON.stringify(key)}:`;
    isFirst = false;
    if (!Array.isArray(value)) piece += stringifyJson(value);
    else {
      piece += '[';
      for (const [place, item] of value.entries()) {
        piece += `${place === 0 ? '' : ','}${stringifyJson(item)}`;
        if (piece.length < PIECE) continue;
        yield piece;
        piece = '';
      }
      piece += ']';
    }
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}}`;
}

/** @throws StoreError `ANSWER_TOO_LARGE` above the limit in bytes */
export function encode(pieces: Iterable<string>, most: number, onPart?: (part: Uint8Array) => void) {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const part = encoder.encode(piece);
    bytes += part.length;
    if (bytes > most) throw answerTooLarge(`has more than ${most} bytes`);
    parts.push(part);
    onPart?.(part);
  }
  return { parts, bytes } satisfies Omit<AnswerBytes, 'headers'>;
}

export const answerTooLarge = (problem: string): StoreError =>
  new StoreError('ANSWER_TOO_LARGE', `the answer ${problem}`, {
    hint: 'Read a part of it: resources by pages, one resource, or fewer events. The operator can give the server more heap with NODE_OPTIONS=--max-old-space-size=MIB.',
  });
