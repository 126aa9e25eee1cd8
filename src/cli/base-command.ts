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

/** Flags that name the database. */
const LOCATION_FLAGS = ['--db', '--from', '--to', '--target'];

const passwordShown = (flag: string): string =>
  `${flag} contains a password, and every user of this machine can read the arguments of a command (ps). Put the URL into a file of mode 0600 that SLOTH_RUNNER_DB_FILE names, or the password into PGPASSWORD or a password file.`;

export interface GlobalValues {
  readonly db?: string | undefined;
  readonly actor: string;
  readonly output: 'table' | 'json';
}

/** Shared by all commands: the global flags, opening and closing the database, printing, and the exit code of an error. */
export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags;
  #backend: StateBackend | undefined;
  #create: (() => Promise<StateBackend>) | undefined;
  #created: string | undefined;

  /**
   * Opens the database that the flags name. It is closed when the command ends. A command uses a single connection to a
   * server, because opening another takes longer than another query. `DATABASE_USE` defines what happens if the database
   * does not exist: a command that creates one has an empty database in memory until {@link execute} or
   * {@link persistent} is called.
   * @throws NotFoundError `DATABASE_NOT_FOUND`
   */
  protected async open(
    flags: Pick<GlobalValues, 'db' | 'actor'>,
    options: Pick<OpenOptions, 'skipRebuild' | 'source' | 'connections'> = {},
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

  /** Whether a database in memory is useful. It is not for a command that ends at once, together with the database. */
  protected readonly takesMemory: boolean = false;
  /** Whether {@link persistent} is expected to create the database. */
  protected get isNew(): boolean {
    return this.#create !== undefined;
  }

  /**
   * Carries out a change on the database that `open` was called for. If it does not exist, the change is first planned on
   * the empty one in memory, so that a refused change creates nothing.
   */
  protected async execute(change: Change, call: CallOptions = {}): Promise<Execution> {
    if (this.#create) await this.#backend?.execute(change, { ...call, dryRun: true });
    return (await this.persistent()).execute(change, call);
  }

  /** The database that `open` was called for; created here if it does not exist. */
  protected async persistent(): Promise<StateBackend> {
    const create = this.#create;
    if (create) {
      this.#create = undefined;
      await this.#backend?.close();
      this.#backend = await create();
    }
    return this.#backend as StateBackend;
  }

  /** Reports at the end that a database was created. An error that is printed as JSON stays the only output. */
  protected noteCreated(location: string): void {
    this.#created = location;
  }

  /** Prints the result: as JSON, exact and alone on standard output, or as text for people. */
  protected show({ output }: GlobalValues, json: () => unknown, text: () => string): void {
    this.write(output === 'json' ? jsonText(json(), 2) : safeText(text()));
  }

  /** Prints a remark for people; never on standard output. */
  protected note(text: string): void {
    process.stderr.write(`${safeText(text)}\n`);
  }

  /** Warns about something that a person should change; the command continues. */
  protected warning(text: string): void {
    this.note(`Warning: ${escapeText(text)}`);
  }

  /**
   * Warns about an empty database: a nightly job on the wrong database must not look successful. `done` names the action.
   */
  protected warnWhereEmpty(head: LogHead, location: string, done: string): void {
    if (head.position > 0) return;
    this.warning(
      `the log is empty: no event was ${done}. Check that this is the database meant: ${shownLocation(location)}`,
    );
  }

  protected write(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Prints an error as JSON. If a JSON document is open, the error ends it. */
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

  /** Sets the exit code by the kind of error. Internal errors keep their stack. */
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

  /** Whether errors are printed as JSON. */
  protected wantsJson(): boolean {
    return this.says('--output', 'json');
  }

  /** Checks the arguments themselves, because the error may be that they could not be parsed. */
  protected says(flag: string, value: string): boolean {
    return says(this.argv, flag, value);
  }
}
