/**
 * A whole cluster in one thread, under faults, from the even seeds: shards and routers that are killed and started at any moment, cut and slow links, disks that fail, clocks
 * that step, slots that move; clients that send until all is acknowledged. What is checked, and when, is told in `run.ts` and the README here.
 */
import { testSeeds } from './seeds.ts';

testSeeds(0);
