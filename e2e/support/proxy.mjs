// A TCP proxy that does to connections what networks do: it cuts them, now or within an event, stalls them, refuses them.
import net from 'node:net';
import { once } from 'node:events';

/** A connection through the proxy. */
class Pair {
  #left = Infinity;
  #how;
  #tail = Buffer.alloc(0);

  constructor(proxy, client) {
    this.proxy = proxy;
    this.client = client;
    this.bytes = 0;
    for (const event of ['error', 'close']) client.on(event, () => this.close());
    client.pause();
  }

  dial() {
    this.server = net.connect(this.proxy.upstream, '127.0.0.1');
    this.server.setNoDelay();
    for (const event of ['error', 'close']) this.server.on(event, () => this.#serverGone(event));
    this.server.on('data', (chunk) => this.#toClient(chunk));
    this.server.on('end', () => this.client.end());
    this.client.on('data', (chunk) => this.server.write(chunk));
    this.client.on('end', () => this.server.end());
    this.client.resume();
    if (this.proxy.stalled) this.stall();
  }

  cutAfter(bytes, how) {
    this.#left = bytes;
    this.#how = how;
    if (bytes === 0) this.cut(how);
  }

  #toClient(chunk) {
    const part = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk;
    this.#left -= part.length;
    this.bytes += part.length;
    this.#tail = Buffer.concat([this.#tail, part]).subarray(-4);
    const room = this.client.write(part);
    if (this.#left === 0) this.cut(this.#how);
    else if (!room) {
      this.server.pause();
      this.client.once('drain', () => this.proxy.stalled || this.server.resume());
    }
  }

  /** Ends both sides: the client sees a reset, or an end that a server might have meant. */
  cut(how) {
    if (this.client.destroyed) return;
    this.proxy.cuts++;
    if (this.bytes > 0 && !/\n\n(\r\n)?$/.test(this.#tail.toString('latin1'))) this.proxy.cutsInside++;
    if (how === 'end') {
      this.server?.removeAllListeners('data');
      this.server?.destroy();
      this.client.end(() => this.client.destroy());
    } else {
      this.client.resetAndDestroy();
    }
  }

  #serverGone(event) {
    if (event === 'error') this.client.resetAndDestroy();
    else this.client.end();
  }

  stall() {
    this.server?.pause();
    this.client.pause();
  }

  flow() {
    this.server?.resume();
    this.client.resume();
  }

  close() {
    this.client.destroy();
    this.server?.destroy();
    this.proxy.pairs.delete(this);
  }
}

class CuttingProxy {
  pairs = new Set();
  /** Connections taken so far, and when the last of them came. */
  connections = 0;
  connectedAt = 0;
  cuts = 0;
  /** Those of the cuts whose last byte was not the end of an event. */
  cutsInside = 0;
  stalled = false;
  #held = false;
  #next;

  constructor(upstream) {
    this.upstream = upstream;
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#take(client));
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  #take(client) {
    this.connections++;
    this.connectedAt = performance.now();
    const pair = new Pair(this, client);
    this.pairs.add(pair);
    if (this.#next) pair.cutAfter(...this.#next);
    this.#next = undefined;
    if (!this.#held) pair.dial();
  }

  /** Cuts every connection now. */
  cut(how = 'reset') {
    for (const pair of [...this.pairs]) pair.cut(how);
  }

  /** Cuts the connection after so many more bytes to the client; when there is none, the next one. */
  cutAfter(bytes, how = 'reset') {
    if (this.pairs.size === 0) this.cutNextAfter(bytes, how);
    for (const pair of [...this.pairs]) pair.cutAfter(bytes, how);
  }

  /** Cuts the next connection after its first bytes to the client, even if that is in the middle of the head. */
  cutNextAfter(bytes, how = 'reset') {
    this.#next = [bytes, how];
  }

  /** Lets new connections wait: taken, but not answered. */
  hold() {
    this.#held = true;
  }

  release() {
    this.#held = false;
    for (const pair of this.pairs) if (!pair.server) pair.dial();
  }

  /** Passes nothing on, either way, and keeps the connections. */
  stall() {
    this.stalled = true;
    for (const pair of this.pairs) pair.stall();
  }

  flow() {
    this.stalled = false;
    for (const pair of this.pairs) pair.flow();
  }

  /** New connections are refused, as by a host where nothing listens. */
  refuse() {
    this.server.close();
  }

  async accept() {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  close() {
    this.server.close();
    for (const pair of [...this.pairs]) pair.close();
  }
}

/** A proxy to a port of this machine, gone with the test. */
export async function startProxy(t, upstream, port = 0) {
  const proxy = new CuttingProxy(upstream);
  proxy.port = port;
  await proxy.accept();
  proxy.port = proxy.server.address().port;
  t.after(() => proxy.close());
  return proxy;
}
