/** A thread or a process that carries out one job at a time. */
export interface Runner<Job, Result> {
  /** Calls back once it can never carry out a job again. */
  onEnd(listener: () => void): void;
  /** @throws SlothError as the job does; {@link OutOfMemory}; another error if it ended for another reason */
  run(job: Job): Promise<Result>;
  /** Ends it; at once if it has a job. */
  end(): Promise<void>;
}

/** A job used more memory than its runner may have, and ended it. */
export class OutOfMemory extends Error {}
