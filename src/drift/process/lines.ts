const LINE_FEED = 0x0a;

export interface Line {
  /** 1, 2, 3 … */
  readonly number: number;
  /** Without its line feed; undefined if the line is too long: it was skipped. */
  readonly bytes: Buffer | undefined;
}

/** The lines of a program's output; the last may lack its line feed. Memory holds one line at a time. */
export async function* linesOf(stream: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let number = 0;
  let begun: Buffer[] = [];
  let length = 0;
  const add = (bytes: Buffer): void => {
    length += bytes.length;
    if (length <= maxBytes) begun.push(bytes);
    else begun = [];
  };
  const line = (): Line => {
    const bytes = length > maxBytes ? undefined : Buffer.concat(begun);
    begun = [];
    length = 0;
    return { number: ++number, bytes };
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      add(chunk.subarray(start, end));
      yield line();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield line();
}

/** Longer lines on standard error are not meant for people. */
const MAX_SAID = 64 * 1024;

/** A program's standard error, line by line; invalid UTF-8 shows as U+FFFD. Resolves with its last lines. */
export async function readWords(
  stream: AsyncIterable<Buffer>,
  keep: number,
  note: ((line: string) => void) | undefined,
): Promise<readonly string[]> {
  const last: string[] = [];
  for await (const { bytes } of linesOf(stream, MAX_SAID)) {
    const said = bytes === undefined ? `(a line of more than ${MAX_SAID} bytes)` : bytes.toString().trimEnd();
    if (said === '') continue;
    note?.(said);
    if (last.push(said) > keep) last.shift();
  }
  return last;
}
