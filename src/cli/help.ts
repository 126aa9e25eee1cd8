import { type Command, Help as OclifHelp } from '@oclif/core';
import { shownLocation } from '../lib/database-url.js';
import { chooseDatabase } from './database-path.js';

/** Standard help, and which database a command would use. */
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
    const { path, why } = chooseDatabase(process.env.SLOTH_RUNNER_DB);
    return this.section('DATABASE', `${shownLocation(path)}\n(${why})`);
  }
}
