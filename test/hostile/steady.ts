/**
 * One server for a test file of hostile input, and the proof that it stands: up, answering, keeping its data and its memory. It has a form:
 * one process, or a cluster of them (`cluster.test.ts` runs the same files again), which all files that run together share.
 */
import { expect } from 'vitest';
import type { ClusterView } from '../../src/model/cluster.ts';
import { ERROR_STATUS } from '../../src/model/error.ts';
import { type Answer, KithProcess, temporaryFolder } from '../process/kith-process.ts';
import { formFlags, serverForm } from '../process/server-form.ts';

/** Far more than anything here should leave behind, far less than what the input claims. */
const MEMORY_GROWTH_MAX_BYTES = 400 * 2 ** 20;

let shared: Promise<SteadyServer> | undefined;

export class SteadyServer {
  readonly kith: KithProcess;
  /** Of the cluster; empty where there is one process. */
  readonly #members: readonly number[];
  readonly #startBytes: number;

  private constructor(kith: KithProcess, members: readonly number[]) {
    this.kith = kith;
    this.#members = members;
    this.#startBytes = kith.memoryBytes();
  }

  /** `shards`: of one process. */
  static start(shards = 1): Promise<SteadyServer> {
    if (serverForm() === 'process') return SteadyServer.#start(shards);
    shared ??= SteadyServer.#start(shards);
    return shared;
  }

  static async #start(shards: number): Promise<SteadyServer> {
    const kith = await KithProcess.start({ data: temporaryFolder(true), flags: formFlags(shards), isShared: true });
    const witness = { type: 'identify', userId: 'witness', messageId: 'witness-1', traits: { city: 'Łódź' } };
    expect((await kith.post('/v1/identify', witness)).status).toBe(200);
    return new SteadyServer(kith, serverForm() === 'cluster' ? pidsOf((await kith.call('/v1/cluster')).json) : []);
  }

  /** To be asked after every blow. */
  async expectSteady(): Promise<void> {
    const { kith } = this;
    const [lookup, health] = await Promise.all([kith.call('/v1/profiles/witness'), kith.call('/health')]);
    expect(health.status).toBe(200);
    expect(lookup.json).toMatchObject({ traits: { city: 'Łódź' }, counts: {} });
    expect(kith.isAlive).toBe(true);
    // What died and was started again has another number.
    if (this.#members.length > 0) expect(pidsOf((await kith.call('/v1/cluster')).json)).toEqual(this.#members);
    expect(kith.memoryBytes() - this.#startBytes).toBeLessThan(MEMORY_GROWTH_MAX_BYTES);
    // Our own mistakes are logged as errors; a caller's never.
    expect(kith.stderr).not.toContain('"level":"error"');
    expect(kith.stderr).not.toContain('"level":50');
  }
}

function pidsOf({ shards, routers }: ClusterView): number[] {
  return [...shards, ...routers].map(({ pid }) => pid);
}

/** A refusal as callers know it: a stable code with its status, and none that means a mistake of ours. */
export function expectRefused(answer: Answer, codes?: readonly string[]): void {
  const code = answer.json?.error?.code as keyof typeof ERROR_STATUS;
  expect(answer.text).toContain('"code"');
  expect(ERROR_STATUS[code]).toBe(answer.status);
  expect(code).not.toBe('internal');
  if (codes !== undefined) expect(codes).toContain(code);
}

/** Either taken or refused in the proper form. */
export function expectProper(answer: Answer): void {
  if (answer.status !== 200) expectRefused(answer);
}
