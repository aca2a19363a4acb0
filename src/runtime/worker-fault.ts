/**
 * Errors on their way out of a worker thread. What is thrown there is cloned, and a clone of an `EngineError` is a plain `Error` without its
 * code; so it leaves the worker as an answer, and is thrown again where the task was given.
 */
import { EngineError, type ErrorCode, type ErrorSpan } from '../model/error.ts';

interface WorkerFault {
  readonly workerFault: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>> | undefined;
    readonly span: ErrorSpan | undefined;
    readonly retryAfterMs: number | undefined;
    readonly stack: string | undefined;
  };
}

/** What a worker exports in place of `run`. */
export function faultsAsAnswers<Task, Answer>(
  run: (task: Task) => Answer | Promise<Answer>,
): (task: Task) => Promise<Answer | WorkerFault> {
  return async (task) => {
    try {
      return await run(task);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const { code, message, details, span, retryAfterMs, stack } = error;
      return { workerFault: { code, message, details, span, retryAfterMs, stack } };
    }
  };
}

/** Gives the answer, or throws what it stands for. */
export function answerOrFault(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('workerFault' in answer)) return answer;
  const { code, message, details, span, retryAfterMs, stack } = (answer as WorkerFault).workerFault;
  const error = new EngineError(code, message, { details, span, retryAfterMs });
  if (stack !== undefined) error.stack = stack;
  throw error;
}
