import { Command } from '@oclif/core';
import {
  type CallOptions,
  type Command as Change,
  type Execution,
  type LogHead,
  type OpenOptions,
  StateBackend,
} from '../index.js';
import { holdsPassword, isMemory, MEMORY, shownLocation } from '../lib/database-url.js';
import { NotFoundError } from '../lib/errors.js';
import { chooseAnyDatabase, chooseDatabase, type DatabaseChoice, databaseNotFound } from './database-path.js';
import { DATABASE_USE } from './database-use.js';
import { reportOf, says } from './error-report.js';
import { globalFlags } from './flags.js';
import { checkWords } from './input.js';
import { LISTINGS } from './listings.js';
import { escapeText, jsonText, safeText } from './output/escape.js';
import { withProgress } from './output/progress.js';
import { endWithOutput, keepErrorText } from './output/streams.js';

/** Flags that say where a database is. */
const LOCATION_FLAGS = ['--db', '--from', '--to', '--target'];

const passwordShown = (flag: string): string =>
  `${flag} holds a password, and every user of this machine can read the words of a command (ps). Put the URL into a file of mode 0600 that SLOTH_RUNNER_DB_FILE names, or the password into PGPASSWORD or a password file.`;

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
   * creates one has an empty database in memory until {@link execute} or {@link persistent} is called.
   * @throws NotFoundError `DATABASE_NOT_FOUND`
   */
  protected async open(
    flags: Pick<GlobalValues, 'db' | 'actor'>,
    options: Pick<OpenOptions, 'asItIs' | 'source' | 'connections'> = {},
  ): Promise<StateBackend> {
    const choice = this.#choose(flags.db);
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
      this.#backend = await openAt(MEMORY, true);
    }
    return this.#backend;
  }

  #choose(named: string | undefined): DatabaseChoice {
    if (!this.takesMemory) return chooseDatabase(named);
    const choice = chooseAnyDatabase(named);
    if (isMemory(choice.path))
      this.warning(`the database is in memory (${choice.path}): all of it is lost when ${this.id} ends`);
    return choice;
  }

  /** Whether a database in memory is of use: not to a command that ends at once, and the database with it. */
  protected readonly takesMemory: boolean = false;
  /** Whether {@link persistent} will create the database, as far as is known now. */
  protected get isNew(): boolean {
    return this.#create !== undefined;
  }

  /**
   * Carries out a change on the database that `open` was called for. Where there is none, the change is first planned on
   * the empty one in memory, so that a change that is refused creates nothing.
   */
  protected async execute(change: Change, call: CallOptions = {}): Promise<Execution> {
    if (this.#create) await this.#backend?.execute(change, { ...call, dryRun: true });
    return (await this.persistent()).execute(change, call);
  }

  /** The database that `open` was called for, created here where there was none. */
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

  /** What a person should change, though the command goes on. */
  protected warning(text: string): void {
    this.note(`Warning: ${escapeText(text)}`);
  }

  /** A job that runs each night on the wrong database must not look like one that works. `done` says what was to be done. */
  protected warnWhereEmpty(head: LogHead, location: string, done: string): void {
    if (head.position > 0) return;
    this.warning(
      `the log is empty: no event was ${done}. Check that this is the database meant: ${shownLocation(location)}`,
    );
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
    endWithOutput(LISTINGS.has(this.id ?? ''));
    for (const flag of LOCATION_FLAGS) if (this.#givesPassword(flag)) this.warning(passwordShown(flag));
  }

  #givesPassword(flag: string): boolean {
    return this.argv.some((word, index) => {
      const location =
        this.argv[index - 1] === flag ? word : word.startsWith(`${flag}=`) ? word.slice(flag.length + 1) : '';
      return holdsPassword(location);
    });
  }

  /** Sets the exit code by the kind of error; errors that are nobody's input keep their stack. */
  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    const { exitCode, text, json, stack } = reportOf(error);
    process.exitCode = exitCode;
    if (this.wantsJson()) {
      keepErrorText(text);
      this.writeError(json);
    } else this.note(text);
    if (stack !== undefined) this.note(stack);
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
    return says(this.argv, flag, value);
  }
}
