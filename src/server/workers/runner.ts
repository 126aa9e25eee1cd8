/** A thread or a process that carries out one job at a time. */
export interface Runner<Job, Result> {
  /** Calls back once it will never carry out a job again. */
  onEnd(listener: () => void): void;
  /** @throws SlothError as the job does; {@link OutOfMemory}; another error where it ended for another reason */
  run(job: Job): Promise<Result>;
  /** Ends it; at once where it is at work. */
  end(): Promise<void>;
}

/** A job took more memory than its runner may have, and ended it. */
export class OutOfMemory extends Error {}
