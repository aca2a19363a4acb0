/** Entry of a scan worker thread: the pool calls it with one task at a time. */
import { runScan } from './scan.ts';

// biome-ignore lint/style/noDefaultExport: the pool looks for the task's handler here
export default runScan;
