/** Entry of a scan worker thread: the pool calls `runScan` with one task at a time. */
import { stepBack } from '../../runtime/thread-priority.ts';

export { runScan } from './scan.ts';

stepBack();
