import { once } from 'node:events';
import type { OnProgress } from '../index.js';
import { BaseCommand } from './base-command.js';
import { jsonText } from './output/escape.js';
import { withProgress } from './output/progress.js';
import { endWithOutput } from './output/streams.js';

/** Characters buffered before they are written. */
const PIECE = 1 << 16;

/**
 * What standard output contains so far. `document`: one JSON document is open. `lines`: one JSON document on each line.
 * `foreign`: a format that an error cannot be part of.
 */
type Shape = 'nothing' | 'document' | 'lines' | 'foreign';

/**
 * For output that may be larger than memory: it is written in pieces, with back-pressure from the reader. JSON stays
 * complete in any case: an error in the middle ends the document, as its `error`.
 */
export abstract class StreamingCommand extends BaseCommand {
  #shape: Shape = 'nothing';
  #items = 0;
  #piece = '';

  protected async emit(text: string): Promise<void> {
    this.#piece += text;
    if (this.#piece.length >= PIECE) await this.flush();
  }

  /** Writes the buffer, and waits until it is accepted. */
  protected async flush(): Promise<void> {
    const piece = this.#piece;
    this.#piece = '';
    if (piece !== '') endWithOutput(true); // the command only prints
    if (piece !== '' && !process.stdout.write(piece)) await once(process.stdout, 'drain');
  }

  /** Begins a JSON document whose first field is a list; `endDocument` must follow. */
  protected async beginDocument(list: string): Promise<void> {
    this.#shape = 'document';
    await this.emit(`{\n  ${jsonText(list)}: [`);
  }

  /** The next item of the list, on its own line. */
  protected async addItem(item: unknown): Promise<void> {
    await this.emit(`${this.#items++ === 0 ? '' : ','}\n    ${jsonText(item)}`);
  }

  /** Ends the list and the document; `rest` are its other fields. */
  protected async endDocument(rest: object): Promise<void> {
    this.#shape = 'nothing';
    await this.emit(this.#ending(rest));
  }

  #ending(rest: object): string {
    const fields = Object.keys(rest).length === 0 ? '\n}' : `,${jsonText(rest, 2).slice(1)}`;
    return `${this.#items === 0 ? '' : '\n  '}]${fields}\n`;
  }

  /** Prints one JSON document on one line, at once. */
  protected async emitLine(json: unknown): Promise<void> {
    this.#shape = 'lines';
    await this.emit(`${jsonText(json)}\n`);
    await this.flush();
  }

  /** From here on standard output contains another format than this command's own. */
  protected beginForeign(): void {
    this.#shape = 'foreign';
  }

  /** Shows a progress bar, unless output goes to the same screen. */
  protected withProgressAside<T>(what: string, unit: string, run: (onProgress: OnProgress) => Promise<T>): Promise<T> {
    return process.stdout.isTTY ? run(() => {}) : withProgress(what, unit, run);
  }

  protected override writeError(json: { readonly error: object }): void {
    if (this.#shape === 'document') this.#piece += this.#ending(json);
    else if (this.#shape === 'lines') this.#piece += `${jsonText(json)}\n`;
    else if (this.#shape === 'foreign') this.note(jsonText(json, 2));
    else super.writeError(json);
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    await this.flush();
    await super.finally(error);
  }
}
