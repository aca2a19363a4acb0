/** Program: the least that a stream server can do with an event frame: decode it to objects and say how many there were. */
import { Packr, Unpackr } from 'msgpackr';
import { COMPRESSION_OFF, createApp, listenOn } from '../../src/server/transport/transport.ts';
import { answer, readConfig } from '../process/program-entry.ts';

interface EventMessage {
  readonly ref: number;
  readonly batch: readonly unknown[];
}

readConfig<unknown>();
const unpackr = new Unpackr({ useRecords: false });
const packr = new Packr({ useRecords: false });
const app = createApp(undefined);
app.ws<unknown>('/*', {
  compression: COMPRESSION_OFF,
  maxPayloadLength: 16 * 1024 * 1024,
  open: (socket) => {
    socket.send(packr.pack({ op: 'credit' }), true);
  },
  message: (socket, bytes) => {
    const { ref, batch } = unpackr.unpack(Buffer.from(bytes)) as EventMessage;
    socket.send(packr.pack({ ack: ref, accepted: batch.length }), true);
  },
});
const { port } = await listenOn(app, '127.0.0.1', 0);
answer({ port });
