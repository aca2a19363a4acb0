/** Opens a WebSocket by hand: request, answer, then frames both ways. */
import { randomBytes } from 'node:crypto';
import { BenchError } from '../process/bench-error.ts';
import { FrameReader, type OnFrame } from './frame-reader.ts';
import { connectRaw, type RawSocket } from './raw-socket.ts';

const OPCODE_CLOSE = 8;
const OPCODE_PING = 9;
const HEAD_END = '\r\n\r\n';

export interface StreamAddress {
  readonly port: number;
  readonly key: string;
}

export interface WebSocketOptions {
  readonly address: StreamAddress;
  /** Data frames only. */
  readonly onFrame: OnFrame;
  readonly keepsPayload: boolean;
  /** The connection ended, or the server closed it with this code. */
  readonly onEnd: (reason: string) => void;
}

export interface OpenWebSocket {
  readonly socket: RawSocket;
  readonly reader: FrameReader;
}

/** Resolves when the server has said its first frame (the credit), so that what follows are answers. */
export async function openWebSocket(options: WebSocketOptions): Promise<OpenWebSocket> {
  const { address, onFrame, keepsPayload, onEnd } = options;
  let head = '';
  let isUpgraded = false;
  let isGreeted = false;
  let greeted = (): void => undefined;
  let failed = (_error: Error): void => undefined;
  const greeting = new Promise<void>((resolve, reject) => {
    greeted = resolve;
    failed = reject;
  });
  const reader = new FrameReader((opcode, payload) => {
    if (opcode === OPCODE_CLOSE) onEnd('the server closed the stream');
    else if (opcode === OPCODE_PING || opcode > OPCODE_CLOSE) return;
    else if (isGreeted) onFrame(opcode, payload);
    else {
      isGreeted = true;
      greeted();
    }
  }, keepsPayload);
  const onRead = (buffer: Buffer, size: number): void => {
    if (isUpgraded) {
      reader.push(buffer, size);
      return;
    }
    head += buffer.toString('latin1', 0, size);
    const end = head.indexOf(HEAD_END);
    if (end < 0) return;
    if (!head.startsWith('HTTP/1.1 101')) {
      failed(new BenchError(`no WebSocket: ${head.slice(0, head.indexOf('\r\n'))}`));
      return;
    }
    isUpgraded = true;
    const rest = Buffer.from(head.slice(end + HEAD_END.length), 'latin1');
    reader.push(rest, rest.length);
  };
  const socket = await connectRaw(address.port, onRead, () => {
    failed(new BenchError('the connection ended before the stream was open'));
    onEnd('the connection ended');
  });
  socket.write(Buffer.from(upgradeRequest(address)));
  await greeting;
  return { socket, reader };
}

function upgradeRequest({ port, key }: StreamAddress): string {
  const lines = [
    'GET /v1/stream?encoding=msgpack HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    `Authorization: Bearer ${key}`,
  ];
  return `${lines.join('\r\n')}${HEAD_END}`;
}
