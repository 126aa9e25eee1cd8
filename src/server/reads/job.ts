/** What a process is to read: one of the queries of the API, or a state as Terraform has it. */
export type ReadJob =
  | {
      readonly what: 'query';
      /** Which query, by its path in the table of routes. */
      readonly route: string;
      /** The parts of the path that stand in braces; a stack by its id. */
      readonly path: Readonly<Record<string, string>>;
      readonly query: Readonly<Record<string, unknown>>;
      /** Of the principal, see {@link Principal.stacks}. */
      readonly stacks: readonly string[];
    }
  | { readonly what: 'terraform'; readonly stack: string };
