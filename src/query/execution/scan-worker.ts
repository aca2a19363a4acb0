/** Entry of a scan worker thread: the pool calls `runScan` with several tasks at a time, which take turns on the thread. */
import { stepBack } from '../../runtime/thread-priority.ts';
import { nextTurn } from '../../runtime/turn.ts';
import { faultsAsAnswers } from '../../runtime/worker-fault.ts';
import { runInQuanta } from './quantum.ts';
import { type Scan, type ScanOutcome, type ScanTask, scanSteps } from './scan.ts';

export const runScan = faultsAsAnswers(
  (task: ScanTask): Promise<ScanOutcome<Scan>> => runInQuanta(scanSteps(task), nextTurn),
);

stepBack();
