/** Entry of a scan worker thread: the pool calls `runScan` with one task at a time. */
export { runScan } from './scan.ts';
