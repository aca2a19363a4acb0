import { describe, expect, test } from 'vitest';
import { asAdmin, asReader, asWriter, call, currentForm, perShard, post, raw, rig, stream } from './harness.ts';

describe('health and readiness', () => {
  test('follow the engine', async () => {
    const { engine, url } = await rig();
    expect((await call(`${url}/health`)).json).toEqual({ status: 'ok' });
    expect((await call(`${url}/ready`)).json).toEqual({ status: 'ready' });
    engine.isReady = false;
    const answer = await call(`${url}/ready`);
    expect([answer.status, answer.json]).toEqual([
      503,
      { status: 'not_ready', ...(currentForm() === 'cluster' ? { shards: [] } : {}) },
    ]);
  });
});

describe('what no route takes', () => {
  test.each([
    ['GET', '/', 404, 'not_found'],
    ['GET', '/v1/nothing', 404, 'not_found'],
    ['POST', '/v1/profiles/', 404, 'not_found'],
    ['GET', '/v1/profiles', 404, 'not_found'],
    ['POST', '/v1/query/nothing', 404, 'not_found'],
    ['PUT', '/v1/segments', 405, 'method_not_allowed'],
    ['GET', '/v1/segments/vip', 404, 'segment_not_found'],
    ['GET', '/docs/nothing.js', 404, 'not_found'],
    ['GET', '/docs/..%2fpackage.json', 404, 'not_found'],
    ['PUT', '/v1/track', 405, 'method_not_allowed'],
    ['GET', '/v1/track', 405, 'method_not_allowed'],
    ['DELETE', '/v1/profiles/u1', 405, 'method_not_allowed'],
    ['POST', '/v1/export', 405, 'method_not_allowed'],
    ['PATCH', '/health', 405, 'method_not_allowed'],
    ['GET', '/v1/stream', 400, 'invalid_request'],
  ])('%s %s is %i %s', async (method, path, status, code) => {
    const { url } = await rig();
    const answer = await call(`${url}${path}`, { method, headers: asAdmin });
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
  });

  test('405 names what is allowed', async () => {
    const { url } = await rig();
    expect((await call(`${url}/v1/track`)).headers.get('allow')).toBe('POST');
    expect((await call(`${url}/v1/profiles/u1`, { method: 'PUT' })).headers.get('allow')).toBe('GET');
    expect((await call(`${url}/v1/query/retention`)).headers.get('allow')).toBe('POST');
  });

  test('HEAD has no body', async () => {
    const { server, url } = await rig();
    expect((await call(`${url}/health`, { method: 'HEAD' })).status).toBe(200);
    expect((await call(`${url}/nothing`, { method: 'HEAD' })).status).toBe(404);
    const text = await raw(server.port, 'HEAD /v1/track HTTP/1.1\r\nHost: a\r\n\r\n', (heard) =>
      heard.includes('\r\n\r\n'),
    );
    expect(text).toMatch(/^HTTP\/1.1 405 [\s\S]*\r\n\r\n$/);
  });
});

describe('admin', () => {
  test('checkpoint and state hash', async () => {
    const { engine, url } = await rig();
    const hash = async () => (await call(`${url}/v1/admin/state-hash`, { headers: asAdmin })).json;
    const empty = await hash();
    expect(empty).toEqual({ stateHash: await engine.stateHash() });
    await engine.ingest([{ type: 'track', userId: 'u1', event: 'e' }]);
    expect(await hash()).toEqual({ stateHash: await engine.stateHash() });
    expect(await hash()).not.toEqual(empty);
    const { json } = await post(`${url}/v1/admin/checkpoint`, '', asAdmin);
    expect(json).toEqual({
      seq: perShard(expect.any(Number)),
      sizeBytes: expect.any(Number),
      tookMs: expect.any(Number),
    });
    expect(json.seq.reduce((sum: number, seq: number) => sum + seq, 0)).toBeGreaterThan(0);
  });
});

describe('GET /metrics', () => {
  test('is Prometheus text with the engine and the door in it', async () => {
    const { engine, url, ...rest } = await rig();
    const blocked = { type: 'identify', userId: 'u1', traits: { email: 'none@none.com' } };
    await post(`${url}/v1/track`, { userId: 'u1', event: 'e' });
    await post(`${url}/v1/batch`, { batch: [{ type: 'track', event: 'e' }, { type: 'identify' }, blocked] });
    await post(`${url}/v1/track`, '{');
    await call(`${url}/v1/profiles/u1`, { headers: asReader });
    await call(`${url}/v1/profiles/nobody`, { headers: asReader });
    const client = await stream({ engine, url, ...rest });
    await client.ask({ op: 'ping' });
    const page = await call(`${url}/metrics`);
    expect(page.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const series = parseMetrics(page.text);
    const { memoryBytes, shards } = await engine.stats();
    expect(shards).toHaveLength(perShard(0).length);
    expect(series).toMatchObject({
      kith_events_accepted_total: 2,
      'kith_events_rejected_total{code="missing_user"}': 2,
      'kith_dropped_total{reason="identifier_blocked"}': 1,
      'kith_memory_bytes{part="events"}': memoryBytes['events'],
      ...Object.fromEntries(
        shards.flatMap(({ appliedSeq, durableSeq, checkpointSeq }, shard) => [
          [`kith_log_lag{shard="${shard}"}`, appliedSeq - durableSeq],
          [`kith_checkpoint_lag{shard="${shard}"}`, appliedSeq - checkpointSeq],
        ]),
      ),
      'kith_refused_total{code="malformed_json"}': 1,
      'kith_http_responses_total{route="/v1/profiles/{id}",status="200"}': 1,
      'kith_http_responses_total{route="/v1/profiles/{id}",status="404"}': 1,
      'kith_http_responses_total{route="/v1/track",status="400"}': 1,
      'kith_http_request_duration_seconds_count{route="/v1/profiles/{id}"}': 2,
      'kith_http_request_duration_seconds_bucket{route="/v1/profiles/{id}",le="+Inf"}': 2,
      kith_stream_sessions: 1,
      kith_stream_frames_in_total: 1,
      kith_stream_frames_out_total: 2,
    });
    // Scraped again: counters do not add themselves up.
    expect(parseMetrics((await call(`${url}/metrics`)).text)).toMatchObject({ kith_events_accepted_total: 2 });
  });

  test('holds no identifier and no key', async () => {
    const { url } = await rig();
    await post(`${url}/v1/track`, { userId: 'person-77', event: 'e' }, asWriter);
    await call(`${url}/v1/profiles/person-77`, { headers: asReader });
    expect((await call(`${url}/metrics`)).text).not.toMatch(/person-77|read-key|write-key/);
  });
});

/** Checks the form of every line, and that each series is announced before it comes and comes once. */
function parseMetrics(text: string): Record<string, number> {
  const series: Record<string, number> = {};
  const announced = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) announced.add(type[1]);
    if (line.startsWith('#')) {
      expect(line).toMatch(/^# (HELP|TYPE) \w+ .+$/);
      continue;
    }
    const sample = /^(\w+)(\{(?:\w+="[^"]*",?)+\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not a sample: ${line}`);
    const name = sample[1] + (sample[2] ?? '');
    expect(
      [...announced].some(
        (known) => sample[1] === known || new RegExp(`^${known}_(bucket|sum|count)$`).test(sample[1]),
      ),
    ).toBe(true);
    expect(series[name]).toBeUndefined();
    series[name] = Number(sample[3]);
    expect(Number.isNaN(series[name])).toBe(false);
  }
  return series;
}
