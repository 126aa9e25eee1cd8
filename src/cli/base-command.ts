import { Command, Errors } from '@oclif/core';
import { type OpenOptions, StateBackend } from '../index.js';
import { shownLocation } from '../lib/database-url.js';
import { NotFoundError, SlothError, StoreError } from '../lib/errors.js';
import { systemError } from '../lib/failures.js';
import { chooseDatabase, databaseNotFound } from './database-path.js';
import { DATABASE_USE } from './database-use.js';
import { globalFlags } from './flags.js';
import { checkWords } from './input.js';
import { escapeText, jsonText, safeText } from './output/escape.js';
import { withProgress } from './output/progress.js';

/** A database that holds nothing and ends with the command. */
const NO_DATABASE = ':memory:';

export interface GlobalValues {
  readonly db?: string | undefined;
  readonly actor: string;
  readonly output: 'table' | 'json';
}

/** What every command shares: the global flags, opening and closing the database, printing, and the exit code of an error. */
export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags;
  #backend: StateBackend | undefined;
  #create: (() => Promise<StateBackend>) | undefined;
  #created: string | undefined;

  /**
   * Opens the database the flags name. It is closed when the command ends. A command asks a server by one connection: to
   * make another takes longer than to ask again. What happens where there is none is in `DATABASE_USE`: a command that
   * creates one works on an empty database in memory until {@link persistent} is called.
   * @throws NotFoundError `DATABASE_NOT_FOUND`
   */
  protected async open(
    flags: Pick<GlobalValues, 'db' | 'actor'>,
    options: Pick<OpenOptions, 'asItIs' | 'source' | 'connections'> = {},
  ): Promise<StateBackend> {
    const choice = chooseDatabase(flags.db);
    const use: string | undefined = DATABASE_USE[this.id as keyof typeof DATABASE_USE];
    const openAt = (path: string, create: boolean) =>
      withProgress('rebuilding', 'events', (onProgress) =>
        StateBackend.open(path, { actor: flags.actor, source: 'cli', connections: 1, onProgress, create, ...options }),
      );
    try {
      this.#backend = await openAt(choice.path, false);
    } catch (error) {
      if (!(error instanceof NotFoundError && error.code === 'DATABASE_NOT_FOUND')) throw error;
      if (use === 'creates') {
        this.#create = async () => {
          const backend = await openAt(choice.path, true);
          if (backend.created) this.noteCreated(choice.path);
          return backend;
        };
      } else if (use === 'listing' && !choice.isNamed) {
        this.note(`There is no database yet (${choice.path}). Begin with: ${this.config.bin} stack new NAME`);
      } else throw databaseNotFound(choice, error);
      this.#backend = await openAt(NO_DATABASE, true);
    }
    return this.#backend;
  }

  /** Whether {@link persistent} will create the database, as far as is known now. */
  protected get isNew(): boolean {
    return this.#create !== undefined;
  }

  /**
   * The database that `open` was called for, created here where there was none. A command calls this when its input is
   * known to be good, so that input that is refused creates nothing.
   */
  protected async persistent(): Promise<StateBackend> {
    const create = this.#create;
    if (create) {
      this.#create = undefined;
      await this.#backend?.close();
      this.#backend = await create();
    }
    return this.#backend as StateBackend;
  }

  /** Says at the end that a database was made. An error that is printed as JSON stays alone. */
  protected noteCreated(location: string): void {
    this.#created = location;
  }

  /** Prints the result: as JSON exact and alone on standard output, or as text for people. */
  protected show({ output }: GlobalValues, json: () => unknown, text: () => string): void {
    this.write(output === 'json' ? jsonText(json(), 2) : safeText(text()));
  }

  /** A remark for people; never on standard output. */
  protected note(text: string): void {
    process.stderr.write(`${safeText(text)}\n`);
  }

  protected write(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Prints an error as JSON; where a document has been begun, it must end with it. */
  protected writeError(json: { readonly error: object }): void {
    this.write(jsonText(json, 2));
  }

  override async init(): Promise<void> {
    await super.init();
    checkWords(this.argv);
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0); // the reader has seen enough: `| head`
      this.note(`Error: standard output cannot be written (${error.message})`);
      process.exit(1);
    });
  }

  /** Sets the exit code by the kind of error; errors that are nobody's input keep their stack. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    const { code, message, hint, details, exitCode } = describe(error);
    process.exitCode = exitCode;
    if (this.wantsJson()) {
      this.writeError({ error: { code, message, ...(hint ? { hint } : {}), ...(details ? { details } : {}) } });
    } else {
      this.note(`Error: ${hasLines(error) ? message : escapeText(message)}`);
      if (hint) this.note(escapeText(hint));
    }
    if (code === 'INTERNAL') this.note(error.stack ?? '');
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    if (this.#created !== undefined && !(error && this.wantsJson())) {
      this.note(`Created database ${escapeText(shownLocation(this.#created))}.`);
    }
    await this.#backend?.close();
    await super.finally(error);
  }

  /** Whether an error is to be told as JSON. */
  protected wantsJson(): boolean {
    return this.says('--output', 'json');
  }

  /** Asked of the words themselves: the error may be that they could not be parsed. */
  protected says(flag: string, value: string): boolean {
    return this.argv.some(
      (word, index) => word === `${flag}=${value}` || (word === value && this.argv[index - 1] === flag),
    );
  }
}

/** Messages of the argument parser, of programs and of bugs may have several lines; in ours a line break is part of a value. */
const hasLines = (error: Error): boolean => !(error instanceof SlothError) || error instanceof StoreError;

interface Described {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: unknown;
  readonly exitCode: number;
}

/** The message without what oclif writes around that of a flag's own parser. */
const unwrapped = (message: string): string =>
  message.replace(/^Parsing --\S+ \n\t/, '').replace(/\n?See more help with --help$/, '');

function describe(error: Error): Described {
  if (error instanceof SlothError) {
    const { code, hint, details, exitCode } = error;
    return { code, message: unwrapped(error.message), hint, details, exitCode };
  }
  if (error instanceof Errors.CLIError) {
    const hint = 'Run the command with --help to see how it is used.';
    return { code: 'USAGE', message: unwrapped(error.message), hint, exitCode: 2 };
  }
  const ofSystem = systemError(error);
  if (ofSystem) return describe(ofSystem);
  return {
    code: 'INTERNAL',
    message: error.message,
    hint: 'This is a bug; please report it with the lines below.',
    exitCode: 1,
  };
}
