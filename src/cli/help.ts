import { type Command, Help as OclifHelp } from '@oclif/core';
import { shownLocation } from '../lib/database-url.js';
import { SlothError } from '../lib/errors.js';
import { chooseDatabase } from './database-path.js';
import { escapeText } from './output/escape.js';

/** Standard help, and the database that a command would use. */
export default class Help extends OclifHelp {
  override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    this.log(`${this.#database()}\n`);
    this.log(
      this.section(
        'START HERE',
        [
          'sloth-runner stack import web --from terraform terraform.tfstate',
          'sloth-runner stack state list',
          'sloth-runner stack state versions web',
        ].join('\n'),
      ),
    );
  }

  override formatCommand(command: Command.Loadable): string {
    return `${super.formatCommand(command)}\n\n${this.#database()}`;
  }

  #database(): string {
    return this.section('DATABASE', databaseText());
  }
}

/** If no database can be chosen, help shows the reason. */
function databaseText(): string {
  try {
    const { path, why } = chooseDatabase(process.env.SLOTH_RUNNER_DB);
    return `${escapeText(shownLocation(path))}\n(${escapeText(why)})`;
  } catch (error) {
    if (!(error instanceof SlothError)) throw error;
    return `(none: ${escapeText(error.message)})`;
  }
}
