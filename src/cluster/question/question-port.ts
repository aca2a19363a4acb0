/** One shard as a process that gathers answers sees it: a `PartServer` of its own process, or calls to that of another. */
import type { CancelSignal } from '../../base/cancel-source.ts';
import type { FurtherAnswer, FurtherAsk } from '../../engine/answer/further.ts';
import type { PartAnswer, PartRequest } from '../../engine/answer/part-server.ts';

/** Errors keep their code; `shard_unavailable` is what a shard fails with that cannot be asked. A call ends soon after its signal aborts. */
export interface QuestionPort {
  open(request: PartRequest, signal: CancelSignal): Promise<PartAnswer>;
  further(handle: number, ask: FurtherAsk, signal: CancelSignal): Promise<FurtherAnswer>;
  /** Never fails; who cannot be told needs not be told, as handles end by themselves. */
  close(handle: number): void;
  /** Holds back what goes from this shard to others, and waits until what went has come; the number is for `lower`. Ends by itself after a second. */
  raise?(signal: CancelSignal): Promise<number>;
  lower?(fence: number): void;
}
