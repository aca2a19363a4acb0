/** OpenAPI has no words for WebSocket frames, so the protocol of /v1/stream is told in prose. */
export const STREAM_DESCRIPTION = `A text frame is JSON, a binary frame msgpack; the same objects in both, and an answer has the encoding of its question.

**Key**: \`Authorization\` or \`X-Write-Key\` header, \`?key=\`, or a first frame \`{"op":"auth","key":"…"}\`, answered
\`{"op":"auth","ok":true}\`. A wrong key in a header is 401; in a frame it closes the connection (4401), as does any other
frame before the key. Without a key in time: 4408.

**Credit**: once the key is known the server says \`{"op":"credit","frames":N}\` (as JSON, or msgpack with \`?encoding=msgpack\`
or after a binary auth frame): N ingest frames may be unacknowledged; each ack returns one. Up to 2N are tolerated, then
frames are refused with \`too_many_requests\`, and in the end the connection is closed (4429).

**Ingest**: \`{"op":"track"|"identify"|"page"|"screen"|"group"|"alias"|"batch"|"import","batch":[…],"ref":1,"ack"?:"durable"|"applied"|"received","sentAt"?,"context"?}\`
→ \`{"ack":1,"accepted":n,"duplicates":d,"rejected":[{"index","messageId"?,"code","message","retryable"?}],"seq":[…]}\`, or
\`{"ack":1,"error":{"code","message","details"?,"retryAfterMs"?}}\` when the whole frame was refused. What is \`retryable\` is to be sent again with the same messageId. Acks may come in another
order than their frames. \`?ack=\` in the URL sets the level for frames that name none.

**Lookup**: \`{"op":"get","ids":["user-1","email:a@b.c"],"fields"?,"events"?,"ref":2}\` → \`{"ref":2,"profiles":[{…},null]}\`.
In a cluster acks and lookups carry \`"epoch"\` too, that of the map in \`GET /v1/cluster\`: a client that goes by an older one fetches it again.
In a msgpack frame \`"format":"json"\` gives each profile as its JSON text, the fastest form for the server.

**Query**: \`{"op":"query","where":…,"as":"count",…,"ref":3}\` → \`{"ref":3,"count":n,"tookMs","watermark"}\` or \`{"ref":3,"error":{…}}\`. All
fields and kinds of \`POST /v1/query\`.

**Ping**: \`{"op":"ping","ref":4}\` → \`{"op":"pong","ref":4}\`. WebSocket pings are sent by the server too; a connection that does
not answer them is closed.

A client that does not read what it asked for is told and closed (1013), or cut off.`;
